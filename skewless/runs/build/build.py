"""Label events → spine → as-of join → feature functions → parity → validation → publication, and nothing else."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import NamedTuple

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from skewless.parts.asof import Lane, as_of_join
from skewless.training_set.opened import Bound
from skewless.training_set.rows import as_input_error, joined_rows, select_result, spine_for
from skewless.ground.names import EVENT_DATE
from skewless.config import ResolvedTrainingSet
from skewless.ground.errors import InputError, LostRowsError
from skewless.ground.spark_columns import as_key, column
from skewless.training_set.ahead.freshness import refuse_stale
from skewless.training_set.from_log.columns import (
    RECOMPUTED,
    LogUse,
    as_recomputed,
    log_counts,
    log_use,
    logged_features,
    recomputed_column,
    recomputed_part,
    result_values,
)
from skewless.ground.instants import utc_date
from skewless.training_set.from_log.matching import with_logged
from skewless.parts.functions import failures_of, with_features
from skewless.runs.build.outcome import Outcome, TableUse, manifest_of
from skewless.parts.parity import AUDIT, Parity, audit_column, begin_audit
from skewless.training_set.ahead.preparation import Prepared, open_all, prepare
from skewless.parts.publish import (
    Output,
    checksum,
    discard_staged,
    publish,
    refuse_other_columns,
    reject,
    stage,
    standing_version,
)
from skewless.training_set.serving_document import serving_document
from skewless.lake.session import private_session
from skewless.lake.sources import extent_of
from skewless.ground.run_range import RunRange
from skewless.parts.spine import Census, spine_of
from skewless.parts.validation import Verdict, validate
from skewless.parts.windows import aggregate_windows

STRATEGY = "one_exchange_window"


class Staged(NamedTuple):
    """A slice in the run's own place, how its tables and its log were used, how often a feature failed and is null."""

    rows: DataFrame
    tables: dict[str, TableUse]
    failed: dict[str, int]
    log: LogUse | None


def build(spark: SparkSession, spec: ResolvedTrainingSet, cut: RunRange, *, allow_empty: bool = False) -> Outcome:
    """Build the training set's slice and publish it, or refuse it whole.

    Errors: InputError with every problem found before anything ran, or with a feature function's own error;
    NotReadyError with every table that is not as fresh as `require_fresh` asks; PublishConflictError, LostRowsError.
    A failing suite, or a value that serving does not make, is an Outcome whose status is `rejected`.
    """
    run_id = f"{cut.as_of:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
    own = private_session(spark)
    output, bound = open_all(own, spec)
    refuse_stale(recomputed_part(bound), cut)
    ready = prepare(bound, cut, allow_empty)
    refuse_other_slice(own, output, ready)
    try:
        staged = _staged(ready.reading, cut, ready.census, output, run_id)
        rows = staged.rows.drop(AUDIT, RECOMPUTED)
        verdict, parity = _judged(ready.part, staged.rows, rows, ready.census)
        outcome = Outcome(
            *(bound, cut, ready.census, run_id, STRATEGY, staged.tables, staged.failed, verdict, parity),
            document=ready.document,
            log=staged.log,
        )
        if not outcome.passed:
            return replace(outcome, rejected_path=reject(own, rows, output, manifest_of(outcome)))
        outcome = replace(outcome, checksum=checksum(rows))
        manifest = manifest_of(outcome)
        standing = standing_version(own, rows, output, ready.slice, manifest)
        if standing is not None:
            return replace(outcome, version=standing, unchanged=True)
        return replace(outcome, version=publish(own, rows, output, ready.slice, manifest))
    finally:
        discard_staged(own, output, run_id)


def refuse_other_slice(spark: SparkSession, output: Output, ready: Prepared) -> None:
    """InputError where a range would not have the columns of the table that it becomes part of."""
    if ready.cut.is_range:
        rows = joined_rows(ready.part, spine_for(ready.part, ready.cut))
        refuse_other_columns(spark, output, select_result(ready.part, rows).schema)


def _staged(bound: Bound, cut: RunRange, census: Census, output: Output, run_id: str) -> Staged:
    """Compute the slice into the run's own place, once, counting on the way what was read and what matched, and
    noting in the column `AUDIT` which rows are worth an audit.
    """
    read = {lane.name: Observation() for lane in bound.lanes}
    audited = bool(_audit(bound))
    lanes = [replace(_counting(lane, read[lane.name]), audited=audited) for lane in bound.lanes]
    counted = replace(bound, lanes=tuple(lanes))
    joined = joined_rows(counted, spine_for(counted, cut))
    result = Observation()
    matches = [F.count_if(lane.is_matched()).alias(lane.slot) for lane in bound.lanes]
    failures = [
        F.sum(F.col("features").getField(counted)).alias(counted)
        for counted in failures_of(bound.features).values()
    ]
    counts = [*matches, *failures, *log_counts(bound.log)]
    joined = joined.observe(result, F.count(F.lit(1)).alias("rows"), *counts)
    try:
        staged = stage(select_result(counted, joined, *_audit(counted)), output, run_id)
    except PySparkException as error:
        raise as_input_error(error) from error
    totals = result.get
    if totals["rows"] != census.taken:
        raise LostRowsError(
            f"{census.taken} label events were to be joined, {totals['rows']} came out; nothing is published"
        )
    used = {lane.name: _use(bound, lane, read[lane.name].get, totals[lane.slot]) for lane in bound.lanes}
    failed = {name: totals[counted] or 0 for name, counted in failures_of(bound.features).items()}
    return Staged(staged, used, failed, log_use(bound, totals))


def _counting(lane: Lane, observation: Observation) -> Lane:
    counts = (
        F.count(F.lit(1)).alias("rows_read"),
        F.count_if(~lane.is_matchable()).alias("null_rows"),
    )
    return replace(lane, rows=lane.rows.observe(observation, *counts))


def _use(bound: Bound, lane: Lane, read: dict[str, int], matched: int) -> TableUse:
    repeated = repeated_keys(lane) if lane.event_timestamp is None else None
    source = bound.inputs[f"feature_tables.{lane.name}"]
    extents = extent_of(lane.rows), extent_of(source.rows)
    return TableUse(source.version, read["rows_read"], read["null_rows"], matched, *extents, repeated)


def repeated_keys(lane: Lane) -> int:
    """How many rows of a static table stand beside another of the same key."""
    keys = [as_key(column(key), lane.types[key]) for key, _ in lane.keys]
    per_key = lane.rows.where(lane.is_matchable()).groupBy(*keys).count()
    row = per_key.agg(F.coalesce(F.sum(F.col("count") - 1), F.lit(0)).alias("repeated")).first()
    assert row is not None, "an aggregate without grouping has one row"
    return int(row["repeated"])


def _audit(bound: Bound) -> list[Column]:
    if not bound.parity_sample:
        return []
    label = F.col("label")
    keys = dict.fromkeys(
        [*bound.labels.entity_keys, *(name for lane in bound.lanes for _, name in lane.keys)]
    )
    tables = [F.col(lane.audit_slot) for lane in bound.lanes]
    audit = audit_column([label.getField(key) for key in keys], F.col("t"), tables).alias(AUDIT)
    return [audit, *recomputed_column(bound)]


def _judged(
    bound: Bound, staged: DataFrame, rows: DataFrame, census: Census
) -> tuple[Verdict | None, Parity | None]:
    """What the suite says of the rows, and what serving makes of a sample of what was computed, both at once."""
    suite = bound.spec.suite
    if not census.taken:
        return None, None
    audit = None
    if AUDIT in staged.columns:
        tables = {lane.name: bound.inputs[f"feature_tables.{lane.name}"].rows for lane in bound.lanes}
        computed = as_recomputed(staged, bound)
        audit = begin_audit(computed, serving_document(bound), tables, bound.parity_sample)
    try:
        verdict = validate(rows, suite, {"label_events": census.taken}) if suite else None
        return verdict, None if audit is None else audit.result()
    finally:
        if audit is not None:
            audit.stop()

