"""Feature tables as they stand and the end of what is built → whether each is as fresh as `require_fresh` asks.

It says when a build has to wait, and has no part in any value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from skewless.config import durations
from skewless.ground.errors import NotReadyError
from skewless.ground.instants import MICROSECOND, stats_range, utc
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step
from skewless.parts.asof import JoinSide
from skewless.training_set.ahead.pruning import could_be_visible
from skewless.training_set.opened import OpenedTrainingSet


@dataclass(frozen=True)
class Freshness:
    """What one feature table has to show and does: a row that is visible at `latest`, the greatest T that may be
    built, with an event timestamp from `since` on, both in microseconds.

    `newest` is the event timestamp and the availability of the newest row that is visible then: of a table that is
    not ready, and has any.
    """

    table: str
    require_fresh: timedelta
    since: int
    latest: int
    is_ready: bool
    newest: tuple[int, int] | None = None

    def __str__(self) -> str:
        """Why a build has to wait for the table."""
        found = "there is none at all"
        if self.newest is not None:
            event, available = map(utc, self.newest)
            found = f"the newest is of {event} (available {available})"
        asked = durations.shortest(self.require_fresh)
        return (
            f"feature table '{self.table}': require_fresh {asked} needs a row of {utc(self.since)} or later that is "
            f"visible at {utc(self.latest)}; {found}; run again when it has landed"
        )


@step("checking freshness")
def freshness_of(opened: OpenedTrainingSet, run_range: RunRange) -> dict[str, Freshness]:
    """As-name → freshness, of the tables that `require_fresh` asks, a table under two names once.

    | require_fresh 6h, last T 12:00  | is ready             |
    | ------------------------------- | -------------------- |
    | event 06:00, available 12:00    | yes, both inclusive  |
    | event 05:59:59.999999           | no: too old          |
    | event 11:00, available 12:01    | no: not visible yet  |

    Visible is what J2 says, `strict` and `delay` included; a row with a null key or time is not (J5). Reads
    only files that may hold such a row, until one is found; of a table that is not ready also the times of all others.
    """
    asked = opened.spec.require_fresh
    tables = {join.name: join.table.name for join in opened.spec.joins}
    found: dict[str, Freshness] = {}
    for side in opened.sides:
        table = tables[side.name]
        if side.name in asked and table not in found:
            found[table] = _freshness(table, side, asked[side.name], run_range.latest)
    return {side.name: found[tables[side.name]] for side in opened.sides if side.name in asked}


def refuse_stale(opened: OpenedTrainingSet, run_range: RunRange) -> None:
    """NotReadyError with a line for each table that is not as fresh as it has to be."""
    found = dict.fromkeys(freshness_of(opened, run_range).values())
    if problems := [str(each) for each in found if not each.is_ready]:
        raise NotReadyError(problems)


def _freshness(table: str, side: JoinSide, require_fresh: timedelta, latest: int) -> Freshness:
    since = latest - require_fresh // MICROSECOND
    # One row is enough to be ready. The newest is looked for only where there is none, to say how late the table is.
    if _visible(side, since, latest).head(1):
        return Freshness(table, require_fresh, since, latest, True)
    newest = _visible(side, None, latest).agg(F.max(F.struct("event", "available")).alias("newest")).first()
    assert newest is not None, "an aggregate without grouping has one row"
    times = newest["newest"] and (newest["newest"]["event"], newest["newest"]["available"])
    return Freshness(table, require_fresh, since, latest, False, times)


def _visible(side: JoinSide, since: int | None, latest: int) -> DataFrame:
    """Event timestamp and availability, in microseconds, of the rows from `since` on that are visible at `latest`."""
    event, available = side.event(), side.available()
    assert event is not None and available is not None, "a table with a history"
    is_visible = side.visible_from() < latest if side.strict else side.visible_from() <= latest
    is_recent = F.lit(True) if since is None else F.unix_micros(event) >= since
    near = could_be_visible(side, since, latest, stats_range)
    return side.rows.where(near & side.is_matchable() & is_visible & is_recent).select(
        F.unix_micros(event).alias("event"), F.unix_micros(available).alias("available")
    )
