"""Entities → spine → as-of join → feature functions → parity → publication: the way of a build, without its labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from pyspark.sql import SparkSession

from skewless.ground.instants import EPOCH, MICROSECOND, micros_of, utc
from skewless.ground.run.ids import new_run_id
from skewless.ground.run.manifest import ScoresManifest
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step, this_run
from skewless.lake.session import written_run
from skewless.parts.parity import AUDIT, Parity
from skewless.parts.publish import Output, publish, refuse_foreign_table, reject, staging_discarded
from skewless.parts.spine import Census
from skewless.runs.score.definition import Definition
from skewless.runs.score.entities import Entities, open_entities
from skewless.training_set.ahead.freshness import refuse_stale
from skewless.training_set.ahead.preparation import Prepared, prepare
from skewless.training_set.bind import bind
from skewless.training_set.recorded import refuse_other_code
from skewless.training_set.serving_document import serving_document
from skewless.training_set.staging.auditing import begun_audit
from skewless.training_set.staging.staged import Staged, staged_rows
from skewless.training_set.staging.written import computed_part

# Label events after --as-of are left for a later run, of entities none is: each row is scored exactly once.
EVERY_T = RunRange(datetime.max.replace(tzinfo=timezone.utc))


@dataclass(frozen=True)
class Scored:
    """A run with its manifest, and where its rows are: published as a version of `to`, else rejected."""

    manifest: ScoresManifest
    to: str
    output_version: int | None = None
    rejected_path: str | None = None

    def to_json(self) -> dict[str, Any]:
        made = self.manifest
        return {
            "training_set": made["training_set"],
            "version": made["definition"]["version"],
            "run_id": made["run_id"],
            "status": "rejected" if self.rejected_path else "published",
            "to": self.to,
            "output_version": self.output_version,
            "rejected_path": self.rejected_path,
            "rows": made["rows"],
            "at": made["at"],
            "columns": made["columns"],
            "strategy": made["strategy"],
            "feature_tables": made["feature_tables"],
            "parity": made["parity"],
        }


def score(
    spark: SparkSession, definition: Definition, location: str, output: Output, at: datetime | None
) -> Scored:
    """Score the entities of a table by the definition, as of `at`, and publish them, or refuse them whole.

    `spark` has to be a session of the run's own. Errors: InputError with every problem found before anything ran, or
    with a feature function's own error; NotReadyError, PublishConflictError, LostRowsError. A value that serving does
    not make is a `Scored` that is rejected.
    """
    now = datetime.now(timezone.utc)
    # What is cheap to find out comes first.
    refuse_other_code(definition.recorded)
    refuse_foreign_table(spark, output, definition.name)
    entities, ready = _prepared(spark, definition, location, output, at, now)
    run_id = this_run().known_as(new_run_id())
    with staging_discarded(spark, output, run_id):
        with step("staging rows") as staging:
            staged = staged_rows(ready.pruned, EVERY_T, ready.census, output, run_id)
            staging.rows = ready.census.taken
        parity = _audited(ready, staged)
        notes = _notes(definition, entities, ready.census, now)
        manifest = _manifest(definition, entities, ready, run_id, staged, parity, notes)
        rows = staged.rows.drop(AUDIT)
        if parity is not None and not parity.passed:
            return Scored(manifest, output.location, rejected_path=reject(spark, rows, output, manifest))
        return Scored(manifest, output.location, publish(spark, rows, output, None, manifest))


def _prepared(
    spark: SparkSession,
    definition: Definition,
    location: str,
    output: Output,
    at: datetime | None,
    now: datetime,
) -> tuple[Entities, Prepared]:
    """Everything opened and held to the definition, and the entities counted."""
    with step("opening tables"):
        entities = open_entities(spark, location, definition, at, now)
        opened = bind(spark, definition.over(location, output.location), entities.rows)
        opened = replace(opened, inputs={"entities": entities.source, **opened.inputs})
        definition.refuse_other(serving_document(opened))
    ready = prepare(opened, EVERY_T, allow_empty=True)
    if ready.census.last is not None:
        # Nothing can have landed yet that is of after now.
        refuse_stale(opened, RunRange(min(now, EPOCH + ready.census.last * MICROSECOND)))
    return entities, ready


def _audited(ready: Prepared, staged: Staged) -> Parity | None:
    """What serving makes of a sample of the rows, by the plan that the definition's parts are those of."""
    audit = begun_audit(ready.recomputed, staged.rows, ready.document) if ready.census.taken else None
    with step("parity audit"):
        return None if audit is None else audit.result()


def _notes(definition: Definition, entities: Entities, census: Census, now: datetime) -> Iterator[str]:
    if entities.overruled:
        yield f"column '{definition.time}' holds --at, and not what the entities have in it"
    if census.null_times:
        yield f"{census.null_times:,} rows have no T ('{definition.time}' is null), so that nothing is joined to them"
    if census.last is not None and census.last > micros_of(now):
        yield (
            f"rows have a T after now, up to {utc(census.last)}: they are scored by what is known today, and may come "
            "out otherwise when it is their time"
        )


def _manifest(
    definition: Definition,
    entities: Entities,
    ready: Prepared,
    run_id: str,
    staged: Staged,
    parity: Parity | None,
    notes: Iterable[str],
) -> ScoresManifest:
    opened, run = ready.all, written_run(staged.rows.sparkSession)
    part = computed_part(opened, run_id, ready.census.taken, ready.pruned.strategy, staged, parity)
    return {
        **part,
        "warnings": [*part["warnings"], *notes],
        "definition": definition.to_json(),
        "event_timestamp": definition.time,
        "at": None if entities.at is None else entities.at.isoformat(),
        "feature_fingerprints": dict(opened.features.fingerprints),
        "started_at": run["started_at"],
        "ended_at": run["ended_at"],
        "seconds": run["seconds"],
        "steps": run["steps"],
        "spark": run["spark"],
    }
