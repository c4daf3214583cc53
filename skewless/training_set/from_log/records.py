"""A feature log → a struct per record: when and of what it is, and what it has of the columns to be taken."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from skewless.ground.spark_columns import as_key, types_in
from skewless.parts.log.reading import counts_as_logged, names_as_fields, says_it_has
from skewless.training_set.from_log.opening import TrainingLog
from skewless.training_set.from_log.values import as_kind, fits

RECORD = "skewless_record"
"""The struct column: `at` in microseconds, `record_id`, `request_id`, keys, values and states by their places."""


def value_field(place: int) -> str:
    """Of the column taken at a place, the value in its type."""
    return f"value_{place}"


def state_field(place: int) -> str:
    """True where that was logged and fits, false where it does not fit, null where it was not logged."""
    return f"state_{place}"


def record_structs(log: TrainingLog) -> DataFrame:
    """The records, a struct each; with every key whether the record has it."""
    entity, kinds = types_in(log.rows, "entity"), types_in(log.rows, "features")
    asked = {"entity": [name for name in log.keys.values() if name is not None], "features": log.taken}
    rows = log.rows.withColumn("types", names_as_fields(asked))
    parts = [F.unix_micros("event_timestamp").alias("at"), F.col("record_id"), F.col("request_id")]
    for place, logged in enumerate(log.keys.values()):
        if logged is not None:
            key = F.col("entity").getField(logged)
            parts.append(as_key(key, entity[logged]).alias(f"key_{place}"))
            # A null in a struct is a key logged as null, or one that the record does not have: only the first one
            # differs.
            parts.append(_has("entity", logged, True).alias(f"has_key_{place}"))
    for place, (name, field) in enumerate(log.taken.items()):
        kind = log.results[name]
        is_there = _has("features", name, field is not None)
        if field is None:
            parts += [
                F.lit(None).cast(kind).alias(value_field(place)),
                F.when(is_there, True).alias(state_field(place)),
            ]
            continue
        value, own = F.col("features").getField(field), kinds[field]
        parts.append(as_kind(value, own, kind).alias(value_field(place)))
        parts.append(F.when(is_there, fits(value, own, kind)).alias(state_field(place)))
    return rows.select(F.struct(*parts).alias(RECORD))


def _has(part: str, name: str, has_field: bool) -> Column:
    """Whether a record has this name, be it null."""
    return counts_as_logged(says_it_has(F.col("types"), part, name), has_field)
