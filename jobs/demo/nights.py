"""The demo's served days, replayed: each night a push into the lake and a materialisation, then a day of serving.

At 06:00 UTC, two at night in New York, the routes' snapshots of the day before are pushed, and what `skewless
materialize` does is done as if it were then. What streams bring within minutes, landings and weather, lies in the lake
before it happens, which no value shows: serving sees no row of a store before it is visible. Landings are there from
the beginning, weather is pushed two days ahead.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from jobs.demo.serving import STORE
from skewless.runs.materialize.materialize import materialize
from skewless.runs.materialize.published import PublishedPlan
from skewless.serving.store.opening import open_store

DAY, PUSHED_AT = timedelta(days=1), timedelta(hours=6)
SERVE = Path(__file__).parents[1] / "serve_flights.py"


@dataclass(frozen=True)
class Pushed:
    """A feature table that comes into the lake night by night, rows until `ahead` after the night; or at once."""

    name: str
    time: str
    ahead: timedelta = timedelta(0)
    at_once: bool = False


PUSHED = (
    Pushed("route", "computed_at"),
    Pushed("weather", "observed_at", ahead=2 * DAY),
    Pushed("aircraft", "departed_at", at_once=True),
)


class Lake:
    """The warehouse as it is at night: what is pushed in tables of their own, with nothing of `end` or later."""

    def __init__(self, plan: PublishedPlan, end: datetime) -> None:
        self._whole = {each: DeltaTable(plan.sources[each.name]).to_pyarrow_table() for each in PUSHED}
        self._places = {each: f"{plan.sources[each.name]}_pushed" for each in PUSHED}
        self._end, self._last = end, datetime.min
        pushed = {each.name: place for each, place in self._places.items()}
        self.plan = replace(plan, sources={**plan.sources, **pushed})

    def push(self, night: datetime) -> None:
        """Append what has come since the push before; the first one begins the tables."""
        is_first = self._last == datetime.min
        for each, rows in self._whole.items():
            moments = rows[each.time]
            until = self._end if each.at_once else night + each.ahead
            is_new = pc.less_equal(moments, pa.scalar(until, moments.type))
            if is_first:
                write_deltalake(self._places[each], rows.filter(is_new), mode="overwrite")
            elif not each.at_once:
                since = pc.greater(moments, pa.scalar(self._last + each.ahead, moments.type))
                write_deltalake(self._places[each], rows.filter(pc.and_(is_new, since)), mode="append")
        self._last = night


class Served:
    """The serving process, in which Spark cannot be imported; it ends once nobody can ask it any more."""

    def __init__(self, place: Path, careless_from: datetime | None) -> None:
        careless = ["--careless-from", f"{careless_from:%F}"] if careless_from else []
        command = [sys.executable, str(SERVE), str(place), *careless]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.flights = 0

    def until(self, end: datetime) -> None:
        """Have it serve and log every flight that is left with T before `end`."""
        asked, said = self._process.stdin, self._process.stdout
        assert asked is not None and said is not None, "both are pipes"
        print(end.isoformat(), file=asked, flush=True)
        line = said.readline()
        if not line:
            sys.exit("serve_flights.py ended before the days did")
        self.flights += int(line)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.__exit__(None, None, None)
        if self._process.returncode:
            sys.exit(f"serve_flights.py ended with {self._process.returncode}")


def replay(
    spark: SparkSession,
    plan: PublishedPlan,
    place: Path,
    nights: Sequence[datetime],
    *,
    careless_from: datetime | None,
    without: datetime | None,
) -> int:
    """Push, materialise and serve, a night and a day at a time; how many flights were served.

    In the night `without` nothing is materialised, so that the store of the night before serves two days.
    """
    lake, store = Lake(plan, nights[-1] + DAY), open_store(f"sqlite:///{place / STORE}")
    with Served(place, careless_from) as served:
        for night in nights:
            lake.push(night)
            if night != without:
                found = materialize(spark, store, lake.plan, full=False, now=night)
                if found.state is None:
                    sys.exit(f"night of {night:%d %B}: {found.audit.differences[0]}")
            served.until(night + DAY)
    return served.flights


def nights_of(start: datetime, end: datetime) -> list[datetime]:
    """The nights whose stores serve the T in [start, end), UTC days: that of the day before is the first."""
    return [start - DAY + PUSHED_AT + place * DAY for place in range((end - start).days + 1)]
