"""Label events → spine → as-of join → feature functions → parity → validation → publication, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from skewless.config import PublishableTrainingSet
from skewless.ground.errors import LostRowsError, afterwards
from skewless.ground.run.ids import new_run_id
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step, this_run
from skewless.ground.spark_columns import as_key, column
from skewless.lake.session import private_session
from skewless.lake.sizes import extent_of, whole_extent
from skewless.parts.asof import JoinSide
from skewless.parts.functions import failures_of, longest_call
from skewless.parts.parity import AUDIT, Parity, audit_column, begin_audit
from skewless.parts.publish import (
    Output,
    checksum,
    publish,
    reject,
    stage,
    staging_discarded,
    standing_of,
    standing_version,
)
from skewless.parts.spine import Census
from skewless.parts.validation import Verdict, validate
from skewless.runs.build.manifest import Findings, TableUse, manifest_of
from skewless.runs.build.mixing import refuse_mixed
from skewless.runs.build.outcome import Outcome
from skewless.training_set.ahead.freshness import refuse_stale
from skewless.training_set.ahead.preparation import open_all, prepare
from skewless.training_set.from_log.columns import (
    RECOMPUTED,
    LogUse,
    as_recomputed,
    log_counts,
    log_use,
    recomputed_column,
    recomputed_part,
)
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.rows import feature_failures, joined_rows, select_result, spine_for
from skewless.training_set.serving_document import serving_document


class Staged(NamedTuple):
    """A slice in the run's own place, how its tables and its log were used, how often a feature failed and is null."""

    rows: DataFrame
    tables: dict[str, TableUse]
    failed: dict[str, int]
    log: LogUse | None


def build(
    spark: SparkSession,
    spec: PublishableTrainingSet,
    run_range: RunRange,
    *,
    allow_empty: bool = False,
    allow_mixed: bool = False,
) -> Outcome:
    """Build the training set's slice and publish it, or refuse it whole.

    Errors: InputError with every problem found before anything ran, or with a feature function's own error;
    NotReadyError with every table that is not as fresh as `require_fresh` asks; PublishConflictError, LostRowsError.
    A failing suite, or a value that serving does not make, is an Outcome whose status is `rejected`.
    """
    own = private_session(spark)
    output, opened = open_all(own, spec)
    return build_slice(
        own, output, opened, run_range, run_range, allow_empty=allow_empty, allow_mixed=allow_mixed
    )


def build_slice(
    own: SparkSession,
    output: Output,
    opened: OpenedTrainingSet,
    run_range: RunRange,
    whole: RunRange,
    *,
    allow_empty: bool = False,
    allow_mixed: bool = False,
) -> Outcome:
    """One slice of what `open_all` gives, a piece of the `whole` range that is to hold one definition in the end."""
    run_id = this_run().known_as(new_run_id())
    refuse_stale(recomputed_part(opened), run_range)
    ready = prepare(opened, run_range, allow_empty)
    standing = refuse_mixed(own, output, ready, whole, allow_mixed=allow_mixed)
    with staging_discarded(own, output, run_id):
        with step("staging rows") as staging:
            staged = _staged(ready.pruned, run_range, ready.census, output, run_id)
            staging.rows = ready.census.taken
        rows = staged.rows.drop(AUDIT, RECOMPUTED)
        verdict, parity = _judged(ready.recomputed, staged.rows, rows, ready.census)
        found = Findings(
            opened=opened,
            run_range=run_range,
            census=ready.census,
            run_id=run_id,
            rows=rows,
            strategy=ready.pruned.strategy,
            tables=staged.tables,
            failed=staged.failed,
            verdict=verdict,
            parity=parity,
            document=ready.document,
            standing=standing_of(own, output, standing),
            log=staged.log,
        )
        with step("checksum"):
            content = checksum(rows) if found.passed else None
        manifest = manifest_of(found, content)
        if not found.passed:
            return Outcome(manifest, rejected_path=reject(own, rows, output, manifest))
        stands = standing_version(own, rows, found.standing, ready.slice, manifest)
        if stands is not None:
            return Outcome(manifest, stands, unchanged=True)
        return Outcome(manifest, publish(own, rows, output, ready.slice, manifest))


def _staged(
    opened: OpenedTrainingSet, run_range: RunRange, census: Census, output: Output, run_id: str
) -> Staged:
    """Compute the slice into the run's own place, once, counting on the way what was read and what matched, and
    noting in the column `AUDIT` which rows are worth an audit.
    """
    observed = {side.name: Observation() for side in opened.sides if not side.broadcast}
    audited = bool(_audit(opened))
    sides = [replace(_counting(side, observed.get(side.name)), audited=audited) for side in opened.sides]
    counted = replace(opened, sides=tuple(sides))
    spine = spine_for(counted, run_range)
    joined = joined_rows(counted, spine)
    result = Observation()
    matches = [F.count_if(side.is_matched()).alias(side.slot) for side in opened.sides]
    matches += [F.count_if(F.col(side.at_t_slot)).alias(side.at_t_slot) for side in opened.sides]
    failures = [
        F.sum(F.col("features").getField(counted)).alias(counted)
        for counted in failures_of(opened.features).values()
    ]
    counts = [*matches, *failures, *log_counts(opened.log)]
    joined = joined.observe(result, F.count(F.lit(1)).alias("rows"), *counts)
    with feature_failures(opened, spine):
        staged = stage(select_result(counted, joined, *_audit(counted)), output, run_id)
    totals = result.get
    if totals["rows"] != census.taken:
        raise LostRowsError(
            f"{census.taken} label events were to be joined, {totals['rows']} came out; nothing is published"
        )
    read = {name: each.get for name, each in observed.items()} | _rows_of_sent(opened.sides)
    used = {side.name: _use(opened, side, read[side.name], totals) for side in opened.sides}
    failed = {name: totals[counted] or 0 for name, counted in failures_of(opened.features).items()}
    return Staged(staged, used, failed, log_use(opened, totals))


def _counting(side: JoinSide, observation: Observation | None) -> JoinSide:
    if observation is None:
        return side
    return replace(side, rows=side.rows.observe(observation, *_row_counts(side)))


def _row_counts(side: JoinSide) -> list[Column]:
    return [F.count(F.lit(1)).alias("rows_read"), F.count_if(~side.is_matchable()).alias("null_rows")]


def _rows_of_sent(sides: Sequence[JoinSide]) -> dict[str, dict[str, int]]:
    """The counts of tables that are sent to the label events: Spark never tells what was observed in a subquery."""
    counts = [
        side.rows.agg(F.lit(side.name).alias("name"), *_row_counts(side)) for side in sides if side.broadcast
    ]
    return {row["name"]: row.asDict() for row in reduce(DataFrame.union, counts).collect()} if counts else {}


def _use(opened: OpenedTrainingSet, side: JoinSide, read: dict[str, int], totals: dict[str, int]) -> TableUse:
    repeated = repeated_keys(side) if side.event_timestamp is None else None
    source = opened.inputs[f"feature_tables.{side.name}"]
    extents = extent_of(side.rows), whole_extent(source.rows)
    matched, at_t = totals[side.slot], totals[side.at_t_slot]
    return TableUse(source.version, read["rows_read"], read["null_rows"], matched, at_t, *extents, repeated)


def repeated_keys(side: JoinSide) -> int:
    """How many rows of a static table stand beside another of the same key."""
    keys = [as_key(column(key), side.types[key]) for key, _ in side.keys]
    per_key = side.rows.where(side.is_matchable()).groupBy(*keys).count()
    row = per_key.agg(F.coalesce(F.sum(F.col("count") - 1), F.lit(0)).alias("repeated")).first()
    assert row is not None, "an aggregate without grouping has one row"
    return int(row["repeated"])


def _audit(opened: OpenedTrainingSet) -> list[Column]:
    if not opened.parity_sample:
        return []
    label = F.col("label")
    keys = dict.fromkeys(
        [*opened.labels.entity_keys, *(name for side in opened.sides for _, name in side.keys)]
    )
    tables = [F.col(side.audit_slot) for side in opened.sides]
    audit = audit_column([label.getField(key) for key in keys], F.col("t"), tables).alias(AUDIT)
    return [audit, *recomputed_column(opened)]


def _judged(
    opened: OpenedTrainingSet, staged: DataFrame, rows: DataFrame, census: Census
) -> tuple[Verdict | None, Parity | None]:
    """What the suite says of the rows, and what serving makes of a sample of what was computed, both at once."""
    suite = opened.spec.suite
    if not census.taken:
        return None, None
    audit = None
    if AUDIT in staged.columns:
        tables = {side.name: opened.inputs[f"feature_tables.{side.name}"].rows for side in opened.sides}
        computed = as_recomputed(staged, opened)
        longest = longest_call(staged.sparkSession)
        with step("parity audit"):
            audit = begin_audit(computed, serving_document(opened), tables, opened.parity_sample, longest)
    with nullcontext() if audit is None else afterwards(audit.stop):
        with step("validating staged rows"):
            verdict = validate(rows, suite.text, {"label_events": census.taken}) if suite else None
        with step("parity audit"):
            return verdict, None if audit is None else audit.result()
