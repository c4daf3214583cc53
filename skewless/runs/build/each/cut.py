"""A range and the dates with anything in them → the days, weeks or months of UTC that it is built in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone

from skewless.ground.names import Unit
from skewless.ground.run.ranges import RunRange

ONE_DAY = timedelta(days=1)


def pieces_of(run_range: RunRange, unit: Unit, dates: Collection[date | None]) -> list[RunRange]:
    """The pieces that have one of the dates, in order of time; None among the dates is label events without a T.

    Weeks begin on Monday. Where the range has an open end, so has the first or last piece, and nothing is left between
    them that an open range would have replaced; only a run without a range has a piece without a T, the last one.
    """
    starts = {_start_of(day, unit) for day in dates if day is not None}
    cut = [_cut(run_range, start, _after(start, unit)) for start in sorted(starts)]
    pieces = [piece for piece in cut if piece is not None]
    if pieces and run_range.start is None:
        pieces[0] = replace(pieces[0], start=None)
    if pieces and run_range.end is None:
        pieces[-1] = replace(pieces[-1], end=None)
    if not pieces:
        return [run_range]
    has_null = None in dates and not run_range.is_range and pieces != [run_range]
    return [*pieces, RunRange(run_range.as_of, without_times=True)] if has_null else pieces


def _cut(run_range: RunRange, first: date, last: date) -> RunRange | None:
    start, end = (datetime.combine(day, time(), timezone.utc) for day in (first, last))
    start = start if run_range.start is None else max(start, run_range.start)
    end = end if run_range.end is None else min(end, run_range.end)
    return replace(run_range, start=start, end=end) if start < end else None


def _start_of(day: date, unit: Unit) -> date:
    if unit == "month":
        return day.replace(day=1)
    return day - day.weekday() * ONE_DAY if unit == "week" else day


def _after(start: date, unit: Unit) -> date:
    if unit == "month":
        return (start.replace(day=28) + 4 * ONE_DAY).replace(day=1)
    return start + (7 if unit == "week" else 1) * ONE_DAY


def names_of(pieces: Collection[RunRange]) -> Iterator[str]:
    """Each piece as a person reads it: its day, or its range."""
    for piece in pieces:
        start, end = piece.start, piece.end
        is_day = start is not None and end is not None and end - start == ONE_DAY and start.time() == time()
        yield str(start.date()) if is_day and start is not None else str(piece)
