"""The window aggregations of one feature table: the events that a store gave, and T → their values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any

from skewless.serving.aggregations.bounds import RollingWindow, Window
from skewless.serving.aggregations.evaluation import Visible, prepared
from skewless.serving.aggregations.visibility import last_visible
from skewless.serving.errors import FeatureError
from skewless.serving.plan.serve.column_values import accepting
from skewless.serving.plan.serve.join import Entity, Reading, Row, RowTimes
from skewless.serving.plan.serve.stored import is_as_stored
from skewless.serving.plan.serve.tables import JoinedTable
from skewless.serving.store.reading import StoredRows

Aggregates = Callable[[Sequence[Row] | StoredRows, Entity, int], tuple[Any, ...]]

_LONGEST_DAYS = {"day": 1, "week": 7, "month": 31}
_SPARE_DAYS = 2  # more than any zone ever put between its clocks and themselves


def aggregates_of(table: JoinedTable) -> Aggregates:
    """A function of (events, entity, T in microseconds) that gives the value of every aggregation, in order.

    Values are those that Spark publishes: decimals have their column's scale, also in sums. A sum of integers
    beyond 64 bits, and one of decimals beyond 38 digits, is an error that names the aggregation.
    """
    subject = f"feature table '{table.name}'"
    by_row, by_column = _by_row(table), _by_column(table)
    steps = list(prepared(table.aggregations, table.families).values())

    def aggregates(rows: Sequence[Row] | StoredRows, entity: Entity, at: int) -> tuple[Any, ...]:
        visible = by_column(rows, entity, at) if isinstance(rows, StoredRows) else by_row(rows, entity, at)
        try:
            return tuple([step(visible, at) for step in steps])
        except FeatureError as error:
            raise FeatureError(*(f"{subject}: {problem}" for problem in error.problems)) from None

    return aggregates


def _by_row(table: JoinedTable) -> Callable[[Sequence[Row], Entity, int], Visible]:
    times, names, readings = RowTimes.of(table), table.event_columns, _readings(table)

    def visible(rows: Sequence[Row], entity: Entity, at: int) -> Visible:
        timed = times.visible(rows, entity, at)
        # Row by row, so that the error is that of the first row.
        values = [[reading.of(rows[position], position) for reading in readings] for _, _, position in timed]
        columns = {name: [row[place] for row in values] for place, name in enumerate(names)}
        events, available = ([each[place] for each in timed] for place in (0, 1))
        return Visible(events, available, columns, False)

    return visible


def _by_column(table: JoinedTable) -> Callable[[StoredRows, Entity, int], Visible]:
    """The same of a store's rows: row by row, a thousand events take four times as long.

    Where the times are no timestamps, or a column is the key, which has to be the entity's, rows are made all the same.
    """
    by_row, times, readings = _by_row(table), RowTimes.of(table), _readings(table)
    moment = table.event_timestamp or ""
    landing = table.available_at or moment
    keys = {key for key, _ in table.join_keys}

    def visible(stored: StoredRows, entity: Entity, at: int) -> Visible:
        columns = stored.columns()
        is_known = columns.keys() >= {moment, landing, *table.event_columns} and not columns.keys() & keys
        if not is_known or columns[moment].code != "t" or columns[landing].code != "t":
            return by_row(stored.rows(), entity, at)
        events, landed = columns[moment].raw, columns[landing].raw
        values = {name: columns[name].values() for name in table.event_columns}
        places: Sequence[int] = range(len(events))
        last = last_visible(at, times.strict)
        if None in events or None in landed or max(events) > last or max(landed) + times.delay > last:
            seen = _seen(events, landed, last, last - times.delay)
            events, landed, places = (list(compress(each, seen)) for each in (events, landed, places))
            values = {name: list(compress(each, seen)) for name, each in values.items()}
        for each in readings:
            if not is_as_stored(table.types[each.column], columns[each.column].code):
                values[each.column] = _taken(values[each.column], each, places)
        # Without the delay, which is the same of all and settles no order among them.
        return Visible(events, landed, values, list(events) == sorted(events))

    return visible


def _seen(events: Sequence[int | None], landed: Sequence[int | None], last: int, latest: int) -> list[bool]:
    """Which events happened and landed by then; none of these is null."""
    return [
        event is not None and own is not None and event <= last and own <= latest
        for event, own in zip(events, landed, strict=True)
    ]


def _taken(values: Sequence[Any], reading: Reading, places: Sequence[int]) -> list[Any]:
    """The values of these rows, by their column's type."""
    return [
        None if value is None else reading.taken(value, place)
        for value, place in zip(values, places, strict=True)
    ]


def _readings(table: JoinedTable) -> list[Reading]:
    subject = f"feature table '{table.name}'"
    return [Reading(name, accepting(table.types[name]), subject) for name in table.event_columns]


def look_back(window: Window) -> dt.timedelta:
    """How far before T a window can begin, at most.

    >>> look_back(RollingWindow(3_600_000_000, 60_000_000))
    datetime.timedelta(seconds=3660)
    """
    if isinstance(window, RollingWindow):
        return dt.timedelta(microseconds=window.length + window.offset)
    units = window.length + window.offset
    return dt.timedelta(days=units * _LONGEST_DAYS[window.unit] + _SPARE_DAYS)
