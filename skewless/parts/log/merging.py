"""The columns of a table and the types of new records → the columns that hold both, and what each record gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructField, StructType

from skewless.ground.spark_columns import column
from skewless.parts.log.column_types import (
    all_kept,
    common,
    converted,
    decimals_of,
    fits,
    has_decimals,
    scale_of,
    storable,
    with_scale,
)
from skewless.parts.log.decoding import STRUCTS, Slot, column_of

PREDICTION = "prediction"


class Field(NamedTuple):
    """A column by its role and folded name; names compare case-insensitively."""

    role: str
    name: str


@dataclass(frozen=True)
class Given:
    """The values of a slot in a batch: where they are, their type with its scale, and whether any is not null."""

    slot: Slot
    place: int
    type: DataType
    has_values: bool = True

    @property
    def field(self) -> Field:
        return Field(self.slot.role, self.slot.name.lower())


@dataclass(frozen=True)
class Wanted:
    """A column as it should be: its spelling, its type, and the type that it has now, None where it is new."""

    role: str
    name: str
    type: DataType
    standing: DataType | None

    @property
    def stored(self) -> DataType:
        return storable(self.type)

    @property
    def is_new(self) -> bool:
        return self.standing is None

    @property
    def changes(self) -> bool:
        return self.standing is not None and self.standing != self.stored

    @property
    def value(self) -> Column:
        """The column's value in its table."""
        top = column(self.role)
        return top.getField(self.name) if self.name else top


def measured(rows: DataFrame, slots: Sequence[Slot], wanted: Iterable[int]) -> dict[int, Given]:
    """The slots at the wanted places with what their values say: the scale of decimals, whether there are any."""
    chosen = sorted(wanted)
    if not chosen:
        return {}
    facts = []
    for place in chosen:
        value = F.col(column_of(place))
        facts.append(F.count(value).alias(f"values_{place}"))
        if has_decimals(slots[place].type):
            facts.append(F.max(scale_of(value, slots[place].type)).alias(f"scale_{place}"))
    found = rows.agg(*facts).first()
    assert found is not None, "an aggregate has one row"
    given = {}
    for place in chosen:
        scale = found[f"scale_{place}"] if has_decimals(slots[place].type) else None
        data_type = with_scale(slots[place].type, scale or 0)
        given[place] = Given(slots[place], place, data_type, bool(found[f"values_{place}"]))
    return given


def standing_columns(schema: StructType) -> dict[Field, Wanted]:
    """The columns of a table that hold logged values, as they are."""
    found: dict[Field, Wanted] = {}
    for role in STRUCTS:
        fields = schema[role].dataType if role in schema.names else StructType([])
        assert isinstance(fields, StructType), "the columns of names are structs"
        for field in fields:
            found[Field(role, field.name.lower())] = Wanted(role, field.name, field.dataType, field.dataType)
    if PREDICTION in schema.names:
        kind = schema[PREDICTION].dataType
        found[Field(PREDICTION, "")] = Wanted(PREDICTION, "", kind, kind)
    return found


def contested(slots: Sequence[Slot], standing: Mapping[Field, Wanted]) -> set[int]:
    """The places of the slots whose column depends on their values: decimals, and types that differ."""
    kinds: dict[Field, set[DataType]] = {}
    for slot in slots:
        field = Field(slot.role, slot.name.lower())
        known = standing.get(field)
        kinds.setdefault(field, {known.type} if known else set()).add(slot.type)
    return {
        place
        for place, slot in enumerate(slots)
        if has_decimals(slot.type) or len(kinds[Field(slot.role, slot.name.lower())]) > 1
    }


def wanted_columns(
    standing: Mapping[Field, Wanted], given: Sequence[Given], can_become: Callable[[Wanted, DataType], bool]
) -> dict[Field, Wanted]:
    """The columns that hold the given values too; of two types that do not go together the first stays.

    `can_become` says whether all values of a standing column fit into another type. Slots without any value
    are asked last, and change no type.
    """
    found = dict(standing)
    # Values before nulls: a slot of nothing but nulls must not settle a new column's type.
    for item in sorted(given, key=lambda item: not item.has_values):
        known = found.get(item.field)
        if known is None:
            found[item.field] = Wanted(item.slot.role, item.slot.name, item.type, None)
            continue
        wanted = common(known.type, item.type)
        if wanted is None and not known.is_new:
            wanted = item.type  # as the column may hold nothing but nulls
        if wanted is None or wanted == known.type or not item.has_values:
            continue
        # A column that stands changes its type only if all it holds fits: a rewrite may not lose a value.
        if known.is_new or can_become(known, storable(wanted)):
            found[item.field] = replace(known, type=wanted)
    return found


def judged(rows: DataFrame, columns: Mapping[Field, Wanted], given: Sequence[Given]) -> DataFrame:
    """The rows with decimals as such, and in `reason` why a record fits into no column of its name, if so."""
    decimals = [item for item in given if has_decimals(item.type)]
    texts = {item.place: F.col(f"text_{item.place}") for item in decimals}
    for item in decimals:
        rows = rows.withColumnRenamed(column_of(item.place), f"text_{item.place}")
    rows = rows.withColumns(
        {column_of(item.place): decimals_of(texts[item.place], item.type) for item in decimals}
    )
    reasons = []
    for item in given:
        wanted, value = columns[item.field].stored, F.col(column_of(item.place))
        is_held = F.lit(True)
        if item.place in texts:
            is_held &= all_kept(texts[item.place], value, item.type)
        if storable(item.type) != wanted:
            is_held &= fits(value, storable(item.type), wanted)
        elif item.place not in texts:
            continue
        reasons.append(F.when(~is_held, F.lit(_misfit(item, wanted))))
    return rows.withColumn("reason", F.coalesce("reason", *reasons)) if reasons else rows


def _misfit(item: Given, wanted: DataType) -> str:
    return f"{item.slot.subject}: a {item.slot.kind} that the column, {wanted.simpleString()}, does not hold exactly"


def logged_values(schema: StructType, given: Sequence[Given]) -> list[Column]:
    """The columns of logged values of a table with this schema, from judged rows without a reason."""
    by_field: dict[Field, list[Given]] = {}
    for item in given:
        by_field.setdefault(item.field, []).append(item)
    columns: list[Column] = []
    for role in (role for role in STRUCTS if role in schema.names):
        fields = schema[role].dataType
        assert isinstance(fields, StructType), "the columns of names are structs"
        values = [_value(field, by_field.get(Field(role, field.name.lower()), [])) for field in fields]
        columns.append(F.struct(*values).alias(role))
    if PREDICTION in schema.names:
        columns.append(_value(schema[PREDICTION], by_field.get(Field(PREDICTION, ""), [])))
    return columns


def _value(field: StructField, given: Sequence[Given]) -> Column:
    values = [
        converted(F.col(column_of(item.place)), storable(item.type), field.dataType)
        for item in sorted(given, key=lambda item: item.place)
    ]
    return F.coalesce(*values, F.lit(None).cast(field.dataType)).alias(field.name)
