"""One month's flights served without Spark: the exported plan, rows from a store of plain files, a feature log.

Release 1.4.0 serves what the training set holds. Release 1.5.0 has two of the mistakes that serving teams make: it
reads the schedule's local times as if they were UTC, and an aircraft's delay that is null as zero.
"""

from __future__ import annotations

import json
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click
import pyarrow as pa

from jobs.demo.model import DelayModel
from skewless import FeatureLog, ServingPlan
from skewless.serving.plan.serve.compiled import TableNeeds

Row = Mapping[str, Any]
Entity = tuple[Any, ...]
Rows = Sequence[Row]

SPARK = ("pyspark", "py4j", "delta")
ORIGIN_ZONE = ZoneInfo("America/New_York")
AIRCRAFT = "aircraft"
MODEL_VERSION = "trees-1"
PLAN, STORE, MODEL, LOG = "serving.json", "store", "model.pickle", "log"
"""What lies in the folder of a served month."""


def on_the_origins_clock(text: str) -> datetime:
    """The schedule's departure: a time on New York's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ORIGIN_ZONE)


def as_if_in_utc(text: str) -> datetime:
    """Careless: the schedule's departure, with the zone of the server."""
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def as_stored(rows: Rows, _at: datetime) -> Rows:
    """The aircraft's flights as the store has them."""
    return rows


def null_as_zero(rows: Rows, at: datetime) -> Rows:
    """Careless: no flight that has landed, so no delay. The row is made up for it."""
    if any(row["arrived_at"] <= at for row in rows):
        return rows
    return [{**dict.fromkeys(AIRCRAFT_COLUMNS), "departed_at": at, "arrived_at": at, "arr_delay": 0}]


AIRCRAFT_COLUMNS = ("landed_at", "dest", "dep_delay", "arr_delay", "air_time")


class Release(NamedTuple):
    """A version of the serving code, and how it reads what it is given."""

    name: str
    departs: Callable[[str], datetime] = on_the_origins_clock
    aircraft: Callable[[Rows, datetime], Rows] = as_stored


CAREFUL = Release("1.4.0")
CARELESS = Release("1.5.0", as_if_in_utc, null_as_zero)


class Table:
    """One feature table in the store: each entity's rows by event timestamp."""

    def __init__(self, rows: Iterator[Row], needs: TableNeeds) -> None:
        self._needs, self._time = needs, needs.event_timestamp
        self._rows: dict[Entity, list[Row]] = {}
        for row in sorted(rows, key=self._moment):
            self._rows.setdefault(tuple([row[key] for key in needs.keys]), []).append(row)
        self._moments = {entity: list(map(self._moment, own)) for entity, own in self._rows.items()}

    def _moment(self, row: Row) -> Any:
        """The event timestamp; in a static table all rows are of one time."""
        return row[self._time] if self._time else 0

    def near(self, request: Row, at: datetime, back: timedelta | None) -> Rows:
        """The request's own rows with an event timestamp in [T - back, T]; all of them in a static table."""
        entity = tuple([request[name] for name in self._needs.keys.values()])
        own = self._rows.get(entity, [])
        if self._time is None or not own:
            return own
        moments = self._moments[entity]
        first = 0 if back is None else bisect_left(moments, at - back)
        return own[first : bisect_right(moments, at)]


class Server:
    """The serving process: plan, store and model, loaded once."""

    def __init__(self, plan_file: Path, store: Path, model: DelayModel) -> None:
        self.plan, self.model, self.store = ServingPlan.load(plan_file), model, store
        document = json.loads(plan_file.read_text(encoding="utf-8"))
        self.time = document["label_events"]["event_timestamp"]
        self.keys = document["label_events"]["entity_keys"]
        self._instants = _instants_of(document["label_events"]["columns"])
        types = {each["name"]: each["types"] for each in document["feature_tables"]}
        self._tables = {
            name: Table(_read(store / f"{name}.jsonl", _instants_of(types[name])), needs)
            for name, needs in self.plan.needs().items()
        }

    def requests(self, release_at: Callable[[datetime], Release]) -> Iterator[tuple[Row, datetime, Release]]:
        """Each flight as the release that serves it reads it, with its T."""
        instants = self._instants - {"sched_dep_at"}
        for flight in _read(self.store / "requests.jsonl", instants):
            at = flight[self.time]
            release = release_at(at)
            yield {**flight, "sched_dep_at": release.departs(flight["sched_dep_at"])}, at, release

    def vector(self, request: Row, at: datetime, release: Release) -> dict[str, Any]:
        """The features of one flight at T, from the rows that the store has."""
        rows, events = {}, {}
        for name, needs in self.plan.needs().items():
            if needs.rows:
                rows[name] = self._tables[name].near(request, at, needs.row_look_back)
            if needs.events:
                events[name] = self._tables[name].near(request, at, needs.event_look_back)
        rows[AIRCRAFT] = release.aircraft(rows[AIRCRAFT], at)
        return self.plan.compute(request, rows=rows, events=events, at=at)


def serve(server: Server, log: FeatureLog, release_at: Callable[[datetime], Release]) -> int:
    """Serve and log every flight in the store; the model scores the flights of an hour at once."""
    served = 0
    for _, hour in groupby(server.requests(release_at), key=lambda each: each[1].replace(minute=0)):
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
    """Serve the flights of the store in PLACE, in a process where Spark cannot be imported."""
    sys.modules.update(dict.fromkeys(SPARK))  # type: ignore[arg-type]
    since = careless_from and careless_from.replace(tzinfo=timezone.utc)
    server = Server(place / PLAN, place / STORE, DelayModel.load(place / MODEL))
    with FeatureLog(place / LOG, feature_set=server.plan, model_version=MODEL_VERSION) as written:
        served = serve(server, written, lambda at: CARELESS if since and at >= since else CAREFUL)
    release = f"; release {CARELESS.name} from {since:%d %B} on" if since else ""
    print(f"served {served:,} flights without Spark{release}")


def _instants_of(types: Mapping[str, str]) -> set[str]:
    return {name for name, kind in types.items() if kind == "timestamp"}


def _read(file: Path, instants: set[str]) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for name in instants & row.keys():
                row[name] = row[name] and datetime.fromisoformat(row[name])
            yield row
