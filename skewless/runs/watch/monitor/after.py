"""A monitoring → its history, and those who asked to be told. What fails is said, and fails nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pyspark.sql import SparkSession

from skewless.config import Monitoring, PublishableTrainingSet
from skewless.ground.errors import InputError
from skewless.ground.standard_output import tell
from skewless.lake.jvm.causes import reason_of
from skewless.runs.watch.monitor.delivery import DeliveryError, post, slack_message, write_textfile
from skewless.runs.watch.monitor.drift.outcome import Monitored
from skewless.runs.watch.monitor.history import add_history, history_location
from skewless.serving.errors import first_line


def deliver(
    spark: SparkSession,
    spec: PublishableTrainingSet,
    watch: Monitoring,
    log: str,
    found: Monitored,
    run_at: datetime,
    report: str | None,
) -> list[str]:
    """Keep the findings and tell of them, as conf/monitoring says; a line for each, failures also on standard error."""
    location = history_location(spec, watch)
    done = [_tried(f"history {location}", lambda: add_history(spark, location, log, run_at, found))]
    hook, textfile = watch.webhook, watch.textfile
    if hook is not None and hook.url and (found.alerting or hook.always):
        done.append(_tried("webhook", lambda: post(hook, slack_message(found, report))))
    if textfile:
        done.append(
            _tried(f"textfile {textfile}", lambda: write_textfile(textfile, found, run_at.timestamp()))
        )
    return done


def _tried(what: str, delivery: Callable[[], str]) -> str:
    try:
        return delivery()
    except (DeliveryError, InputError) as error:  # both name what they are about
        text = first_line(error)
    except Exception as error:  # whatever it is: the findings stand all the same
        text = f"{what}: {reason_of(error)}"
    tell(f"{text}; the monitoring stands")
    return f"NOT DELIVERED: {text}"
