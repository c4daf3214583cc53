"""Window aggregations evaluated: prepared once, then events and T → values."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress, repeat
from typing import Any, NamedTuple

from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.aggregations.bounds import dates_problem
from skewless.serving.aggregations.reducers import REDUCERS, Within
from skewless.serving.aggregations.visibility import Row, Visibility, missing_column
from skewless.serving.errors import FeatureError, raised, shown
from skewless.serving.predicates.predicate import columns, compiled
from skewless.serving.values.cells import cells
from skewless.serving.values.checks import Refused
from skewless.serving.values.instants import micros

Events = Iterable[Row]
Moment = dt.datetime | None
Evaluator = Callable[[Events, Moment], dict[str, Any]]

_PLAIN = Visibility()


class Visible(NamedTuple):
    """The visible events as columns of equal lengths: when each happened and landed, in microseconds, and its values.

    `in_order` says that the first do not fall, as a store has them.
    """

    events: Sequence[int]
    available: Sequence[int]
    columns: Mapping[str, Sequence[Any]]
    in_order: bool

    def between(self, start: int, end: int) -> Visible:
        """Those from `start` on and before `end`."""
        if not self.in_order:
            return self.where([start <= event < end for event in self.events])
        own = slice(bisect_left(self.events, start), bisect_left(self.events, end))
        columns = {name: values[own] for name, values in self.columns.items()}
        return Visible(self.events[own], self.available[own], columns, True)

    def where(self, taken: Sequence[bool]) -> Visible:
        """Those that are taken."""
        columns = {name: list(compress(values, taken)) for name, values in self.columns.items()}
        events, available = (list(compress(times, taken)) for times in (self.events, self.available))
        return Visible(events, available, columns, self.in_order)

    def rows(self, names: Sequence[str]) -> Iterable[Row]:
        """These columns, row by row."""
        values = (
            zip(*(self.columns[name] for name in names), strict=True)
            if names
            else repeat((), len(self.events))
        )
        return (dict(zip(names, row, strict=True)) for row in values)


Step = Callable[[Visible, int], Any]


def evaluate(aggregation: Aggregation, events: Events, at: Moment, visibility: Visibility = _PLAIN) -> Any:
    """The value of one aggregation at T = `at`; None where `at` is None."""
    return evaluator([aggregation], visibility)(events, at)[aggregation.name]


def evaluator(
    aggregations: Sequence[Aggregation], visibility: Visibility, types: Mapping[str, str] | None = None
) -> Evaluator:
    """A function of (events, T) that gives the value of every aggregation by its name.

    What depends on neither events nor T is done once, here; the events' times are read once a call. `types`
    (column → type name, as predicates take them) lets an int in a double column count as a double.
    """
    steps = prepared(aggregations, types)
    needed = tuple(dict.fromkeys(name for each in aggregations for name in _columns(each)))
    no_dates = _no_dates(aggregations, visibility)

    def values(events: Events, at: Moment) -> dict[str, Any]:
        if at is None:
            return dict.fromkeys(steps)
        moment = _instant(at)
        rows = events if isinstance(events, list) else list(events)
        _require(rows, needed)
        if no_dates is not None:
            _refuse_dates(rows, visibility.event_timestamp, no_dates)
        timed = visibility.visible(visibility.timed(rows), moment)
        happened, landed = [event for event, _, _ in timed], [available for _, available, _ in timed]
        own = {name: [row[name] for _, _, row in timed] for name in needed}
        visible = Visible(happened, landed, own, False)
        return {name: step(visible, moment) for name, step in steps.items()}

    return values


def prepared(aggregations: Sequence[Aggregation], types: Mapping[str, str] | None = None) -> dict[str, Step]:
    """Per aggregation a function of (visible events with their times, T in microseconds) that gives its value."""
    return {each.name: _step(each, types or {}) for each in aggregations}


def _step(aggregation: Aggregation, types: Mapping[str, str]) -> Step:
    reduce, kind = REDUCERS[aggregation.function], aggregation.kind
    window, argument = aggregation.window, aggregation.argument
    tested = () if aggregation.where is None else columns(aggregation.where)
    test = None if aggregation.where is None else compiled(aggregation.where, types)

    def value(visible: Visible, at: int) -> Any:
        try:
            # The window first, then the predicate: it is the cheaper test, and leaves fewer rows to the other.
            start, end = window.bounds(at)
            inside = visible.between(start, end)
            if test is not None:
                inside = inside.where([test(row) is True for row in inside.rows(tested)])
            own = _with_values(inside, aggregation, types)
            return reduce(own, argument, at) if own.events else kind.of_nothing
        except (FeatureError, Refused, ArithmeticError) as error:
            raise FeatureError(f"aggregation '{aggregation.name}': {_said(error)}") from None

    return value


def _with_values(inside: Visible, aggregation: Aggregation, types: Mapping[str, str]) -> Within:
    """The events whose value takes part, with that value; without a column all of them."""
    column = aggregation.column
    if column is None:
        return Within(inside.events, inside.available, ())
    present = [value is not None for value in inside.columns[column]]
    if not all(present):
        inside = inside.where(present)
    values, taken = inside.columns[column], aggregation.kind.takes
    if taken is not None:
        try:
            values = cells(list(values), taken)
        except Refused as error:
            raise Refused(f"column '{column}': {error}") from None
        if types.get(column) == "double":
            # An int in a double column is a double in Spark: `sum` of them must be one too.
            values = list(map(float, values))
    return Within(inside.events, inside.available, values)


def _said(error: Exception) -> str:
    """The message of an error worded here, and whatever Python says of any other."""
    return str(error) if type(error) in (FeatureError, Refused, ArithmeticError) else raised(error)


def _columns(aggregation: Aggregation) -> tuple[str, ...]:
    of_where = () if aggregation.where is None else columns(aggregation.where)
    return of_where if aggregation.column is None else (aggregation.column, *of_where)


def _require(rows: list[Row], needed: tuple[str, ...]) -> None:
    for name in needed:
        for position, row in enumerate(rows):
            if name not in row:
                raise missing_column(position, name, row)


def _no_dates(aggregations: Sequence[Aggregation], visibility: Visibility) -> str | None:
    """Why one of the aggregations takes no event whose time is a date, None where all take them."""
    if visibility.timezone is not None:
        return None
    for each in aggregations:
        if problem := dates_problem(each.window, visibility.event_timestamp):
            return f"aggregation '{each.name}': {problem}"
    return None


def _refuse_dates(rows: list[Row], column: str, problem: str) -> None:
    for position, row in enumerate(rows):
        if type(row.get(column)) is dt.date:
            raise FeatureError(f"event {position}: {problem}")


def _instant(at: object) -> int:
    if type(at) is not dt.datetime:
        raise FeatureError(f"at: expected an aware datetime, found {type(at).__name__} {shown(at)}")
    if at.utcoffset() is None:
        raise FeatureError(f"at: naive datetime {shown(at)}; give it a time zone")
    return micros(at)
