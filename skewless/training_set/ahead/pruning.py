"""Which feature rows a build has to read: those that some label event could use, by their times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pyspark.sql import Column
from pyspark.sql.types import DataType

from skewless.config import durations
from skewless.ground.instants import MICROSECOND, could_be_within
from skewless.ground.spark_columns import column
from skewless.parts.asof import JoinSide
from skewless.parts.spine import Census
from skewless.parts.windows import WindowReduction
from skewless.training_set.from_log.matching import within_reach
from skewless.training_set.opened import OpenedTrainingSet

Within = Callable[[Column, DataType, int | None, int | None], Column]


@dataclass(frozen=True)
class Reach:
    """The event timestamps of the rows that some label event could use, in microseconds, and what decides them.

    `since` None means any past, `until` None any row, as of a static table.
    """

    since: int | None
    since_because: str
    until: int | None = None
    until_because: str | None = None


def prune(opened: OpenedTrainingSet, first: int | None, last: int | None) -> OpenedTrainingSet:
    """The same build reading only feature rows, and records of a log, that some label event with T in [first, last], in
    microseconds, could use, by their times. A `first` of None bounds nothing; without a `last` there is no T.

    A row older than the first T less max_age cannot survive, nor can it hide behind one that does; a row after the
    last T is not visible. Rows with null times are kept, so that they are counted.
    """
    # No T, so nothing is joined: the rows are read only to be counted.
    if last is None:
        return opened
    log = opened.log and within_reach(opened.log, first, last)
    sides = tuple(_pruned(side, first, last) for side in opened.sides)
    return replace(opened, sides=sides, log=log)


def reach_of(side: JoinSide, census: Census) -> Reach:
    """What `prune` leaves of a table, and why so much and no less.

    A table joined for its windows alone is read as far back as the longest of them.
    """
    if side.event_timestamp is None:
        return Reach(None, "static, no history")
    if census.first is None or census.last is None:
        return Reach(None, "no label event with a T is taken")
    less = f" less delay {durations.shortest(side.delay)}" if side.delay else ""
    until, because = _newest_needed(side, census.last), "last T" + ("" if side.available_at else less)
    if side.available_at:
        because += f", available by then{less}"
    needed = list(_oldest_needed(side, census.first))
    if not needed:
        return Reach(None, "no max_age", until, because)
    return Reach(*min(needed), until, because)


def could_be_visible(
    side: JoinSide, since: int | None, last: int, within: Within = could_be_within
) -> Column:
    """Whether a row of a table with a history may have an event timestamp from `since` on and be visible at `last`.

    `within` says what becomes of null times.
    """
    assert side.event_timestamp is not None, "a table with a history"
    event = column(side.event_timestamp)
    kept = within(event, side.types[side.event_timestamp], since, _newest_needed(side, last))
    if side.available_at:
        available, latest = column(side.available_at), last - side.delay // MICROSECOND
        kept &= within(available, side.types[side.available_at], None, latest)
    return kept


def _pruned(side: JoinSide, first: int | None, last: int) -> JoinSide:
    if side.event_timestamp is None:
        return side
    needed = () if first is None else _oldest_needed(side, first)
    oldest = min((since for since, _ in needed), default=None)
    return replace(side, rows=side.rows.where(could_be_visible(side, oldest, last)))


def _newest_needed(side: JoinSide, last: int) -> int:
    """The latest event timestamp that can be visible at T = last."""
    # With a column of its own a row may be available long before its event (a forecast): only the event bounds it.
    return last if side.available_at else last - side.delay // MICROSECOND


def _oldest_needed(side: JoinSide, first: int) -> Iterator[tuple[int, str]]:
    """The earliest event timestamps that a label event with T from `first` on can use, with what says so; none where
    any might be.
    """
    windows = side.reduction if isinstance(side.reduction, WindowReduction) else None
    if side.max_age is not None:
        length = durations.shortest(side.max_age)
        yield first - side.max_age // MICROSECOND, f"first T less max_age {length}"
    # Without max_age any old row may be the winner, so that nothing may be left out.
    elif side.columns or windows is None:
        return
    if windows is not None:
        spare = " and two days to spare" if windows.calendars else ""
        yield windows.oldest(first), f"first T less the window of {windows.furthest(first).name}{spare}"
