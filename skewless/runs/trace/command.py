"""`skewless trace`."""

from __future__ import annotations

from skewless.runs.execution import Result, Run, written_report
from skewless.runs.trace.report import render_trace, summary_of_trace
from skewless.runs.trace.trace import trace


def trace_training_set(run: Run, name: str, where: str, limit: int, report: str | None) -> Result:
    """`skewless trace`: for some label events, which feature rows were used, and why not the nearest others."""
    found = trace(run.spark(), run.configuration().training_set(name), where, limit)
    if report:
        report = written_report(report, render_trace(found), run)
    return Result(found.to_json(), summary_of_trace(found, report))
