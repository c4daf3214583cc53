"""Rows of a published version → what they hold, column by column, in one aggregation, and one more for few values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DecimalType,
    DoubleType,
    FloatType,
    MapType,
    StringType,
    StructType,
)

from skewless.ground.spark_columns import INTEGERS, column

MOST_VALUES = 20
"""Up to so many distinct values a text names kinds; of more a list would be stale the next day."""

NUMBERS = (*INTEGERS, DecimalType, DoubleType, FloatType)
NESTED = (ArrayType, MapType, StructType)


@dataclass(frozen=True)
class Share:
    """Rows of which some are null."""

    rows: int
    nulls: int

    @property
    def of_nulls(self) -> float:
        return self.nulls / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Measure:
    """A column of the version. `own` is of the rows that its build wrote, `all` of what stands beside them too.

    `distinct` is near to the number of values, None for nested ones. `least` and `greatest` are of numbers without NaN
    and infinities, which `strange` counts; `values` are those of a column of few texts or integers.
    """

    name: str
    kind: DataType
    own: Share
    all: Share
    distinct: int | None = None
    least: float | int | None = None
    greatest: float | int | None = None
    strange: int = 0
    values: tuple[Any, ...] | None = None

    @property
    def null_share(self) -> float:
        """The greater of the two: a build of the version again meets its own rows alone."""
        return max(self.own.of_nulls, self.all.of_nulls)

    @property
    def is_integer(self) -> bool:
        return isinstance(self.kind, INTEGERS)

    @property
    def is_number(self) -> bool:
        return isinstance(self.kind, NUMBERS)

    @property
    def is_text(self) -> bool:
        return isinstance(self.kind, StringType)


def measured(rows: DataFrame, is_own: Column) -> list[Measure]:
    """All columns in their order; `is_own` says which rows the version's own build wrote."""
    kinds = {field.name: field.dataType for field in rows.schema}
    asked = {
        f"{what}_{place}": value
        for place, (name, kind) in enumerate(kinds.items())
        for what, value in _asked(column(name), kind)
    }
    one_pass = rows.groupBy(is_own.alias("own")).agg(
        F.count(F.lit(1)).alias("rows"), *(value.alias(name) for name, value in asked.items())
    )
    groups = [row.asDict() for row in one_pass.collect()]
    found = [_measure(place, name, kind, groups) for place, (name, kind) in enumerate(kinds.items())]
    return _with_values(rows, found)


def _asked(value: Column, kind: DataType) -> Iterator[tuple[str, Column]]:
    yield "nulls", F.count_if(value.isNull())
    if not isinstance(kind, NESTED):
        yield "distinct", F.approx_count_distinct(value)
    if isinstance(kind, NUMBERS):
        is_finite = _is_finite(value, kind)
        finite = F.when(is_finite, value)
        yield from (("least", F.min(finite)), ("greatest", F.max(finite)))
        yield "strange", F.count_if(value.isNotNull() & ~is_finite)


def _is_finite(value: Column, kind: DataType) -> Column:
    if not isinstance(kind, (DoubleType, FloatType)):
        return value.isNotNull()
    return ~F.isnan(value) & (F.abs(value) != F.lit(math.inf))


def _measure(place: int, name: str, kind: DataType, groups: Sequence[Mapping[str, Any]]) -> Measure:
    def of(what: str) -> list[Any]:
        return [group[key] for group in groups if group.get(key := f"{what}_{place}") is not None]

    def share(part: Sequence[Mapping[str, Any]]) -> Share:
        return Share(sum(group["rows"] for group in part), sum(group[f"nulls_{place}"] for group in part))

    own = share([group for group in groups if group["own"]])
    least = min(map(_plain, of("least")), default=None)
    greatest = max(map(_plain, of("greatest")), default=None)
    distinct = max(of("distinct"), default=None)
    return Measure(name, kind, own, share(groups), distinct, least, greatest, sum(of("strange")))


def _plain(number: Any) -> float | int:
    return number if isinstance(number, int) else float(number)


def _with_values(rows: DataFrame, found: Sequence[Measure]) -> list[Measure]:
    """With the values of those that have few. By themselves, since a set of a column of many fills the memory."""
    few = [each for each in found if _has_few(each)]
    if not few:
        return list(found)
    sets = [F.collect_set(column(each.name)).alias(str(place)) for place, each in enumerate(few)]
    row = rows.agg(*sets).collect()[0]
    values = {each.name: tuple(sorted(row[str(place)])) for place, each in enumerate(few)}
    # Counted anew, since there may be a few more than the first pass guessed.
    kept = {name: known for name, known in values.items() if 0 < len(known) <= MOST_VALUES}
    return [replace(each, values=kept.get(each.name)) for each in found]


def _has_few(measure: Measure) -> bool:
    return (measure.is_text or measure.is_integer) and (measure.distinct or 0) <= MOST_VALUES
