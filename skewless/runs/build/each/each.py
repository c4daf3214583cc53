"""A range → its pieces, built one after the other in one process, and what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from skewless.config import PublishableTrainingSet
from skewless.ground.errors import InputError, SkewlessError
from skewless.ground.names import Unit
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step, steps_of_this_run
from skewless.ground.run.stops import decide_anew
from skewless.lake.session import private_session
from skewless.parts.publish import standing_of
from skewless.parts.spine import label_dates
from skewless.runs.build.build import build_slice
from skewless.runs.build.each.cut import pieces_of
from skewless.runs.build.each.progress import Progress
from skewless.runs.build.outcome import Outcome
from skewless.training_set.ahead.preparation import nothing_there, open_all
from skewless.training_set.serving_document import serving_document


@dataclass(frozen=True)
class Piece:
    """A part of the range and what became of it: its build, or the refusal that kept it out.

    `document` is the build's `--json` object, also where an earlier run, which was stopped, had built the piece, and
    there is no `outcome`.
    """

    run_range: RunRange
    document: Mapping[str, Any] | None = None
    outcome: Outcome | None = None
    refusal: SkewlessError | None = None

    @property
    def is_built(self) -> bool:
        return self.document is not None and self.document["status"] != "rejected"


def build_each(
    spark: SparkSession,
    spec: PublishableTrainingSet,
    run_range: RunRange,
    unit: Unit,
    *,
    allow_empty: bool = False,
    allow_mixed: bool = False,
) -> Iterator[Piece]:
    """Build the range piece by piece, a commit each: what stands in the end is what one build of it publishes.

    Inputs are opened once, so that all pieces read the same versions. The run goes on where an earlier one of the same
    definition, range and unit was stopped, or had pieces refused. A refused piece does not keep the others from being
    built. A piece without label events is built only where rows stand that have to go. Errors: InputError for what is
    wrong with all pieces.
    """
    own = private_session(spark)
    output, opened = open_all(own, spec)
    with step("cutting the range"):
        dates = label_dates(opened.events, opened.labels, run_range)
    if not dates and not allow_empty:
        raise InputError(nothing_there(opened, run_range))
    standing = standing_of(own, output)
    progress = Progress.of(standing, run_range, unit, serving_document(opened)["fingerprint"])
    are_built = True
    for part in pieces_of(run_range, unit, dates | standing.dates):
        decide_anew()
        document = progress.built(part)
        if document is not None:
            yield Piece(part, document)
            continue
        try:
            with steps_of_this_run():
                outcome = build_slice(
                    own, output, opened, part, run_range, allow_empty=True, allow_mixed=allow_mixed
                )
        except SkewlessError as refusal:
            piece = Piece(part, refusal=refusal)
        else:
            piece = Piece(part, outcome.to_json(), outcome)
            if piece.is_built and not outcome.awaits_more:
                progress.note(part, outcome.to_json())
        are_built &= piece.is_built
        yield piece
    if are_built:
        progress.forget()
