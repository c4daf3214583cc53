"""A table's aggregations as Spark sees them: what each event contributes, and what computes them in Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DecimalType,
    DoubleType,
    FloatType,
    LongType,
    NullType,
    StructField,
    StructType,
)

from skewless.ground.event_rows import EventAnswers, EventRows
from skewless.ground.names import unknown
from skewless.ground.spark_columns import INTEGERS, column, spelt, type_text
from skewless.parts.windows.calendar import calendar_bounds
from skewless.parts.windows.kernel.kernel import TableWindows
from skewless.parts.windows.kernel.layout import Measure
from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.aggregations.bounds import CalendarWindow, RollingWindow
from skewless.serving.plan.document.column_types import PADDED, column_type
from skewless.serving.predicates.predicate import bind, check, columns, to_sql

MICROSECONDS_OF_SPARE = 2 * 86_400_000_000


@dataclass(frozen=True)
class WindowReduction:
    """The aggregations of one feature table; `types` are its columns' types, `padded` those of a CHAR type, `strict` as
    the table declares it."""

    aggregations: tuple[Aggregation, ...]
    types: Mapping[str, DataType]
    strict: bool = False
    padded: frozenset[str] = frozenset()

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
        padded = frozenset(field.name for field in schema if column_type(type_text(field)).width)
        types = {field.name: field.dataType for field in schema}
        return cls(spelt_out, types, strict, padded) if spelt_out else None

    def problems(self) -> list[str]:
        """What is wrong with the aggregations over these columns, a line each."""
        return [
            f"aggregation '{each.name}': {text}"
            for each in self.aggregations
            for text in self._problems(each)
        ]

    def _problems(self, aggregation: Aggregation) -> Iterator[str]:
        name, allowed = aggregation.column, aggregation.kind.takes
        if name is not None and name not in self.types:
            yield f"no column '{name}'; {unknown(name, self.types)}"
        elif name is not None and allowed is not None and type_name(self.types[name]) not in allowed:
            found = self.types[name].simpleString()
            yield f"{aggregation.function} takes no {found} (column '{name}'); it takes {', '.join(sorted(allowed))}"
        if aggregation.where is not None:
            read = [name for name in columns(aggregation.where) if name in self.padded]
            yield from (f"where: column '{name}' {PADDED}" for name in read)
            names = {each: type_name(data_type) for each, data_type in self.types.items()}
            yield from (f"where: {problem}" for problem in check(aggregation.where, names))

    def event_columns(self, slot: str) -> list[Column]:
        """What one row tells beside its times: which aggregations it is for, and their values."""
        members = [F.expr(where).alias(f"{slot}_{name}") for where, name in self._members.items()]
        values = [
            _told(column(source), name).alias(f"{slot}_{name}") for source, name in self._values.items()
        ]
        return [*members, *values]

    @property
    def can_be_cut(self) -> bool:
        """Not where doubles are added: in which order neighbours meet is counted from a key's first event (W6)."""
        return not any(_adds_doubles(each, self.types) for each in self.aggregations)

    def oldest(self, first: int) -> int:
        """No window of a label event with T from `first` on reaches further back, in microseconds."""
        start, _ = self.furthest(first).window.bounds(first)
        return start - (MICROSECONDS_OF_SPARE if self.calendars else 0)

    def furthest(self, first: int) -> Aggregation:
        """The aggregation whose window begins before all others', for T = `first`."""
        return min(self.aggregations, key=lambda each: each.window.bounds(first)[0])

    def measures(self, slot: str) -> tuple[Measure, ...]:
        return tuple(self._measure(each, slot) for each in self.aggregations)

    def answers(self, slot: str) -> Callable[[EventRows], EventAnswers]:
        """What computes the aggregations in Arrow, from the table's rows."""
        return partial(TableWindows, measures=self.measures(slot), strict=self.strict)

    def label_columns(self, t: Column) -> dict[str, Column]:
        """The calendar windows' bounds at T, in microseconds, as the measures name them."""
        return {
            name: F.unix_micros(value)
            for window in sorted(set(self.calendars), key=str)
            for name, value in zip(_bound_names(window), calendar_bounds(t, window), strict=True)
        }

    @property
    def calendars(self) -> list[CalendarWindow]:
        return [each.window for each in self.aggregations if isinstance(each.window, CalendarWindow)]

    def schema(self) -> StructType:
        return StructType([StructField(each.name, self.result_type(each)) for each in self.aggregations])

    def result_type(self, aggregation: Aggregation) -> DataType:
        own = NullType() if aggregation.column is None else self.types[aggregation.column]
        return _spark_type(aggregation.kind.gives(own.simpleString()), own)

    @cached_property
    def _members(self) -> dict[str, str]:
        """Predicate → the column that says of an event whether it holds."""
        wanted = dict.fromkeys(self._predicate(each) for each in self.aggregations if each.where is not None)
        return {where: f"member_{place}" for place, where in enumerate(wanted)}

    @cached_property
    def _values(self) -> dict[str, str]:
        """Column → the one that holds its values, or, where nobody takes those, whether there is one."""
        taken = {each.column for each in self.aggregations if each.kind.takes is not None}
        wanted = dict.fromkeys(each.column for each in self.aggregations if each.column)
        return {name: f"{'value' if name in taken else 'known'}_{place}" for place, name in enumerate(wanted)}

    def _predicate(self, aggregation: Aggregation) -> str:
        assert aggregation.where is not None
        return to_sql(aggregation.where, {name: type_name(kind) for name, kind in self.types.items()})

    def _measure(self, aggregation: Aggregation, slot: str) -> Measure:
        window = aggregation.window
        where, value = aggregation.where, aggregation.column
        measure = Measure(
            aggregation.name,
            aggregation.function,
            aggregation.argument,
            member=where and f"{slot}_{self._members[self._predicate(aggregation)]}",
            value=value and f"{slot}_{self._values[value]}",
        )
        if isinstance(window, RollingWindow):
            return replace(measure, length=window.length, offset=window.offset)
        return replace(measure, bounds=_bound_names(window))


def _adds_doubles(aggregation: Aggregation, types: Mapping[str, DataType]) -> bool:
    if not aggregation.kind.sums or aggregation.column is None:
        return False
    return aggregation.function == "stddev" or isinstance(types[aggregation.column], (DoubleType, FloatType))


def _bound_names(window: CalendarWindow) -> tuple[str, str]:
    described = f"{window.length}_{window.unit}_{window.offset}_{window.zone.key}"
    return f"start_{described}", f"end_{described}"


def _told(value: Column, name: str) -> Column:
    """The value, or, for a column that nobody takes values of, true where there is one and else null."""
    return value if name.startswith("value") else F.when(value.isNotNull(), F.lit(True))


def type_name(data_type: DataType) -> str:
    """The name that predicates and functions give a column's type."""
    if isinstance(data_type, INTEGERS):
        return "integer"
    if isinstance(data_type, DecimalType):
        return "decimal"
    if isinstance(data_type, FloatType):
        return "double"
    return data_type.typeName()


def _spark_type(text: str, own: DataType) -> DataType:
    """The type that a function gives as Spark has it; `own` is that of the function's column."""
    made = (own, ArrayType(own), LongType(), DoubleType())
    for data_type in made:
        if data_type.simpleString() == text:
            return data_type
    precision, scale = text.removeprefix("decimal(").removesuffix(")").split(",")
    return DecimalType(int(precision), int(scale))
