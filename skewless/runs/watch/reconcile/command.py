"""`skewless reconcile`."""

from __future__ import annotations

from datetime import datetime, timezone

from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step
from skewless.lake.session import private_session
from skewless.parts.log import open_log
from skewless.runs.execution import ALERT, Result, Run, written_report
from skewless.runs.watch.reconcile.reconcile import reconcile
from skewless.runs.watch.reconcile.report import render_reconciliation, summary_of_reconciliation


def reconcile_feature_log(
    run: Run,
    name: str,
    log: str,
    start: datetime | None,
    end: datetime | None,
    report: str | None,
    *,
    verbose: bool = False,
) -> Result:
    """`skewless reconcile`: exit code 4 where a feature differs more often than the training set allows."""
    configuration = run.configuration()
    spec = configuration.training_set(name)
    spark = private_session(run.spark())
    with step("opening the log"):
        records = open_log(spark, log, configuration)
    found = reconcile(spark, spec, records, RunRange(datetime.now(timezone.utc), start, end))
    page = render_reconciliation(found) if report or run.shows_page else ""
    if report:
        report = written_report(report, page, run)
    exit_code = ALERT if found.alerts else 0
    text = summary_of_reconciliation(found, report, verbose=verbose)
    return Result(found.to_json(), text, exit_code, page)
