"""`skewless build`."""

from __future__ import annotations

import sys
from datetime import datetime

from skewless.config import PublishableTrainingSet
from skewless.ground.errors import SkewlessError
from skewless.ground.names import Unit
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step, this_run
from skewless.ground.run.stops import note_what_stands
from skewless.parts.validation import refuse_broken_suite
from skewless.runs.build.build import build
from skewless.runs.build.each.combined import combined
from skewless.runs.build.each.each import build_each
from skewless.runs.build.each.summary import failures_of, line_of, standing_pieces, summary_of_pieces
from skewless.runs.build.explain.explain import explain
from skewless.runs.build.explain.summary import summary_of_explanation
from skewless.runs.build.outcome import Outcome
from skewless.runs.build.told.summary import summary_of_build
from skewless.runs.execution import REFUSED, Result, Run, worst, written_report


def build_training_set(
    run: Run,
    name: str,
    start: datetime | None,
    end: datetime | None,
    as_of: datetime,
    report: str | None,
    *,
    show_rows: bool,
    **allowed: bool,
) -> Result:
    """`skewless build`: exit code 3 where the suite refuses the rows."""
    spec = _checked(run, name)
    is_shown = run.shows_page or report is not None
    outcome = build(run.spark(), spec, RunRange(as_of, start, end), with_profile=is_shown, **allowed)
    page = _page(outcome) if is_shown else ""
    if report:
        report = written_report(report, page, run)
    exit_code = REFUSED if outcome.status == "rejected" else 0
    summary = summary_of_build(outcome, report, show_rows=show_rows)
    return Result({**outcome.to_json(), **this_run().to_json()}, summary, exit_code, page)


def _page(outcome: Outcome) -> str:
    # Imported where it is needed: with scipy, which it brings, each build would begin later.
    from skewless.runs.build.told.log_sections import log_sections_of
    from skewless.runs.build.told.report import render_build

    return render_build(outcome, log_sections_of(outcome.manifest))


def build_in_pieces(
    run: Run,
    name: str,
    start: datetime | None,
    end: datetime | None,
    as_of: datetime,
    unit: Unit,
    **allowed: bool,
) -> Result:
    """`skewless build --each`: the pieces that failed decide the exit code."""
    spec = _checked(run, name)
    pieces = []
    for piece in build_each(run.spark(), spec, RunRange(as_of, start, end), unit, **allowed):
        print(line_of(name, piece), file=sys.stderr, flush=True)
        pieces.append(piece)
        note_what_stands(standing_pieces(pieces))
    refused = [piece.refusal for piece in pieces if piece.refusal is not None]
    if refused:
        codes = [REFUSED for piece in pieces if piece.document and not piece.is_built]
        raise SkewlessError(failures_of(name, pieces), worst([each.exit_code for each in refused] + codes))
    document = {**combined(pieces), **this_run().to_json()}
    exit_code = REFUSED if document["status"] == "rejected" else 0
    return Result(document, summary_of_pieces(name, pieces, document), exit_code)


def explain_training_set(
    run: Run, name: str, start: datetime | None, end: datetime | None, as_of: datetime, **allowed: bool
) -> Result:
    """`skewless build --explain`: exit code 0 also where a table is not ready, since nothing is run."""
    plan = explain(run.spark(), _checked(run, name), RunRange(as_of, start, end), **allowed)
    return Result(plan, summary_of_explanation(plan))


def _checked(run: Run, name: str) -> PublishableTrainingSet:
    spec = run.configuration().training_set(name, to_publish=True)
    if spec.suite:
        with step("reading the suite"):
            refuse_broken_suite(spec.suite.text)
    return spec
