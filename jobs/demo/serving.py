"""Some days' flights served without Spark: the exported plan, an online store, a feature log.

Release 1.4.0 serves what the training set holds. Release 1.5.0 has two of the mistakes that serving teams make: it
reads the schedule's local times as if they were UTC, and an aircraft's delay that is null as zero.
"""

from __future__ import annotations

import json
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click
import pyarrow as pa

from jobs.demo.model import DelayModel
from skewless import FeatureLog, OnlineStore, ServingPlan

Row = Mapping[str, Any]
Rows = Sequence[Row]

SPARK = ("pyspark", "py4j", "delta")
ORIGIN_ZONE = ZoneInfo("America/New_York")
AIRCRAFT = "aircraft"
MODEL_VERSION = "trees-1"
PLAN, STORE, REQUESTS, MODEL, LOG = "serving.json", "store.db", "requests.jsonl", "model.pickle", "log"
"""What lies in the folder of served days."""

MAX_STALENESS = "48h"
"""One night without a materialisation is served through, two are refused."""


def on_the_origins_clock(text: str) -> datetime:
    """The schedule's departure: a time on New York's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ORIGIN_ZONE)


def as_if_in_utc(text: str) -> datetime:
    """Careless: the schedule's departure, with the zone of the server."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def as_stored(rows: Rows | None, _at: datetime) -> Rows | None:
    """The aircraft's flights as the store has them."""
    return rows


def null_as_zero(rows: Rows | None, at: datetime) -> Rows | None:
    """Careless: no flight that has landed, so no delay. The row is made up for it."""
    if rows and any(row["arrived_at"] <= at for row in rows):
        return rows
    return [{**dict.fromkeys(AIRCRAFT_COLUMNS), "departed_at": at, "arrived_at": at, "arr_delay": 0}]


AIRCRAFT_COLUMNS = ("landed_at", "dest", "dep_delay", "arr_delay", "air_time")


class Release(NamedTuple):
    """A version of the serving code, and how it reads what it is given."""

    name: str
    departs: Callable[[str], datetime] = on_the_origins_clock
    aircraft: Callable[[Rows | None, datetime], Rows | None] = as_stored


CAREFUL = Release("1.4.0")
CARELESS = Release("1.5.0", as_if_in_utc, null_as_zero)


class Server:
    """The serving process: plan, store and model, loaded once, and the flights that it will be asked for."""

    def __init__(self, place: Path, release_at: Callable[[datetime], Release]) -> None:
        self.plan, self.model = ServingPlan.load(place / PLAN), DelayModel.load(place / MODEL)
        self.store = OnlineStore.open(f"sqlite:///{place / STORE}", max_staleness=MAX_STALENESS)
        labels = json.loads((place / PLAN).read_text(encoding="utf-8"))["label_events"]
        self.time, self.keys, self.release_at = labels["event_timestamp"], labels["entity_keys"], release_at
        instants = {name for name, kind in labels["columns"].items() if kind == "timestamp"}
        self._waiting = list(_read(place / REQUESTS, instants - {"sched_dep_at"}))

    def requests(self, until: datetime) -> Iterator[tuple[Row, datetime, Release]]:
        """Each flight that is left with T before `until`, as the release that serves it reads it, with its T."""
        count = bisect_left(self._waiting, until, key=lambda flight: flight[self.time])
        for flight in self._waiting[:count]:
            at = flight[self.time]
            release = self.release_at(at)
            yield {**flight, "sched_dep_at": release.departs(flight["sched_dep_at"])}, at, release
        del self._waiting[:count]

    def vector(self, request: Row, at: datetime, release: Release) -> dict[str, Any]:
        """The features of one flight at T, from the rows that the store has."""
        given = self.plan.fetch(self.store, request, at=at)
        given["rows"][AIRCRAFT] = release.aircraft(given["rows"][AIRCRAFT], at)
        return self.plan.compute(request, rows=given["rows"], events=given["events"], at=at)


def serve(server: Server, log: FeatureLog, until: datetime) -> int:
    """Serve and log the flights that are left with T before `until`; the model scores those of an hour at once."""
    served = 0
    for _, hour in groupby(server.requests(until), key=lambda each: each[1].replace(minute=0)):
        flights = list(hour)
        vectors = [server.vector(*flight) for flight in flights]
        scores = server.model.scores(pa.Table.from_pylist(vectors)).tolist()
        for (request, at, release), vector, score in zip(flights, vectors, scores, strict=True):
            log.write(
                entity={name: request[name] for name in server.keys},
                event_timestamp=at,
                features=vector,
                prediction=score,
                request_id=request_id(request),
                tags={"release": release.name},
                store=server.plan.store_state,
            )
        served += len(flights)
    return served


def request_id(request: Row) -> str:
    """What ties a prediction to its flight."""
    return f"flight-{request['flight_id']}"


@click.command()
@click.argument("place", type=click.Path(exists=True, path_type=Path))
@click.option("--careless-from", type=click.DateTime(["%Y-%m-%d"]), help="When release 1.5.0 goes out.")
def main(place: Path, careless_from: datetime | None) -> None:
    """Serve the flights of the folder PLACE, in a process where Spark cannot be imported.

    Standard input says until which T, a line each time; the answer is how many flights were served.
    """
    sys.modules.update(dict.fromkeys(SPARK))  # type: ignore[arg-type]
    since = careless_from and careless_from.replace(tzinfo=timezone.utc)
    server = Server(place, lambda at: CARELESS if since and at >= since else CAREFUL)
    with FeatureLog(place / LOG, feature_set=server.plan, model_version=MODEL_VERSION) as log:
        for line in sys.stdin:
            print(serve(server, log, datetime.fromisoformat(line.strip())), flush=True)


def _read(file: Path, instants: set[str]) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for name in instants & row.keys():
                row[name] = row[name] and datetime.fromisoformat(row[name])
            yield row
