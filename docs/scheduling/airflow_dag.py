"""Every night's training sets, by Airflow 3: copy it into the folder of DAGs, change the capitals; docs/airflow.md."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, CronDataIntervalTimetable
from airflow.sdk.exceptions import AirflowFailException

TRAINING_SETS = ("flight_delay",)
PROJECT = os.environ.get("SKEWLESS_PROJECT", "/opt/team")
"""The folder of `jobs/`, `conf/` and `dist/`."""

RESULTS = os.environ.get("SKEWLESS_RESULTS", "/var/lib/skewless/results")
"""A folder that driver and Airflow's workers share; for an object store give `_result_of` its client."""

ALERT, NOT_READY, STOPPED = 4, 5, 6
NOT_READY_TRIES, NOT_READY_EVERY = 24, timedelta(minutes=10)
OUTCOME = "outcome"


class SkewlessOperator(SparkSubmitOperator):
    """A job of skewless by spark-submit, which succeeds, fails or is tried again by the exit code in its `--result`.

    0 and 4 succeed (4 is an alert, which the job has delivered itself); 1, 2 and 3 fail and are not tried again, since
    the same would come of it; 5, inputs that are not ready or another run that published, is tried as often as
    `retries` says; 6, a run that was stopped, once. Without a result, as where the submit itself or the node died,
    `retries` too.
    """

    def __init__(self, *, result: str, **options: Any) -> None:
        super().__init__(**options)
        self.result = result

    template_fields = (*SparkSubmitOperator.template_fields, "result")

    def execute(self, context: Any) -> None:
        # The one of an earlier try would be taken for this one's, should the submit itself fail.
        Path(self.result).unlink(missing_ok=True)
        failure: Exception | None = None
        try:
            super().execute(context)
        except (
            Exception
        ) as error:  # spark-submit ends with the job's code, of which Airflow only says that it is not 0
            failure = error
        found = _result_of(self.result)
        if found is None:
            raise failure or RuntimeError(
                f"{self.result} was not written: the job was killed, or never began"
            )
        code = found["exit_code"]
        context["ti"].xcom_push(key=OUTCOME, value={**found, "try": context["ti"].try_number})
        said = "; ".join(found.get("errors", [])) or found.get("status", "")
        if code in (0, ALERT):
            Path(f"{self.result}.stopped").unlink(missing_ok=True)
            self.log.info("exit code %s: %s", code, said)
            return
        if code == NOT_READY or (code == STOPPED and self._is_first_stop()):
            raise RuntimeError(f"exit code {code}, tried again: {said}") from failure
        raise AirflowFailException(f"exit code {code}: {said}") from failure

    def _is_first_stop(self) -> bool:
        # A file, since the number of the try counts those that were not ready too, and XComs go with each try.
        marker = Path(f"{self.result}.stopped")
        is_first = not marker.exists()
        marker.touch() if is_first else marker.unlink()
        return is_first


def _result_of(path: str) -> dict[str, Any] | None:
    """What the job wrote last, None where it came to no end."""
    file = Path(path)
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


with DAG(
    "skewless_nightly",
    # Not a cron string: by that Airflow 3 gives a run the moment alone, and `--start` would be `--end`.
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    # Two runs of one training set's table would wait for one another's commits for nothing.
    max_active_runs=1,
    default_args={"retries": NOT_READY_TRIES, "retry_delay": NOT_READY_EVERY},
) as dag:
    for name in TRAINING_SETS:
        result = f"{RESULTS}/{name}-{{{{ data_interval_start | ds_nodash }}}}.json"
        SkewlessOperator(
            task_id=f"build_{name}",
            name=f"skewless build {name}",
            application=f"{PROJECT}/jobs/build_training_set.py",
            properties_file=f"{PROJECT}/conf/spark/cluster.conf",
            application_args=[
                name,
                *("--conf-dir", f"{PROJECT}/conf"),
                *("--start", "{{ data_interval_start.isoformat() }}"),
                *("--end", "{{ data_interval_end.isoformat() }}"),
                *("--timeout", "3h"),
                *("--result", result),
            ],
            result=result,
        )
