"""The window aggregations of one feature table: the events that a store gave, and T → their values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

from skewless.serving.aggregations.bounds import RollingWindow, Window
from skewless.serving.aggregations.evaluation import prepared
from skewless.serving.aggregations.visibility import TimedRow
from skewless.serving.errors import FeatureError
from skewless.serving.plan.document.column_types import ColumnType
from skewless.serving.plan.serve.column_values import accepting
from skewless.serving.plan.serve.join import Entity, Reading, Row, RowTimes
from skewless.serving.plan.serve.tables import JoinedTable
from skewless.serving.store.reading import StoredColumn, StoredRows

Aggregates = Callable[[Sequence[Row] | StoredRows, Entity, int], tuple[Any, ...]]

_LONGEST_DAYS = {"day": 1, "week": 7, "month": 31}
_SPARE_DAYS = 2  # more than any zone ever put between its clocks and themselves
_AS_STORED = {
    ("bigint", "q"),
    ("double", "d"),
    ("string", "s"),
    ("boolean", "b"),
    ("binary", "y"),
    ("date", "i"),
    ("timestamp", "t"),
}
"""Column types whose values enter as a store's column of that code has them; those of other columns are asked one by
one, for their width or their scale."""


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


def _by_row(table: JoinedTable) -> Callable[[Sequence[Row], Entity, int], list[TimedRow]]:
    times, names, readings = RowTimes.of(table), table.event_columns, _readings(table)

    def visible(rows: Sequence[Row], entity: Entity, at: int) -> list[TimedRow]:
        return [
            (
                event,
                available,
                dict(zip(names, [reading.of(rows[position], position) for reading in readings], strict=True)),
            )
            for event, available, position in times.visible(rows, entity, at)
        ]

    return visible


def _by_column(table: JoinedTable) -> Callable[[StoredRows, Entity, int], list[TimedRow]]:
    """The same of a store's columns: row by row, a thousand events take four times as long.

    Where the times are no timestamps, or a column is the key, which has to be the entity's, rows are made all the same.
    """
    by_row, times, readings, names = _by_row(table), RowTimes.of(table), _readings(table), table.event_columns
    moment = table.event_timestamp or ""
    landing = table.available_at or moment
    keys = {key for key, _ in table.join_keys}

    def visible(stored: StoredRows, entity: Entity, at: int) -> list[TimedRow]:
        columns = stored.columns
        is_known = columns.keys() >= {moment, landing, *names} and not columns.keys() & keys
        if not is_known or columns[moment].code != "t" or columns[landing].code != "t":
            return by_row(stored.rows(), entity, at)
        last = at - 1 if times.strict else at
        timed = [
            (event, landed + times.delay, position)
            for position, (event, landed) in enumerate(
                zip(columns[moment].raw, columns[landing].raw, strict=True)
            )
            if event is not None and landed is not None and event <= last and landed + times.delay <= last
        ]
        values = [
            _taken(columns[each.column], each, table.types[each.column], [place for _, _, place in timed])
            for each in readings
        ]
        rows = zip(*values, strict=True) if values else repeat((), len(timed))
        return [
            (event, available, dict(zip(names, row, strict=True)))
            for (event, available, _), row in zip(timed, rows, strict=True)
        ]

    return visible


def _taken(column: StoredColumn, reading: Reading, kind: ColumnType, places: list[int]) -> list[Any]:
    """The values of a column at these places, by its type."""
    values = column.values()
    picked = [values[place] for place in places]
    if (kind.text, column.code) in _AS_STORED:
        return picked
    return [
        None if value is None else reading.taken(value, place)
        for value, place in zip(picked, places, strict=True)
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
