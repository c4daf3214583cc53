"""Windows as serving might have taken them: on calendar units, on other clocks, with another boundary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.aggregations.bounds import CalendarWindow, RollingWindow
from skewless.skew.causes.clocks import DAY, UTC, Clock, Ints, offset_clocks, unit_start

Bounds = Callable[[Ints], tuple[Ints, Ints]]

BOUNDARIES = (("end inclusive", 0, 1), ("start exclusive", 1, 0), ("end inclusive, start exclusive", 1, 1))


def window_bounds(aggregation: Aggregation, at: Ints) -> tuple[Ints, Ints]:
    """Where the aggregation's own window begins and ends for each T."""
    window = aggregation.window
    if isinstance(window, RollingWindow):
        end = at - window.offset
        return end - window.length, end
    clock = Clock(window.zone.key, window.zone)
    return calendar_bounds(at, clock, window.unit, window.length, window.offset)


def calendar_bounds(at: Ints, clock: Clock, unit: str, length: int, offset: int) -> tuple[Ints, Ints]:
    """`CalendarWindow.bounds` for many T, on any clock."""
    start = unit_start(at, clock, unit, offset + length - 1)
    return start, unit_start(at, clock, unit, offset - 1) if offset else at


def other_boundaries(aggregation: Aggregation) -> Iterator[tuple[str, Bounds]]:
    """The window with its end inclusive, its start exclusive, or both."""
    for detail, start_on, end_on in BOUNDARIES:

        def bounds(at: Ints, start_on: int = start_on, end_on: int = end_on) -> tuple[Ints, Ints]:
            start, end = window_bounds(aggregation, at)
            return start + start_on, end + end_on

        yield detail, bounds


def other_calendars(aggregation: Aggregation, zones: Sequence[Clock]) -> Iterator[tuple[str, Bounds]]:
    """A rolling window on calendar units; a calendar one on other clocks, or rolling."""
    window = aggregation.window
    clocks = [*zones, *offset_clocks()]
    if isinstance(window, RollingWindow):
        shapes = list(_calendar_shapes(window))
    else:
        yield from _rolling_shapes(window)
        clocks = [clock for clock in clocks if clock.name != window.zone.key]
        shapes = [(window.unit, window.length, window.offset)]
    for clock in clocks:
        for unit, length, offset in shapes:
            whole = f", {offset} back" if offset else ""
            detail = f"{length} calendar {unit}{'s' if length > 1 else ''}{whole} in {_named(clock)}"
            yield detail, _calendar(clock, unit, length, offset)


def _calendar_shapes(window: RollingWindow) -> Iterator[tuple[str, int, int]]:
    """Units, their number and how many back: as near as a calendar comes to the window, and whole units before T's."""
    for unit, size in (("day", DAY), ("week", 7 * DAY), ("month", 30 * DAY)):
        if unit != "day" and window.length < 28 * DAY and window.length % size:
            continue
        length = max(1, round(window.length / size))
        if unit != "day" and length * size > window.length + 4 * DAY * length:
            continue
        back = round(window.offset / size)
        yield unit, length, back
        yield unit, length, back + 1


def _rolling_shapes(window: CalendarWindow) -> Iterator[tuple[str, Bounds]]:
    for days in {"day": (1,), "week": (7,), "month": (30, 31, 28)}[window.unit]:
        length, back = window.length * days * DAY, window.offset * days * DAY

        def bounds(at: Ints, length: int = length, back: int = back) -> tuple[Ints, Ints]:
            return at - back - length, at - back

        yield f"rolling {window.length * days} days", bounds


def _calendar(clock: Clock, unit: str, length: int, offset: int) -> Bounds:
    return lambda at: calendar_bounds(at, clock, unit, length, offset)


def _named(clock: Clock) -> str:
    return clock.name if clock.zone or clock == UTC else f"UTC{clock.name}"
