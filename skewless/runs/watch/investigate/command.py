"""`skewless investigate`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from skewless.runs.execution import Result, Run, written_report
from skewless.runs.watch.investigate.investigate import Asked, investigate
from skewless.runs.watch.investigate.report import render_investigation, summary_of_investigation


def investigate_gap(
    run: Run, name: str, as_of: datetime, report: str | None, *, verbose: bool = False, **asked: Any
) -> Result:
    """`skewless investigate`: a question, so that no answer is an alert: exit code 0 whatever is found."""
    spec = run.configuration().training_set(name)
    found = investigate(run.spark(), spec, Asked(**asked), as_of)
    if report:
        report = written_report(report, render_investigation(found), run)
    return Result(found.to_json(), summary_of_investigation(found, report, verbose=verbose))
