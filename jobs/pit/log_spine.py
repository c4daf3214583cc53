"""The feature log as a spine: each record at its own keys and T, with what is known of its label event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StructType, TimestampType

from jobs.pit.binding import bind
from jobs.pit.bound import Bound
from jobs.pit.columns import EVENT_DATE, EVENT_TIMESTAMP, unknown
from jobs.pit.config import ResolvedTrainingSet
from jobs.pit.errors import InputError
from jobs.pit.fields import column
from jobs.pit.instants import literal
from jobs.pit.logged_labels import RECORD, label_value, types_in, was_logged, with_label_event
from jobs.pit.sources import open_source, run_query
from jobs.pit.spine import Cut

FRACTION_BITS = 20


@dataclass(frozen=True)
class LogSpine:
    """The records of a run and the part of the training set that they can be held against.

    `rows`: `label` (the label columns that joins and functions need), `label_id`, `t`, `record`, and `known`, a struct
    that says of each of those columns whether the record has it. `logged`: result column → its column in the log,
    None where it was only ever null. `unlogged` are names in the log that are no columns of the training set.
    """

    bound: Bound
    rows: DataFrame
    logged: Mapping[str, str | None]
    records: int
    first: int | None
    last: int | None
    unlogged: tuple[str, ...]

    def comparable(self, name: str) -> Column:
        """Whether a record's value of this column can be recomputed and held against what it logged."""
        known = [F.col("known").getField(each) for each in sorted(needed_label_columns(self.bound, [name]))]
        return reduce(
            Column.__and__, known, F.col("t").isNotNull() & was_logged("features", name, F.col(RECORD))
        )


def log_spine(spark: SparkSession, spec: ResolvedTrainingSet, log: DataFrame, cut: Cut) -> LogSpine:
    """The log's records with T in the range, ready for the as-of join.

    Errors: InputError for a log without its columns, and for whatever keeps the training set from being built.
    """
    _refuse_incomplete(log)
    bound, events = _bound(spark, spec, log)
    records = _within(log, cut).withColumn("types", _names_of(F.col("types")))
    found = records.agg(
        F.count(F.lit(1)).alias("records"),
        F.unix_micros(F.min("event_timestamp")).alias("first"),
        F.unix_micros(F.max("event_timestamp")).alias("last"),
        F.array_distinct(F.flatten(F.collect_set(F.map_keys(F.col("types.features"))))).alias("names"),
    ).first()
    assert found is not None, "an aggregate without grouping has one row"
    logged, strange = _logged(bound, log, found["names"] or ())
    bound = _cut_down(bound, logged)
    rows = _rows(bound, events, records, found["first"], found["last"])
    return LogSpine(bound, rows, logged, found["records"], found["first"], found["last"], strange)


def _refuse_incomplete(log: DataFrame) -> None:
    wanted = ("record_id", "host", "model_version", "event_timestamp", "entity", "features", "types")
    missing = [name for name in wanted if name not in log.columns]
    if missing:
        raise InputError(f"log: no column '{name}'; {unknown(name, log.columns)}" for name in missing)


def _bound(spark: SparkSession, spec: ResolvedTrainingSet, log: DataFrame) -> tuple[Bound, DataFrame | None]:
    """The training set over its label events, or, where there are none yet, over what the log says of their columns."""
    labels = spec.training_set.labels
    try:
        if labels.query is not None:
            events, _ = run_query(spark, labels.query, labels.sources)
        else:
            events = open_source(spark, str(labels.source), "labels").rows
        return bind(spark, spec, events), events
    except InputError as error:
        if not any(problem.startswith("labels") for problem in error.problems):
            raise
    plain = labels.model_copy(update={"where": None, "label_available_at": None})
    training_set = spec.training_set.model_copy(update={"labels": plain, "sample": None})
    return bind(spark, replace(spec, training_set=training_set), _events_like(spark, spec, log)), None


def _events_like(spark: SparkSession, spec: ResolvedTrainingSet, log: DataFrame) -> DataFrame:
    """No label events, with the columns and types that the log gives them."""
    labels = spec.training_set.labels
    schema = StructType()
    for name, kind in {**types_in(log, "features"), **types_in(log, "entity")}.items():
        if "__" not in name:
            schema.add(name, kind)
    for name in (*labels.entity_keys, *labels.label_columns):
        if name.casefold() not in {each.casefold() for each in schema.names}:
            schema.add(name, IntegerType())
    schema.add(labels.event_timestamp, TimestampType())
    return spark.createDataFrame([], schema)


def _within(log: DataFrame, cut: Cut) -> DataFrame:
    """The records in the range; files of other days are not read where the log is partitioned by day."""
    if not cut.is_range:
        return log
    t = F.col("event_timestamp")
    within = t.isNotNull()
    if cut.start:
        within &= t >= literal(cut.start)
        if EVENT_DATE in log.columns:
            within &= F.col(EVENT_DATE) >= F.lit(cut.start.date())
    if cut.end:
        within &= t < literal(cut.end)
        if EVENT_DATE in log.columns:
            within &= F.col(EVENT_DATE) <= F.lit(cut.end.date())
    return log.where(within)


def _names_of(types: Column) -> Column:
    """What a record says that it logged: names in lower case → types, of features and of the entity."""
    return F.from_json(F.lower(types), "features map<string,string>, entity map<string,string>")


def _logged(
    bound: Bound, log: DataFrame, names: Iterable[str]
) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """Result column → the log's field for it, of those that the log has; and what else it has."""
    fields = {name.casefold(): name for name in types_in(log, "features")}
    there = {**dict.fromkeys(name.casefold() for name in names), **fields}
    results = [*bound.table_column_names, *bound.features.names]
    logged = {name: there[name.casefold()] for name in results if name.casefold() in there}
    known = {name.casefold() for name in (*results, *bound.events.columns)}
    return logged, tuple(sorted(name for name in there if name not in known))


def _cut_down(bound: Bound, logged: Iterable[str]) -> Bound:
    """The functions that were logged with those they take, and the tables that any of it needs."""
    features = bound.features.subset([name for name in logged if name in bound.features.schema])
    wanted = {*logged, *features.inputs}
    lanes = [lane for lane in bound.lanes if wanted & _columns_of(bound, lane.name)]
    return replace(bound, lanes=tuple(lanes), features=features)


def _columns_of(bound: Bound, lane_name: str) -> set[str]:
    own = replace(bound, lanes=tuple(lane for lane in bound.lanes if lane.name == lane_name))
    return set(own.table_column_names)


def needed_label_columns(bound: Bound, names: Iterable[str]) -> set[str]:
    """The columns of the label event that these result columns are computed from: keys, and inputs of functions."""
    features = [name for name in names if name in bound.features.schema]
    wanted = {*names, *(bound.features.subset(features).inputs if features else ())}
    lanes = [lane for lane in bound.lanes if wanted & _columns_of(bound, lane.name)]
    keys = {name for lane in lanes for name in lane.label_columns}
    own = {*bound.events.columns} - {bound.labels.event_timestamp, EVENT_TIMESTAMP}
    return keys | (wanted & own)


def _rows(
    bound: Bound, events: DataFrame | None, records: DataFrame, first: int | None, last: int | None
) -> DataFrame:
    needed = sorted(needed_label_columns(bound, [*bound.table_column_names, *bound.features.names]))
    results = {name.casefold() for name in (*bound.table_column_names, *bound.features.names)}
    record = F.struct(*[column(name) for name in records.columns])
    rows = records.select(record.alias(RECORD), F.col("event_timestamp").alias("t"))
    entity = {name.casefold() for name in types_in(records, "entity")}
    looked_up = [name for name in needed if name.casefold() not in entity]
    if events is not None and looked_up:
        rows = with_label_event(rows, bound, events, looked_up, first, last)
    values, known = [], []
    for name, kind in ((field.name, field.dataType) for field in bound.events.schema):
        if name in needed:
            value, is_known = label_value(rows, name, kind, results)
            values.append(value.alias(name))
            known.append(is_known.alias(name))
        elif name == bound.labels.event_timestamp and isinstance(kind, TimestampType):
            values.append(F.col("t").alias(name))
        else:
            values.append(F.lit(None).cast(kind).alias(name))
    return rows.select(
        F.struct(*values).alias("label"),
        F.monotonically_increasing_id().alias("label_id"),
        "t",
        RECORD,
        F.struct(*known, F.lit(True).alias("nothing")).alias("known"),
    )
