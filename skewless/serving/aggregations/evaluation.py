"""Window aggregations evaluated: prepared once, then events and T → values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.aggregations.bounds import dates_problem
from skewless.serving.aggregations.reducers import REDUCERS, Event
from skewless.serving.aggregations.visibility import Row, TimedRow, Visibility, missing_column
from skewless.serving.errors import FeatureError, raised, shown
from skewless.serving.predicates.predicate import columns, compiled
from skewless.serving.values.cells import cells
from skewless.serving.values.checks import Refused
from skewless.serving.values.instants import micros

Events = Iterable[Row]
Moment = dt.datetime | None
Evaluator = Callable[[Events, Moment], dict[str, Any]]
Step = Callable[[list[TimedRow], int], Any]

_PLAIN = Visibility()


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
        visible = visibility.visible(visibility.timed(rows), moment)
        return {name: step(visible, moment) for name, step in steps.items()}

    return values


def prepared(aggregations: Sequence[Aggregation], types: Mapping[str, str] | None = None) -> dict[str, Step]:
    """Per aggregation a function of (visible events with their times, T in microseconds) that gives its value."""
    return {each.name: _step(each, types or {}) for each in aggregations}


def _step(aggregation: Aggregation, types: Mapping[str, str]) -> Step:
    reduce, kind = REDUCERS[aggregation.function], aggregation.kind
    window, argument = aggregation.window, aggregation.argument
    test = None if aggregation.where is None else compiled(aggregation.where, types)

    def value(visible: list[TimedRow], at: int) -> Any:
        try:
            # The window first, then the predicate: it is the cheaper test, and leaves fewer rows to the other.
            start, end = window.bounds(at)
            inside = [entry for entry in visible if start <= entry[0] < end]
            if test is not None:
                inside = [entry for entry in inside if test(entry[2]) is True]
            events = _with_values(inside, aggregation, types)
            return reduce(events, argument, at) if events else kind.of_nothing
        except (FeatureError, Refused, ArithmeticError) as error:
            raise FeatureError(f"aggregation '{aggregation.name}': {_said(error)}") from None

    return value


def _with_values(inside: list[TimedRow], aggregation: Aggregation, types: Mapping[str, str]) -> list[Event]:
    """The events whose value takes part, with that value; without a column all of them."""
    column = aggregation.column
    if column is None:
        return [(event, available, None) for event, available, _ in inside]
    present = [entry for entry in inside if entry[2][column] is not None]
    values = [row[column] for _, _, row in present]
    taken = aggregation.kind.takes
    if taken is not None:
        try:
            values = cells(values, taken)
        except Refused as error:
            raise Refused(f"column '{column}': {error}") from None
        if types.get(column) == "double":
            # An int in a double column is a double in Spark: `sum` of them must be one too.
            values = [float(value) for value in values]
    return [(event, available, value) for (event, available, _), value in zip(present, values, strict=True)]


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
