"""What a log record tells of its label event: as it logged it, else as the one label event has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType

from skewless.ground.instants import could_be_within
from skewless.ground.spark_columns import INTEGERS, as_key, column
from skewless.parts.log.reading import counts_as_logged, has_name, names_as_fields
from skewless.parts.spine.events import event_time
from skewless.training_set.opened import OpenedTrainingSet

RECORD = "record"
"""The struct column of the spine that holds the record: what it logged, and where."""

BITS = 62
"""Names that one whole number tells of."""


@dataclass(frozen=True)
class Presence:
    """Which names a record has: a bit each, since a record carries them through every join.

    `names` are those that anyone asks for, in lower case, of the parts `features` and `entity`.
    """

    names: Mapping[str, tuple[str, ...]]

    def added_to(self, records: DataFrame) -> DataFrame:
        """The records with `types`, in JSON, made into whole numbers, a field for each part and BITS names."""
        parsed = records.withColumn("types", names_as_fields(self.names))
        numbers = [
            F.when(F.col("types").getField(part).isNotNull(), _bits(part, names[first : first + BITS])).alias(
                _field(part, first)
            )
            for part, names in self.names.items()
            for first in range(0, len(names), BITS)
        ]
        return parsed.withColumn("types", F.struct(F.lit(True).alias("nothing"), *numbers))

    def was_logged(self, part: str, name: str, types: Column) -> Column:
        """Whether a record has this name at all, be it null."""
        return counts_as_logged(self.says(part, name, types))

    def says(self, part: str, name: str, types: Column) -> Column:
        """What a record itself says of the name; null where it says nothing."""
        place = self.names[part].index(name.casefold())
        number = types.getField(_field(part, place - place % BITS))
        return F.getbit(number, F.lit(place % BITS)) == 1


def _field(part: str, first: int) -> str:
    return f"{part}_{first}"


def _bits(part: str, names: tuple[str, ...]) -> Column:
    number = F.lit(0).cast("bigint")
    for place, name in enumerate(names):
        is_there = has_name(F.col("types").getField(part), name)
        number = number.bitwiseOR(
            F.when(is_there, F.lit(1 << place).cast("bigint")).otherwise(F.lit(0).cast("bigint"))
        )
    return number


def label_value(
    rows: DataFrame, name: str, kind: DataType, results: set[str], presence: Presence
) -> tuple[Column, Column]:
    """A column of the label event: as the entity or the features have it, else from the one label event."""
    record = F.col(RECORD)
    places: list[tuple[Column, Column]] = []
    for part in ("entity", "features"):
        fields = {each.casefold(): (each, own) for each, own in record_types(rows, part).items()}
        if name.casefold() in fields and (part == "entity" or name.casefold() not in results):
            each, own = fields[name.casefold()]
            value = record.getField(part).getField(each)
            is_there = presence.was_logged(part, each, record.getField("types"))
            places.append((is_there, _as_label(value, own, kind)))
    if "found" in rows.columns and name in rows.schema["found"].dataType.names:  # type: ignore[attr-defined]
        places.append((F.col("is_found"), F.col("found").getField(name)))
    value, known = F.lit(None).cast(kind), F.lit(False)
    for is_there, found in reversed(places):
        value, known = F.when(is_there, found).otherwise(value), is_there | known
    return value, F.coalesce(known, F.lit(False))


def _as_label(value: Column, own: DataType, kind: DataType) -> Column:
    """The logged value as the label event's column has it; integers of every width are keys alike."""
    if own == kind or (isinstance(own, INTEGERS) and isinstance(kind, INTEGERS)):
        return value if own == kind else value.try_cast(kind)
    return value.try_cast(kind)


def with_label_event(
    rows: DataFrame,
    opened: OpenedTrainingSet,
    events: DataFrame,
    names: list[str],
    first: int | None,
    last: int | None,
) -> DataFrame:
    """The rows with `found`, the wanted columns of the one label event with their keys and T, and `is_found`."""
    labels = opened.labels
    types = {field.name: field.dataType for field in events.schema}
    entity = {name.casefold(): name for name in record_types(rows, "entity")}
    keys = [name for name in events.columns if name.casefold() in entity and name != labels.event_timestamp]
    time = column(labels.event_timestamp)
    near = events.where(could_be_within(time, types[labels.event_timestamp], first, last))
    once = (
        near.select(
            *[as_key(column(name), types[name]).alias(f"own_{place}") for place, name in enumerate(keys)],
            event_time(events, labels).alias("own_t"),
            F.struct(*[column(name) for name in names]).alias("found"),
        )
        .groupBy(*[f"own_{place}" for place in range(len(keys))], "own_t")
        .agg(F.count(F.lit(1)).alias("label_events"), F.first("found").alias("found"))
    )
    matches = [F.col("t") == F.col("own_t")]
    for place, name in enumerate(keys):
        value = F.col(RECORD).getField("entity").getField(entity[name.casefold()])
        kind = record_types(rows, "entity")[entity[name.casefold()]]
        wanted = as_key(_as_label(value, kind, types[name]), types[name])
        matches.append(wanted.eqNullSafe(F.col(f"own_{place}")))
    is_found = F.coalesce(F.col("label_events") == 1, F.lit(False)).alias("is_found")
    return rows.join(once, matches, how="left").select(*rows.columns, "found", is_found)


def record_types(rows: DataFrame, part: str) -> dict[str, DataType]:
    record = rows.schema[RECORD].dataType
    assert isinstance(record, StructType), "a record is a struct"
    kind = record[part].dataType
    return {field.name: field.dataType for field in kind} if isinstance(kind, StructType) else {}
