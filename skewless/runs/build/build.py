"""Label events → spine → as-of join → feature functions → parity → validation → publication, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession

from skewless.config import PublishableTrainingSet
from skewless.ground.errors import afterwards
from skewless.ground.run.ids import new_run_id
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step, this_run
from skewless.lake.session import private_session
from skewless.parts.parity import AUDIT, Parity
from skewless.parts.publish import (
    Output,
    checksum,
    publish,
    reject,
    staging_discarded,
    standing_of,
    standing_version,
)
from skewless.parts.spine import Census
from skewless.parts.validation import Verdict, validate
from skewless.runs.build.manifest import Findings, manifest_of
from skewless.runs.build.mixing import refuse_mixed, refuse_mixed_meanwhile
from skewless.runs.build.outcome import Outcome
from skewless.runs.build.profiling import profiled_rows
from skewless.training_set.ahead.freshness import refuse_stale
from skewless.training_set.ahead.preparation import open_all, prepare
from skewless.training_set.from_log.columns import RECOMPUTED, recomputed_part
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.serving_document import serving_document
from skewless.training_set.staging.auditing import begun_audit
from skewless.training_set.staging.staged import staged_rows


def build(
    spark: SparkSession,
    spec: PublishableTrainingSet,
    run_range: RunRange,
    *,
    allow_empty: bool = False,
    allow_mixed: bool = False,
    with_profile: bool = False,
) -> Outcome:
    """Build the training set's slice and publish it, or refuse it whole; `with_profile` says what its columns are like.

    Errors: InputError with every problem found before anything ran, or with a feature function's own error;
    NotReadyError with every table that is not as fresh as `require_fresh` asks; PublishConflictError, LostRowsError.
    A failing suite, or a value that serving does not make, is an Outcome whose status is `rejected`.
    """
    own = private_session(spark)
    output, opened = open_all(own, spec)
    allowed = {"allow_empty": allow_empty, "allow_mixed": allow_mixed}
    return build_slice(own, output, opened, run_range, run_range, with_profile=with_profile, **allowed)


def build_slice(
    own: SparkSession,
    output: Output,
    opened: OpenedTrainingSet,
    run_range: RunRange,
    whole: RunRange,
    *,
    allow_empty: bool = False,
    allow_mixed: bool = False,
    with_profile: bool = False,
) -> Outcome:
    """One slice of what `open_all` gives, a piece of the `whole` range that is to hold one definition in the end."""
    run_id = this_run().known_as(new_run_id())
    refuse_stale(recomputed_part(opened), run_range)
    ready = prepare(opened, run_range, allow_empty)
    standing = refuse_mixed(own, output, ready, whole, allow_mixed=allow_mixed)
    with staging_discarded(own, output, run_id):
        with step("staging rows") as staging:
            staged = staged_rows(ready.pruned, run_range, ready.census, output, run_id)
            staging.rows = ready.census.taken
        # The audit needs the marks that the join left; everything after it sees what would be published, and no more.
        rows = staged.rows.drop(AUDIT, RECOMPUTED)
        verdict, parity = _judged(ready.recomputed, staged.rows, rows, ready.census)
        found = Findings(
            opened=opened,
            run_range=run_range,
            census=ready.census,
            run_id=run_id,
            rows=rows,
            strategy=ready.pruned.strategy,
            staged=staged,
            verdict=verdict,
            parity=parity,
            document=ready.document,
            standing=standing_of(own, output, standing),
        )
        # Before the commit, from which on a run is not stopped any more: a report is no reason for that.
        profile = profiled_rows(found, ready.slice) if with_profile else None

        def unless() -> None:
            refuse_mixed_meanwhile(own, ready, whole, standing, allow_mixed=allow_mixed)

        return replace(_decided(own, output, ready.slice, found, unless), profile=profile)


def _decided(
    own: SparkSession, output: Output, replaced: str | None, found: Findings, unless: Callable[[], None]
) -> Outcome:
    """Rows that are published, kept among the rejected ones, or left where the same stand."""
    rows = found.rows
    with step("checksum"):
        content = checksum(rows) if found.passed else None
    manifest = manifest_of(found, content)
    if not found.passed:
        return Outcome(manifest, rejected_path=reject(own, rows, output, manifest))
    stands = standing_version(own, rows, found.standing, replaced, manifest)
    if stands is not None:
        return Outcome(manifest, stands, unchanged=True)
    return Outcome(manifest, publish(own, rows, output, replaced, manifest, unless))


def _judged(
    opened: OpenedTrainingSet, staged: DataFrame, rows: DataFrame, census: Census
) -> tuple[Verdict | None, Parity | None]:
    """What the suite says of the rows, and what serving makes of a sample of what was computed, both at once."""
    suite, labels = opened.spec.suite, opened.labels
    if not census.taken:
        return None, None
    audit = begun_audit(opened, staged, serving_document(opened))
    with nullcontext() if audit is None else afterwards(audit.stop):
        with step("validating staged rows"):
            counts = {"label_events": census.taken}
            keys = [*labels.entity_keys, labels.event_timestamp]
            verdict = validate(rows, suite.text, counts, keys) if suite else None
        with step("parity audit"):
            return verdict, None if audit is None else audit.result()
