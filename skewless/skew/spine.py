"""The feature log as a spine: each record at its own keys and T, with what is known of its label event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StructType, TimestampType

from skewless.config import ResolvedTrainingSet
from skewless.ground.errors import InputError, NoTableError
from skewless.ground.names import EVENT_TIMESTAMP, unknown
from skewless.ground.run.ranges import RunRange
from skewless.ground.spark_columns import column, types_in
from skewless.lake.sources import open_source, run_query
from skewless.parts.log.reading import records_in_range, refuse_no_record
from skewless.skew.label_events import RECORD, Presence, label_value, with_label_event
from skewless.skew.store_age import MATERIALIZED_AT, StoreAges, ages_of, with_materialized_at
from skewless.training_set.bind import bind
from skewless.training_set.opened import OpenedTrainingSet, columns_of, cut_down

CARRIED = (
    "record_id",
    "request_id",
    "host",
    "model_version",
    "types",
    "entity",
    "features",
    "tags",
    "scored",
    MATERIALIZED_AT,
)
"""What a record takes through the joins, beside T."""


@dataclass(frozen=True)
class LogSpine:
    """The records of a run and the part of the training set that they can be held against.

    `rows`: `label` (the label columns that joins and functions need), `label_id`, `t`, `record`, and `known`, a struct
    that says of each of those columns whether the record has it. `logged`: result column → its column in the log,
    None where it was only ever null. `unknown_names` are names in the log that are no columns of the training set.
    """

    opened: OpenedTrainingSet
    rows: DataFrame
    logged: Mapping[str, str | None]
    records: int
    first: int | None
    last: int | None
    unknown_names: tuple[str, ...]
    presence: Presence
    store_ages: StoreAges | None = None

    def comparable(self, name: str) -> Column:
        """Whether a record's value of this column can be recomputed and held against what it logged."""
        known = [F.col("known").getField(each) for each in sorted(needed_label_columns(self.opened, [name]))]
        was_logged = self.presence.was_logged("features", name, F.col(RECORD).getField("types"))
        return reduce(Column.__and__, known, F.col("t").isNotNull() & was_logged)


def log_spine(
    spark: SparkSession,
    spec: ResolvedTrainingSet,
    log: DataFrame,
    run_range: RunRange,
    *,
    whole: bool = False,
) -> LogSpine:
    """The log's records with T in the range, ready for the as-of join.

    `whole=True` also computes columns that the log lacks, as logged nulls.

    Errors: InputError for a log without its columns, for one without a record in the range, and for whatever keeps
    the training set from being built.
    """
    _refuse_incomplete(log)
    opened, events = _bound(spark, spec, log)
    results = [*opened.table_column_names, *opened.features.names]
    presence = _presence(log, results)
    records = with_materialized_at(presence.added_to(records_in_range(log, run_range)))
    columns = _names_in(log, "features")
    nulls = [name for name in results if name.casefold() not in columns]
    found = _counted(records, presence, nulls)
    if not found["records"]:
        refuse_no_record(run_range)
    only_null = {name for place, name in enumerate(nulls) if found["nulls"][f"null_{place}"]}
    logged = {
        name: columns.get(name.casefold())
        for name in results
        if whole or name in only_null or name.casefold() in columns
    }
    opened = cut_down(opened, logged)
    rows = _rows(opened, events, records, presence, found["first"], found["last"])
    unknown = _unknown_names(columns, [*results, *opened.events.columns])
    return LogSpine(
        opened,
        rows,
        logged,
        found["records"],
        found["first"],
        found["last"],
        unknown,
        presence,
        StoreAges.found(found["ages"]),
    )


def _counted(records: DataFrame, presence: Presence, nulls: Sequence[str]) -> Row:
    """How many records there are, their first and last T, and which of these names some record says it has."""
    says = [
        F.bool_or(presence.says("features", name, F.col("types"))).alias(f"null_{place}")
        for place, name in enumerate(nulls)
    ]
    found = records.agg(
        F.count(F.lit(1)).alias("records"),
        F.unix_micros(F.min("event_timestamp")).alias("first"),
        F.unix_micros(F.max("event_timestamp")).alias("last"),
        F.struct(F.lit(True).alias("nothing"), *says).alias("nulls"),
        ages_of().alias("ages"),
    ).first()
    assert found is not None, "an aggregate without grouping has one row"
    return found


def _names_in(log: DataFrame, part: str) -> dict[str, str]:
    """The log's columns of a part: name in lower case → as the log spells it."""
    return {name.casefold(): name for name in types_in(log, part)}


def _presence(log: DataFrame, results: Iterable[str]) -> Presence:
    features = dict.fromkeys([*_names_in(log, "features"), *(name.casefold() for name in results)])
    return Presence({"features": tuple(features), "entity": tuple(_names_in(log, "entity"))})


def _unknown_names(columns: Mapping[str, str], known: Iterable[str]) -> tuple[str, ...]:
    """What the log has that is no column of the training set."""
    names = {name.casefold() for name in known}
    return tuple(sorted(own for name, own in columns.items() if name not in names))


def _refuse_incomplete(log: DataFrame) -> None:
    wanted = ("record_id", "host", "model_version", "event_timestamp", "entity", "features", "types")
    missing = [name for name in wanted if name not in log.columns]
    if missing:
        raise InputError(f"log: no column '{name}'; {unknown(name, log.columns)}" for name in missing)


def _bound(
    spark: SparkSession, spec: ResolvedTrainingSet, log: DataFrame
) -> tuple[OpenedTrainingSet, DataFrame | None]:
    """The training set over its label events, or, where there are none yet, over what the log says of their columns."""
    labels = spec.training_set.labels
    # The log is what is tested here; values taken from it would agree with themselves.
    spec = replace(spec, training_set=spec.training_set.model_copy(update={"log": None}))
    with suppress(NoTableError):  # no label event yet; what cannot be read, or does not fit, is an error
        if labels.query is not None:
            events, _ = run_query(spark, labels.query, labels.sources)
        else:
            events = open_source(spark, str(labels.source), "labels").rows
        return bind(spark, spec, events), events
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
            # Any type does: no record has a value of such a column, but a training set without its keys does not
            # open.
            schema.add(name, IntegerType())
    schema.add(labels.event_timestamp, TimestampType())
    return spark.createDataFrame([], schema)


def needed_label_columns(opened: OpenedTrainingSet, names: Iterable[str]) -> set[str]:
    """The columns of the label event that these result columns are computed from: keys, and inputs of functions."""
    features = [name for name in names if name in opened.features.schema]
    wanted = {*names, *(opened.features.subset(features).inputs if features else ())}
    sides = [side for side in opened.sides if wanted & columns_of(opened, side.name)]
    keys = {name for side in sides for name in side.label_columns}
    own = {*opened.events.columns} - {opened.labels.event_timestamp, EVENT_TIMESTAMP}
    return keys | (wanted & own)


def _rows(
    opened: OpenedTrainingSet,
    events: DataFrame | None,
    records: DataFrame,
    presence: Presence,
    first: int | None,
    last: int | None,
) -> DataFrame:
    needed = sorted(needed_label_columns(opened, [*opened.table_column_names, *opened.features.names]))
    results = {name.casefold() for name in (*opened.table_column_names, *opened.features.names)}
    record = F.struct(*[column(name) for name in CARRIED if name in records.columns])
    rows = records.select(record.alias(RECORD), F.col("event_timestamp").alias("t"))
    entity = {name.casefold() for name in types_in(records, "entity")}
    looked_up = [name for name in needed if name.casefold() not in entity]
    if events is not None and looked_up:
        rows = with_label_event(rows, opened, events, looked_up, first, last)
    values, known = [], []
    for name, kind in ((field.name, field.dataType) for field in opened.events.schema):
        if name in needed:
            value, is_known = label_value(rows, name, kind, results, presence)
            values.append(value.alias(name))
            known.append(is_known.alias(name))
        elif name == opened.labels.event_timestamp and isinstance(kind, TimestampType):
            values.append(F.col("t").alias(name))
        else:
            values.append(F.lit(None).cast(kind).alias(name))
    return rows.select(
        F.struct(*values).alias("label"),
        # Two equal records are still two, as two label events are.
        F.monotonically_increasing_id().alias("label_id"),
        "t",
        RECORD,
        F.struct(*known, F.lit(True).alias("nothing")).alias("known"),
    )
