"""What an online store keeps of an entity's rows: all that can decide a value at any T from `now` on, and little else.

A store that was materialised at `now` answers no T before it. The docstrings say why nothing else is needed then; the
same reasons hold for a store that is written on: rows that are kept now, with those that were appended since, give
later what all rows would give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from skewless.serving.aggregations.bounds import CalendarWindow, Window
from skewless.serving.plan.serve.column_values import accepting
from skewless.serving.plan.serve.join import (
    Reading,
    Row,
    RowTimes,
    candidate,
    is_stale,
    row_order,
    time_reading,
)
from skewless.serving.plan.serve.tables import JoinedTable

_EVER = 2**63
_TWO_DAYS = 2 * 86_400_000_000


def kept_rows(rows: Sequence[Row], table: JoinedTable, now: int) -> list[Row]:
    """Those of an entity's rows that an as-of join can need at any T at or after `now` (microseconds since 1970).

    They are the winner w of `now` and the rows that become visible later and beat it.

    - What is visible stays visible (J2, J6: both are `at or before T`, or `before T`), and the order of rows does not
      depend on T (J4). So at T every row visible now is still beaten by w, which is among those that T sees: the winner
      at T is w, or a row that was not visible now and beats w.
    - Rows equal to w in all that J4 compares have its values and its end: one of them is enough.
    - w stays where it is over by `valid_until`: no older row may take its place (J3), and an older one may still land
      (J6).
    - A row whose `max_age` is over at `now` goes, w too. It is stale at every later T, as is every row that it beats,
      whose event timestamp is no later: whichever of these wins, the value is absent (J3).
    - A row with a null event timestamp or availability matches nothing (J5).
    """
    times = RowTimes.of(table)._replace(keys=())
    fresh = [
        (event, landed, position)
        for event, landed, position in times.visible(rows, (), _EVER)
        if not is_stale(now - event, table.max_age)
    ]
    seen = {position for _, _, position in times.visible(rows, (), now)}
    order = _order(rows, table)
    winner = max((each for each in fresh if each[2] in seen), key=order, default=None)
    later = [
        each for each in fresh if each[2] not in seen and (winner is None or order(each) > order(winner))
    ]
    return [rows[position] for _, _, position in ([] if winner is None else [winner]) + sorted(later)]


def kept_events(rows: Sequence[Row], table: JoinedTable, now: int) -> list[Row]:
    """Those of an entity's rows that a window can hold at any T at or after `now` (microseconds since 1970).

    They are the rows whose event timestamp is at or after the earliest beginning of a window of such a T, visible now
    or later (J6).

    - A rolling window of T begins no earlier than that of `now` (W1).
    - A calendar window of T begins with a unit of the zone's calendar that is T's own or lies a fixed number of units
      before it (W2). Clocks that are set back can show an earlier day once more, but offsets from UTC lie between -24
      and 24 hours, so that no T from `now` on has an earlier day than 48 hours before `now` had. Its window begins no
      earlier than that of those 48 hours before.
    - A row with a null event timestamp or availability matches nothing (J5); `max_age` and `valid_until` are not asked
      of windows (J3).

    They are in the order of their times, in which most functions need them.
    """
    first, times = first_event(table, now), RowTimes.of(table)._replace(keys=())
    kept = [timed for timed in times.visible(rows, (), _EVER) if timed[0] >= first]
    return [rows[position] for _, _, position in sorted(kept)]


def first_event(table: JoinedTable, now: int) -> int:
    """The earliest event timestamp that a window of a T at or after `now` can hold, both in microseconds since 1970."""
    return min(_earliest(each.window, now) for each in table.aggregations)


def _order(rows: Sequence[Row], table: JoinedTable) -> Callable[[tuple[int, int, int]], Any]:
    """J4 among (event, landed, position) of the rows."""
    subject = f"feature table '{table.name}'"
    readings = [Reading(name, accepting(table.types[name]), subject) for name in table.columns]
    ends = time_reading(table, table.valid_until)
    order = row_order([table.types[name] for name in table.columns])

    def key(timed: tuple[int, int, int]) -> Any:
        event, landed, position = timed
        return event, landed, order(candidate(rows[position], position, readings, ends))

    return key


def _earliest(window: Window, now: int) -> int:
    return window.bounds(now - _TWO_DAYS if isinstance(window, CalendarWindow) else now)[0]
