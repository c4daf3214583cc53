"""A window of one label event as lines: how many events are inside, and the nearest that are not, each with why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from skewless.runs.trace.spans import span
from skewless.runs.trace.winners import Row, Unused

NEWEST = 3
"""How many of the events inside are shown; of those outside one for each reason."""


class Event(NamedTuple):
    """A row as a window sees it, and whether the aggregation's `where` and its column take it."""

    row: Row
    is_wanted: bool = True
    has_value: bool = True


class WindowTrace(NamedTuple):
    """How many events count, the newest of them, and the nearest that do not."""

    inside: int
    newest: tuple[Row, ...]
    unused: tuple[Unused, ...]


def events_traced(
    events: Sequence[Event], at: int, bounds: tuple[int, int], *, strict: bool = False
) -> WindowTrace:
    """What becomes of an entity's events in the window [start, end) of T; `strict` wants availability before T.

    | why    | means                                                      |
    | ------ | ---------------------------------------------------------- |
    | future | it happened at T or later: the end is exclusive            |
    | after  | it happened before T, but not before the window's end      |
    | before | it happened before the window's start                      |
    | late   | it happened in the window, but became available after T    |
    | where  | the aggregation's `where` is not true of it                |
    | null   | the aggregation's column is null in it                     |
    """
    judged = [(event.row, _why(event, at, bounds, strict)) for event in events]
    inside = sorted((row for row, why in judged if why is None), key=_time, reverse=True)
    unused = [Unused(row, *why) for row, why in judged if why is not None]
    return WindowTrace(len(inside), tuple(inside[:NEWEST]), tuple(_nearest(unused)))


def _why(event: Event, at: int, bounds: tuple[int, int], strict: bool) -> tuple[str, str] | None:
    """The first reason that applies, and more words; None for an event that counts."""
    return _outside(event.row.event, at, bounds) or _left_out(event, at, strict)


def _outside(moment: int, at: int, bounds: tuple[int, int]) -> tuple[str, str] | None:
    start, end = bounds
    if moment >= at:
        return "future", f"happened {span(moment - at)} after T" if moment > at else "happened at T itself"
    if moment >= end:
        return (
            "after",
            f"{span(moment - end)} after the window's end" if moment > end else "at the window's end",
        )
    return ("before", f"{span(start - moment)} before the window's start") if moment < start else None


def _left_out(event: Event, at: int, strict: bool) -> tuple[str, str] | None:
    available = event.row.available
    if available > at:
        return "late", f"available {span(available - at)} after T"
    if strict and available == at:
        return "late", "available at T itself, and the table is strict"
    if not event.is_wanted:
        return "where", "the predicate is not true of it"
    return None if event.has_value else ("null", "its column is null")


def _nearest(unused: Sequence[Unused]) -> Iterator[Unused]:
    """One for each reason: of those after the window the oldest, of the others the newest."""
    for why in ("future", "after", "late", "where", "null", "before"):
        own = [each for each in unused if each.why == why]
        if own:
            nearest = min if why in ("future", "after") else max
            yield nearest(own, key=lambda each: _time(each.row))


def _time(row: Row) -> tuple[int, int, int]:
    return row.event, row.available, row.place
