"""A log's spine → every record computed again, and what is compared of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from skewless.ground.spark_columns import fields_in
from skewless.parts.functions import schema_of
from skewless.skew.compare import FRACTIONS, Compared, held_together
from skewless.skew.label_events import RECORD
from skewless.skew.sample import NAMED, OTHER
from skewless.skew.spine import LogSpine
from skewless.skew.store_age import MATERIALIZED_AT
from skewless.skew.tolerance import loosely_equal, weight_of, with_weights
from skewless.training_set.ahead.pruning import prune
from skewless.training_set.ahead.strategy import planned
from skewless.training_set.rows import joined_rows

# What is kept in memory has as many partitions as a shuffle asks for, however small, unless Spark may merge them; each
# costs a pass through Python workers.
KEPT_SETTINGS = {"spark.sql.optimizer.canChangeCachedPlanOutputPartitioning": "true"}


def compared_features(spine: LogSpine) -> list[Compared]:
    """What the log has of the training set's columns, each with the column of the joined rows to hold it against."""
    opened, loose = spine.opened, loosely_equal(spine.opened)
    results: dict[str, tuple[Column, DataType]] = dict(opened.table_columns)
    for field in schema_of(opened.features):
        results[field.name] = F.col("features").getField(field.name), field.dataType
    record = F.col(RECORD)
    fields = fields_in(spine.rows, RECORD, "features")
    found = []
    for name, logged_as in spine.logged.items():
        recomputed, kind = results[name]
        own = fields.get(logged_as or "")
        logged = F.lit(None).cast(kind) if own is None else record.getField("features").getField(logged_as)
        weight = weight_of(opened, name) if name in loose else None
        can_be = spine.comparable(name)
        found.append(Compared(name, logged, own or kind, recomputed, kind, can_be, name in loose, weight))
    return found


def recomputed(spine: LogSpine, features: Sequence[Compared], carried: Sequence[Column]) -> DataFrame:
    """The records joined and computed again: the carried columns, and all that decides each feature's state."""
    weighted = replace(spine.opened, sides=tuple(map(with_weights, spine.opened.sides)))
    reading = planned(prune(weighted, spine.first, spine.last))
    return held_together(joined_rows(reading, spine.rows), features, carried)


def carried_columns(spine: LogSpine) -> list[Column]:
    """What trends, samples and causes need of a record beside its features."""
    opened, record = spine.opened, F.col(RECORD)
    entity = {
        name: record.getField("entity").getField(name) for name in fields_in(spine.rows, RECORD, "entity")
    }
    ids = [name for name in ("request_id", "record_id") if name in fields_in(spine.rows, RECORD)]
    named: dict[str, Column] = {**entity, **{name: record.getField(name) for name in ids}}
    others = {
        name: value for name, (value, _) in opened.table_columns.items() if name in opened.features.inputs
    }
    others |= {name: F.col("features").getField(name) for name in opened.features.names}
    return [
        F.struct(*[value.alias(name) for name, value in named.items()]).alias(NAMED),
        record.getField("record_id").alias("record_id"),
        F.pmod(
            F.xxhash64(record.getField("record_id"), F.col("t"), *entity.values()), F.lit(FRACTIONS)
        ).alias("fraction"),
        F.unix_micros("t").alias("at"),
        F.unix_micros(record.getField(MATERIALIZED_AT)).alias(MATERIALIZED_AT),
        F.to_date(F.col("t")).alias("day"),
        record.getField("host").alias("host"),
        record.getField("model_version").alias("model_version"),
        *([record.getField("tags").alias("tags")] if fields_in(spine.rows, RECORD, "tags") else []),
        F.col("label"),
        *[value.alias(OTHER + name) for name, value in others.items() if name not in spine.logged],
    ]
