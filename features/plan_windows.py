"""The window aggregations of one feature table: the events that a store gave, and T → their values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from features.column_types import ColumnType
from features.column_values import accepting
from features.errors import FeatureError
from features.plan_join import Entity, Reading, Row, RowTimes
from features.plan_tables import JoinedTable, result_type
from features.visibility import TimedRow
from features.window_bounds import RollingWindow, Window
from features.window_evaluation import Step, prepared

Aggregates = Callable[[Sequence[Row], Entity, int], tuple[Any, ...]]

_LONGEST_DAYS = {"day": 1, "week": 7, "month": 31}
_SPARE_DAYS = 2  # more than any zone ever put between its clocks and themselves


def aggregates_of(table: JoinedTable) -> Aggregates:
    """A function of (events, entity, T in microseconds) that gives the value of every aggregation, in order.

    Values are those that Spark publishes: decimals have their column's scale, and a sum of them that its ten
    more digits cannot hold is an error, as is one of integers beyond 64 bits.
    """
    subject = f"feature table '{table.name}'"
    times = RowTimes.of(table)
    readings = [Reading(name, accepting(table.types[name]), subject) for name in table.event_columns]
    names = table.event_columns
    steps = [
        (step, _sum_limit(name, result_type(each, table.types)) if each.function == "sum" else None)
        for each, (name, step) in zip(
            table.aggregations, prepared(table.aggregations, table.families).items(), strict=True
        )
    ]

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
            return tuple([_value(step, limit, visible, at) for step, limit in steps])
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


def _value(step: Step, limit: tuple[str, Decimal, str] | None, visible: list[TimedRow], at: int) -> Any:
    value = step(visible, at)
    if limit is not None and value is not None and abs(value) >= limit[1]:
        raise FeatureError(f"aggregation '{limit[0]}': the sum {value} does not fit in {limit[2]}")
    return value


def _sum_limit(name: str, kind: ColumnType) -> tuple[str, Decimal, str] | None:
    """The aggregation, the least sum that is too great for its type, and the type; None for a sum of numbers."""
    if kind.kind != "decimal":
        return None
    return name, Decimal(10) ** (kind.precision - kind.scale), kind.text
