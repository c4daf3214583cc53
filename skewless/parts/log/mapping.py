"""A table that another system wrote → the columns of a feature log, as its mapping says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType

from skewless.config import LogMapping
from skewless.ground.errors import InputError
from skewless.ground.instants import instant, refusal, utc_date
from skewless.ground.names import unknown
from skewless.ground.spark_columns import NO_KEY, UNPUBLISHABLE, column, is_publishable, key_kind, spelt

_EXACT_TIMES = {
    "ignoreNullFields": "false",
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
}


class Found(NamedTuple):
    """A column of the table and its type."""

    value: Column
    type: DataType


class Lookup:
    """The columns of a table by name, and the problems met while looking them up."""

    def __init__(self, mapping: LogMapping, schema: StructType) -> None:
        self.mapping = mapping
        self.schema = schema
        self.problems: list[str] = []

    def named(self, role: str, columns: Mapping[str, str]) -> dict[str, Found]:
        found = {name: self.one(f"{role}.{name}", text) for name, text in columns.items()}
        return {name: item for name, item in found.items() if item is not None}

    def one(self, role: str, name: str | None) -> Found | None:
        """The column of that name, else the field that the name leads to through structs."""
        if name is None:
            return None
        top = spelt(name, self.schema)
        if top in self.schema.names:
            return Found(column(top), self.schema[top].dataType)
        first, *rest = name.split(".")
        found, fields = None, self.schema
        for part in (first, *rest):
            key = spelt(part, fields)
            if key not in fields.names:
                self.refuse(role, f"no column '{name}'; {unknown(part, fields.names)}")
                return None
            found = Found(found.value.getField(key) if found else column(key), fields[key].dataType)
            fields = found.type if isinstance(found.type, StructType) else StructType([])
        return found

    def refuse(self, role: str, reason: str) -> None:
        self.problems.append(f"log '{self.mapping.name}': {role}: {reason}")


def mapped(rows: DataFrame, mapping: LogMapping) -> DataFrame:
    """The rows with the columns of a feature log; what the table does not have is null.

    Without `record_id` a record's id is a hash of what is mapped, and its number among equal records: the same for
    the same table, at the cost of an exchange. Errors: InputError with every column that is not there or cannot be
    what it is mapped to.
    """
    lookup = Lookup(mapping, rows.schema)
    time = _time(lookup)
    entity = _keys(lookup)
    features = _values(lookup, "features", _feature_columns(lookup))
    tags = _values(lookup, "tags", mapping.tags)
    prediction = lookup.one("prediction", mapping.prediction)
    texts = {
        role: _text(lookup, role, getattr(mapping, role))
        for role in ("record_id", "request_id", "model_version")
    }
    if lookup.problems or time is None:
        raise InputError(lookup.problems)
    nothing = F.lit(None)
    selected = rows.select(
        texts["record_id"].alias("record_id"),
        nothing.cast("timestamp").alias("written_at"),
        nothing.cast("string").alias("host"),
        nothing.cast("bigint").alias("pid"),
        texts["model_version"].alias("model_version"),
        nothing.cast("string").alias("fingerprint"),
        time.alias("event_timestamp"),
        texts["request_id"].alias("request_id"),
        (prediction.value if prediction else nothing).alias("prediction"),
        _struct(entity).alias("entity"),
        _struct(features).alias("features"),
        _struct(tags).alias("tags"),
        nothing.cast("string").alias("types"),
        nothing.cast("timestamp").alias("ingested_at"),
        utc_date(time).alias("event_date"),
        nothing.cast("timestamp").alias("materialized_at"),
    )
    return selected if mapping.record_id else _with_ids(selected)


def _with_ids(rows: DataFrame) -> DataFrame:
    logged = ("model_version", "event_timestamp", "request_id", "prediction", "entity", "features", "tags")
    with_fields = [name for name in logged if rows.schema[name].dataType != StructType([])]
    content = F.sha2(F.to_json(F.struct(*with_fields), _EXACT_TIMES), 256)
    equal = Window.partitionBy("record_id").orderBy("record_id")
    number = (F.row_number().over(equal) - 1).cast("string")
    hashed = rows.withColumn("record_id", content)
    return hashed.withColumn("record_id", F.concat_ws("-", "record_id", number)).select(*rows.columns)


def _struct(found: Mapping[str, Found]) -> Column:
    return F.struct(*(item.value.alias(name) for name, item in found.items()))


def _time(lookup: Lookup) -> Column | None:
    found = lookup.one("event_timestamp", lookup.mapping.event_timestamp)
    if found is None:
        return None
    reason = refusal(found.type, lookup.mapping.timezone)
    if reason:
        lookup.refuse("event_timestamp", f"column '{lookup.mapping.event_timestamp}' {reason}")
        return None
    return instant(found.value, found.type, lookup.mapping.timezone)


def _keys(lookup: Lookup) -> dict[str, Found]:
    found = lookup.named("entity", lookup.mapping.entity)
    for name, item in found.items():
        if key_kind(item.type) is None:
            lookup.refuse(f"entity.{name}", f"is {item.type.simpleString()}; {NO_KEY}")
    return found


def _values(lookup: Lookup, role: str, columns: Mapping[str, str]) -> dict[str, Found]:
    found = lookup.named(role, columns)
    for name, item in found.items():
        if not is_publishable(item.type):
            lookup.refuse(f"{role}.{name}", f"is {item.type.simpleString()}, {UNPUBLISHABLE}; leave it out")
    return found


def _feature_columns(lookup: Lookup) -> Mapping[str, str]:
    mapping = lookup.mapping
    if mapping.features is not None:
        return mapping.features
    prefix = mapping.features_prefix or ""
    names = [name for name in lookup.schema.names if name.startswith(prefix) and name != prefix]
    if not names:
        lookup.refuse(
            "features_prefix", f"no column begins with '{prefix}'; {unknown(prefix, lookup.schema.names)}"
        )
    return {name.removeprefix(prefix): name for name in names}


def _text(lookup: Lookup, role: str, name: str | None) -> Column:
    found = lookup.one(role, name)
    if found is None:
        return F.lit(None).cast("string")
    if key_kind(found.type) is None:
        lookup.refuse(role, f"is {found.type.simpleString()}; an id is text, or a number without a point")
    return found.value.cast("string")
