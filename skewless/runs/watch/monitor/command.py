"""`skewless monitor`."""

from __future__ import annotations

from datetime import datetime, timezone

from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step
from skewless.lake.session import private_session
from skewless.parts.log import open_log
from skewless.runs.execution import ALERT, Result, Run, written_report
from skewless.runs.watch.monitor.after import deliver
from skewless.runs.watch.monitor.monitor import monitor
from skewless.runs.watch.monitor.report import render_monitoring, summary_of_monitoring


def monitor_features(
    run: Run,
    name: str,
    log: str,
    start: datetime | None,
    end: datetime | None,
    report: str | None,
    *,
    verbose: bool = False,
) -> Result:
    """`skewless monitor`: exit code 4 where a feature drifted, with both an effect and evidence of it."""
    configuration, run_at = run.configuration(), datetime.now(timezone.utc)
    spec, watch = configuration.training_set(name), configuration.monitoring(name)
    spark = private_session(run.spark())
    with step("opening the log"):
        records = open_log(spark, log, configuration)
    found = monitor(spark, spec, watch, records, RunRange(run_at, start, end))
    if report:
        report = written_report(report, render_monitoring(found), run)
    with step("delivering"):
        done = deliver(spark, spec, watch, log, found, run_at, report)
    document = found.to_json()
    if len(done) > 1:  # more than the history was asked for
        document["deliveries"] = done
    text = summary_of_monitoring(found, done, report, verbose=verbose)
    return Result(document, text, ALERT if found.alerting else 0)
