"""Label events → spine → as-of join → feature functions → parity → validation → publication, and nothing else."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import NamedTuple

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from jobs.pit.asof import Lane, as_of_join
from jobs.pit.bound import Bound
from jobs.pit.columns import EVENT_DATE
from jobs.pit.config import ResolvedTrainingSet
from jobs.pit.errors import InputError, LostRowsError
from jobs.pit.fields import as_key, column
from jobs.pit.freshness import refuse_stale
from jobs.pit.from_log import (
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
from jobs.pit.instants import utc_date
from jobs.pit.log_matching import with_logged
from jobs.pit.ondemand import failures_of, with_features
from jobs.pit.outcome import Outcome, TableUse, manifest_of
from jobs.pit.parity import AUDIT, Parity, audit_column, begin_audit
from jobs.pit.preparation import Prepared, open_all, prepare
from jobs.pit.publish import (
    Output,
    checksum,
    discard_staged,
    publish,
    refuse_other_columns,
    reject,
    stage,
    standing_version,
)
from jobs.pit.serving_document import serving_document
from jobs.pit.session import private_session
from jobs.pit.sources import extent_of
from jobs.pit.spine import Census, Cut, spine_of
from jobs.pit.validation import Verdict, validate
from jobs.pit.windows import aggregate_windows

STRATEGY = "one_exchange_window"
_OWN_ERROR = re.compile(r"^\S*(?:FeatureError|AggregationError): (.+)$", re.MULTILINE)


class Staged(NamedTuple):
    """A slice in the run's own place, how its tables and its log were used, how often a feature failed and is null."""

    rows: DataFrame
    tables: dict[str, TableUse]
    failed: dict[str, int]
    log: LogUse | None


def build(spark: SparkSession, spec: ResolvedTrainingSet, cut: Cut, *, allow_empty: bool = False) -> Outcome:
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


def spine_for(bound: Bound, cut: Cut) -> DataFrame:
    """The spine of the label events that this run takes, with what was logged of each where there is a log."""
    spine = spine_of(bound.events, bound.labels, bound.sample, cut)
    return spine if bound.log is None else with_logged(spine, bound.log)


def joined_rows(bound: Bound, spine: DataFrame) -> DataFrame:
    """A spine with a struct per table, each with its winner's times, and `features`: all that is known of a row."""
    return compute_features(bound, as_of_join(spine, bound.lanes, aggregate_windows))


def compute_features(bound: Bound, joined: DataFrame) -> DataFrame:
    label = F.col("label")
    label_event: dict[str, Column] = {key: label.getField(key) for key in bound.labels.entity_keys}
    label_event[bound.labels.event_timestamp] = F.col("t")
    return with_features(joined, bound.features, bound.feature_inputs(), label_event)


def select_result(bound: Bound, joined: DataFrame, *more: Column) -> DataFrame:
    """The published columns in the contract's order: label events, joined columns, features, event_date; and more.

    With a log the column before event_date says which values are from it.
    """
    label = F.col("label")
    return joined.select(
        *[label.getField(name).alias(name) for name in bound.events.columns],
        *[value.alias(name) for name, value in result_values(bound).items()],
        *([logged_features(bound.log)] if bound.log else []),
        utc_date(F.col("t")).alias(EVENT_DATE),
        *more,
    )


def _staged(bound: Bound, cut: Cut, census: Census, output: Output, run_id: str) -> Staged:
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


def as_input_error(error: Exception) -> Exception:
    """A feature function's own error, which crossed from a Python worker as text, as bad input; others as they are."""
    messages = _OWN_ERROR.findall(str(error))
    return InputError(messages[-1]) if messages else error
