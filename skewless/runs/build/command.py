"""`skewless build`."""

from __future__ import annotations

from datetime import datetime

from skewless.ground.run_range import RunRange
from skewless.parts.validation import refuse_broken_suite
from skewless.runs.build.build import build
from skewless.runs.build.explain import explain
from skewless.runs.build.log_sections import log_sections_of
from skewless.runs.build.plan_summary import summary_of_explanation
from skewless.runs.build.report import render_build
from skewless.runs.build.summary import summary_of_build
from skewless.runs.execution import REFUSED, Result, Run, written_report


def build_training_set(
    run: Run,
    name: str,
    start: datetime | None,
    end: datetime | None,
    as_of: datetime,
    allow_empty: bool,
    report: str | None,
) -> Result:
    """`skewless build`: exit code 3 where the suite refuses the rows."""
    spec = run.configuration().training_set(name)
    if spec.suite:
        refuse_broken_suite(spec.suite.text)
    outcome = build(run.spark(), spec, RunRange(as_of, start, end), allow_empty=allow_empty)
    if report:
        report = written_report(report, render_build(outcome, log_sections_of(outcome.manifest)), run)
    exit_code = REFUSED if outcome.status == "rejected" else 0
    return Result(outcome.to_json(), summary_of_build(outcome, report), exit_code)


def explain_training_set(
    run: Run, name: str, start: datetime | None, end: datetime | None, as_of: datetime, allow_empty: bool
) -> Result:
    """`skewless build --explain`: exit code 0 also where a table is not ready, since nothing is run."""
    spec = run.configuration().training_set(name)
    if spec.suite:
        refuse_broken_suite(spec.suite.text)
    plan = explain(run.spark(), spec, RunRange(as_of, start, end), allow_empty=allow_empty)
    return Result(plan, summary_of_explanation(plan))
