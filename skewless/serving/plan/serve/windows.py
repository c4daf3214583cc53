"""The window aggregations of one feature table: the events that a store gave, and T → their values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from skewless.serving.aggregations.bounds import RollingWindow, Window
from skewless.serving.aggregations.evaluation import prepared
from skewless.serving.aggregations.visibility import TimedRow
from skewless.serving.errors import FeatureError
from skewless.serving.plan.serve.column_values import accepting
from skewless.serving.plan.serve.join import Entity, Reading, Row, RowTimes
from skewless.serving.plan.serve.tables import JoinedTable

Aggregates = Callable[[Sequence[Row], Entity, int], tuple[Any, ...]]

_LONGEST_DAYS = {"day": 1, "week": 7, "month": 31}
_SPARE_DAYS = 2  # more than any zone ever put between its clocks and themselves


def aggregates_of(table: JoinedTable) -> Aggregates:
    """A function of (events, entity, T in microseconds) that gives the value of every aggregation, in order.

    Values are those that Spark publishes: decimals have their column's scale, also in sums. A sum of integers
    beyond 64 bits, and one of decimals beyond 38 digits, is an error that names the aggregation.
    """
    subject = f"feature table '{table.name}'"
    times = RowTimes.of(table)
    readings = [Reading(name, accepting(table.types[name]), subject) for name in table.event_columns]
    names = table.event_columns
    steps = list(prepared(table.aggregations, table.families).values())

    def aggregates(rows: Sequence[Row], entity: Entity, at: int) -> tuple[Any, ...]:
        visible: list[TimedRow] = [
            (
                event,
                available,
                dict(zip(names, [reading.of(rows[position], position) for reading in readings], strict=True)),
            )
            for event, available, position in times.visible(rows, entity, at)
        ]
        try:
            return tuple([step(visible, at) for step in steps])
        except FeatureError as error:
            raise FeatureError(*(f"{subject}: {problem}" for problem in error.problems)) from None

    return aggregates


def look_back(window: Window) -> dt.timedelta:
    """How far before T a window can begin, at most.

    >>> look_back(RollingWindow(3_600_000_000, 60_000_000))
    datetime.timedelta(seconds=3660)
    """
    if isinstance(window, RollingWindow):
        return dt.timedelta(microseconds=window.length + window.offset)
    units = window.length + window.offset
    return dt.timedelta(days=units * _LONGEST_DAYS[window.unit] + _SPARE_DAYS)
