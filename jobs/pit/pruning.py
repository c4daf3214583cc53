"""Which feature rows a build has to read: those that some label event could use, by their times."""

from __future__ import annotations

from dataclasses import replace

from jobs.pit.asof import Lane
from jobs.pit.bound import Bound
from jobs.pit.fields import column
from jobs.pit.instants import MICROSECOND, could_be_within
from jobs.pit.log_matching import within_reach
from jobs.pit.spine import Census
from jobs.pit.windows import WindowReduction


def prune(bound: Bound, census: Census) -> Bound:
    """The same build reading only feature rows, and records of a log, that some label event could use, by their times.

    A row older than the first T less max_age cannot survive, nor can it hide behind one that does; a row after the
    last T is not visible. Rows with null times are kept, so that they are counted.
    """
    if census.first is None or census.last is None:
        return bound
    log = bound.log and within_reach(bound.log, census.first, census.last)
    lanes = tuple(_pruned(lane, census.first, census.last) for lane in bound.lanes)
    return replace(bound, lanes=lanes, log=log)


def _pruned(lane: Lane, first: int, last: int) -> Lane:
    if lane.event_timestamp is None:
        return lane
    delay = lane.delay // MICROSECOND
    oldest = _oldest_needed(lane, first)
    newest = last if lane.available_at else last - delay
    kept = could_be_within(column(lane.event_timestamp), lane.types[lane.event_timestamp], oldest, newest)
    if lane.available_at:
        kept &= could_be_within(column(lane.available_at), lane.types[lane.available_at], None, last - delay)
    return replace(lane, rows=lane.rows.where(kept))


def _oldest_needed(lane: Lane, first: int) -> int | None:
    """The earliest event timestamp that a label event with T from `first` on can use; None where any might be.

    A table joined for its windows alone is read as far back as the longest of them.
    """
    reach = []
    if isinstance(lane.reduction, WindowReduction):
        reach.append(lane.reduction.oldest(first))
    if lane.max_age is not None:
        reach.append(first - lane.max_age // MICROSECOND)
    elif lane.columns or not reach:
        return None
    return min(reach)
