"""A table's aggregations as Spark sees them: what each event contributes, and the pass over the sorted rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DecimalType,
    DoubleType,
    FloatType,
    LongType,
    StructField,
    StructType,
)

from features.aggregation import Aggregation
from features.predicate import bind, check, to_sql
from features.window_bounds import CalendarWindow, RollingWindow
from jobs.pit.columns import unknown
from jobs.pit.fields import INTEGERS, column, spelt
from jobs.pit.windows.calendar import calendar_bounds
from jobs.pit.windows.kernel import Layout, Measure, aggregate_batches

COUNTS = ("count", "count_distinct")
PRESENCE = ("count", "time_since_last")
"""Functions of a column that ask only whether its value is there."""

MICROSECONDS_OF_SPARE = 2 * 86_400_000_000


@dataclass(frozen=True)
class WindowReduction:
    """The aggregations of one feature table; `types` are its columns' types, `strict` as the table declares it."""

    aggregations: tuple[Aggregation, ...]
    types: Mapping[str, DataType]
    strict: bool = False

    @classmethod
    def read(
        cls, specs: Sequence[Mapping[str, object]], schema: StructType, strict: bool
    ) -> WindowReduction | None:
        """The aggregations of a checked configuration, columns spelt as in the table; None where there are none."""
        read = [Aggregation.from_spec(spec) for spec in specs]
        spelt_out = tuple(
            each._replace(
                column=each.column and spelt(each.column, schema),
                where=each.where and bind(each.where, schema.names),
            )
            for each in read
        )
        return cls(spelt_out, {field.name: field.dataType for field in schema}, strict) if spelt_out else None

    def problems(self) -> list[str]:
        """What is wrong with the aggregations over these columns, a line each."""
        return [
            f"aggregation '{each.name}': {text}"
            for each in self.aggregations
            for text in self._problems(each)
        ]

    def _problems(self, aggregation: Aggregation) -> Iterator[str]:
        name, allowed = aggregation.column, aggregation.types
        if name is not None and name not in self.types:
            yield f"no column '{name}'; {unknown(name, self.types)}"
        elif name is not None and allowed is not None and type_name(self.types[name]) not in allowed:
            found = self.types[name].simpleString()
            yield f"{aggregation.function} takes no {found} (column '{name}'); it takes {', '.join(sorted(allowed))}"
        if aggregation.where is not None:
            names = {each: type_name(data_type) for each, data_type in self.types.items()}
            yield from (f"where: {problem}" for problem in check(aggregation.where, names))

    def event(self, event: Column, available: Column) -> Column:
        """One row as an event: its times in microseconds, which aggregations it is for, and their values."""
        members = [self._is_member(*key).alias(name) for key, name in self._members.items()]
        values = [column(source).alias(name) for source, name in self._values.items()]
        times = [F.unix_micros(event).alias("event"), F.unix_micros(available).alias("available")]
        return F.struct(*times, *members, *values)

    def oldest(self, first: int) -> int:
        """No window of a label event with T from `first` on reaches further back, in microseconds."""
        starts = [each.window.bounds(first)[0] for each in self.aggregations]
        has_calendar = any(isinstance(each.window, CalendarWindow) for each in self.aggregations)
        return min(starts) - (MICROSECONDS_OF_SPARE if has_calendar else 0)

    def measures(self, slot: str) -> tuple[Measure, ...]:
        return tuple(self._measure(each, slot) for each in self.aggregations)

    def bounds(self, slot: str) -> list[Column]:
        """The calendar windows' bounds at `t`, in microseconds, as the measures name them."""
        bounds = []
        for each in self.aggregations:
            if isinstance(each.window, CalendarWindow):
                for name, value in zip(
                    _bound_names(slot, each), calendar_bounds(F.col("t"), each.window), strict=True
                ):
                    bounds.append(F.unix_micros(value).alias(name))
        return bounds

    def schema(self) -> StructType:
        return StructType([StructField(each.name, self.result_type(each)) for each in self.aggregations])

    def result_type(self, aggregation: Aggregation) -> DataType:
        function = aggregation.function
        if function in COUNTS:
            return LongType()
        if function in ("mean", "stddev", "time_since_last"):
            return DoubleType()
        assert aggregation.column is not None, "the configuration gives these functions a column"
        data_type = self.types[aggregation.column]
        if function == "last_n":
            return ArrayType(data_type)
        return _sum_type(data_type) if function == "sum" else data_type

    @cached_property
    def _members(self) -> dict[tuple[str | None, str | None], str]:
        """(predicate, column that has to be there) → the field that says of an event whether both hold."""
        wanted = dict.fromkeys(self._member_key(each) for each in self.aggregations)
        return {key: f"member_{place}" for place, key in enumerate(wanted)}

    @cached_property
    def _values(self) -> dict[str, str]:
        wanted = dict.fromkeys(
            each.column for each in self.aggregations if each.column and each.function not in PRESENCE
        )
        return {name: f"value_{place}" for place, name in enumerate(wanted)}

    def _member_key(self, aggregation: Aggregation) -> tuple[str | None, str | None]:
        names = {name: type_name(data_type) for name, data_type in self.types.items()}
        where = None if aggregation.where is None else to_sql(aggregation.where, names)
        return where, aggregation.column

    @staticmethod
    def _is_member(where: str | None, present: str | None) -> Column:
        holds = F.lit(True) if where is None else F.coalesce(F.expr(where), F.lit(False))
        return holds if present is None else holds & column(present).isNotNull()

    def _measure(self, aggregation: Aggregation, slot: str) -> Measure:
        window = aggregation.window
        member = self._members[self._member_key(aggregation)]
        value = None if aggregation.function in PRESENCE else self._values.get(aggregation.column or "")
        measure = Measure(aggregation.name, aggregation.function, aggregation.argument, member, value)
        if isinstance(window, RollingWindow):
            return replace(measure, length=window.length, offset=window.offset)
        return replace(measure, bounds=_bound_names(slot, aggregation))


def aggregate_windows(
    rows: DataFrame, keys: Sequence[str], carried: Sequence[str], reductions: Mapping[str, WindowReduction]
) -> DataFrame:
    """The label events among rows sorted by key, with the carried columns and, per reduction, a struct of aggregates.

    The struct has the name of its events' column. Where `asked_at` is null (no entity, no T) it holds nulls.
    One pass in Arrow for all tables and windows of these keys; no exchange and no sort of its own.
    """
    bounds = [bound for slot, reduction in reductions.items() for bound in reduction.bounds(slot)]
    layout = Layout(
        keys=tuple(keys),
        time="asked_at",
        label_id="label_id",
        carried=tuple(carried),
        events={slot: reduction.measures(slot) for slot, reduction in reductions.items()},
        strict=frozenset(slot for slot, reduction in reductions.items() if reduction.strict),
    )
    types = {field.name: field.dataType for field in rows.schema}
    schema = StructType([StructField(name, types[name]) for name in carried])
    for slot, reduction in reductions.items():
        schema.add(slot, reduction.schema())

    def aggregate(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        return aggregate_batches(iter(batches), layout)

    return rows.select("*", *bounds).mapInArrow(aggregate, schema)


def type_name(data_type: DataType) -> str:
    """The name that predicates and functions give a column's type."""
    if isinstance(data_type, INTEGERS):
        return "integer"
    if isinstance(data_type, DecimalType):
        return "decimal"
    if isinstance(data_type, FloatType):
        return "double"
    return data_type.typeName()


def _sum_type(data_type: DataType) -> DataType:
    if isinstance(data_type, DecimalType):
        return DecimalType(min(38, data_type.precision + 10), data_type.scale)
    return LongType() if isinstance(data_type, INTEGERS) else DoubleType()


def _bound_names(slot: str, aggregation: Aggregation) -> tuple[str, str]:
    return f"start_{slot}_{aggregation.name}", f"end_{slot}_{aggregation.name}"
