"""A small world without Spark: rows of two tables, records, and what plain loops make of both."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql.types import StructType, TimestampType

from skewless.parts.asof import JoinSide
from skewless.parts.functions import FeatureSet
from skewless.parts.windows import WindowReduction
from skewless.skew.causes.judging import Verdict
from skewless.skew.causes.search import find_causes
from skewless.skew.causes.table_replay import Sample
from skewless.skew.causes.values import Sampled
from skewless.skew.causes.what_if import WhatIf
from skewless.training_set.on_driver.history import History

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
START = 19_783 * DAY  # 2024-03-01T00:00Z: the clocks of New York change on the 10th
RECORDS = 900
READ = ("temp", "sky", "wet")

TIMES = StructType().add("at", TimestampType()).add("there", TimestampType())
WEATHER = (
    StructType([*TIMES])
    .add("station", "string")
    .add("temp", "double")
    .add("sky", "string")
    .add("wet", "boolean")
)
CLICKS = StructType([*TIMES]).add("user", "long").add("price", "double")
AGGREGATIONS: list[dict[str, object]] = [
    {"name": "clicks", "function": "count", "window": "3d"},
    {"name": "spend", "function": "sum", "column": "price", "window": "7d"},
    {
        "name": "today",
        "function": "count",
        "window": {"calendar": "day", "length": 1, "timezone": "America/New_York"},
    },
]


def feels(weather__temp: float, event_timestamp: datetime) -> float:
    return weather__temp - event_timestamp.hour


def hour(event_timestamp: datetime) -> int:
    return event_timestamp.hour


def gap(weather__temp: float | None) -> float:
    return 0.0 if weather__temp is None else 100.0 - weather__temp


def price_per_click(clicks__spend: float | None, clicks__clicks: int) -> float:
    return (clicks__spend or 0.0) / (1 + clicks__clicks)


FUNCTIONS = FeatureSet.from_functions([feels, hour, gap, price_per_click])

Row = tuple[int, int, Any]
"""Event timestamp and availability in microseconds, and the values."""


class World:
    """Rows by entity in the order of their times, records, and the features as training has them."""

    def __init__(self, seed: int = 1) -> None:
        draw = random.Random(seed)
        self.weather = {f"s{number}": sorted(_readings(draw)) for number in range(6)}
        self.records = [
            (f"s{draw.randrange(6)}", draw.randrange(12), _moment(draw, 8, 20)) for _ in range(RECORDS)
        ]
        self.clicks: dict[int, list[Row]] = {user: [] for user in range(12)}
        for _, user, at in self.records:
            for back in draw.sample([0, 3 * DAY, 7 * DAY], 1):
                self.clicks[user].append(_click(draw, at - back))
        for user in self.clicks:
            self.clicks[user] += [_click(draw, _moment(draw, 0, 20)) for _ in range(60)]
            self.clicks[user].sort()
        self.what_if = self._what_if()

    def served(self, age: Any) -> World:
        """The same world, whose records came of a store that was so many microseconds old."""
        other = copy(self)
        other.what_if = self._what_if(age)
        return other

    def reading(self, place: int, name: str, moved: int = 0, late: bool = False, back: int = 0) -> Any:
        station, _, at = self.records[place]
        seen = [
            row for row in self.weather[station] if row[0] <= at + moved and (late or row[1] <= at + moved)
        ]
        return None if len(seen) <= back else seen[-1 - back][2][name]

    def clicked(
        self,
        place: int,
        name: str,
        start: int,
        end_inclusive: bool = False,
        start_exclusive: bool = False,
        late: bool = False,
    ) -> Any:
        """A count or a sum from `start` up to T."""
        _, user, at = self.records[place]
        inside = [
            row
            for row in self.clicks[user]
            if (start < row[0] or (start == row[0] and not start_exclusive))
            and (row[0] < at or (row[0] == at and end_inclusive))
            and (late or row[1] <= at)
        ]
        if name == "count":
            return len(inside)
        return sum(row[2]["price"] for row in inside) if inside else None

    def cause(
        self, feature: str, fault: Callable[[int], Any], share: float = 1.0, **also: list[Any]
    ) -> Verdict:
        """What is named where serving logs `fault(record)` of a share of the records; `also` are other features."""
        picked = np.random.default_rng(3).random(RECORDS) < share
        right = self.what_if.sample.columns[feature].to_pylist()
        logged = [fault(place) if picked[place] else right[place] for place in range(RECORDS)]
        sampled = [self._sampled(name, values) for name, values in {**also, feature: logged}.items()]
        return find_causes(sampled, self.what_if, np.arange(RECORDS))[feature]

    def _sampled(self, name: str, values: list[Any]) -> Sampled:
        right = self.what_if.sample.columns[name]
        logged = pa.array(values, right.type)
        is_loose = name in ("clicks__spend", "price_per_click")
        pairs = zip(values, right.to_pylist(), strict=True)
        differs = np.array([not _equal(one, other, is_loose) for one, other in pairs])
        return Sampled(name, logged, right, np.ones(RECORDS, dtype=bool), differs, is_loose)

    def _what_if(self, age: Any = 0) -> WhatIf:
        at = np.array([record[2] for record in self.records])
        label = {
            "station": pa.array([record[0] for record in self.records]),
            "user": pa.array([record[1] for record in self.records]),
        }
        places = range(RECORDS)
        instants = pa.array(at).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
        columns = {
            **label,
            "event_timestamp": instants,
            **{
                f"weather__{name}": pa.array([self.reading(place, name) for place in places])
                for name in ("temp", "sky", "wet")
            },
            "clicks__clicks": pa.array(
                [self.clicked(place, "count", int(at[place]) - 3 * DAY) for place in places]
            ),
            "clicks__spend": pa.array(
                [self.clicked(place, "sum", int(at[place]) - 7 * DAY) for place in places]
            ),
            "clicks__today": pa.array(
                [self.clicked(place, "count", _midnight(int(at[place]))) for place in places]
            ),
        }
        lists = {
            name: columns[name].cast(_python(columns[name].type)).to_pylist() for name in FUNCTIONS.inputs
        }
        computed = FUNCTIONS.compute_batch(lists, RECORDS).columns
        columns |= {name: pa.array(values) for name, values in computed.items()}
        histories = [
            History(
                _side("weather", WEATHER, ("station", "station")),
                _table(self.weather, ("temp", "sky", "wet")),
            ),
            History(
                _side("clicks", CLICKS, ("user", "user")),
                _table(self.clicks, (), "events_clicks_value_0", "price"),
            ),
        ]
        return WhatIf(Sample(at, columns, label, at - age), histories, FUNCTIONS, ["America/New_York"])


def _side(name: str, schema: StructType, key: tuple[str, str]) -> JoinSide:
    reduction = WindowReduction.read(AGGREGATIONS, schema, False) if name == "clicks" else None
    columns = ("temp", "sky", "wet") if name == "weather" else ()
    rows: Any = SimpleNamespace(schema=schema)
    return JoinSide(name, rows, (key,), columns, "at", available_at="there", reduction=reduction)


def _table(rows: dict[Any, list[Row]], columns: Sequence[str], value: str = "", of: str = "") -> pa.Table:
    flat = [(entity, place, *row) for entity, own in rows.items() for place, row in enumerate(own)]
    found = {
        "key_0": [row[0] for row in flat],
        "place": [row[1] for row in flat],
        "event": [row[2] for row in flat],
        "available": [row[3] for row in flat],
        "ends": pa.nulls(len(flat), pa.int64()),
        **{f"value_{at}": [row[4][name] for row in flat] for at, name in enumerate(columns)},
    }
    return pa.table(found | ({value: [row[4][of] for row in flat]} if value else {}))


class _Values(dict[str, Any]):
    """Values of a row, equal in the order of rows: times decide."""

    def __lt__(self, other: object) -> bool:
        return False


def _readings(draw: random.Random) -> list[Row]:
    at, rows = START, []
    while at < START + 20 * DAY:
        at += draw.randrange(20, 150) * MINUTE + draw.randrange(MINUTE)
        late = draw.randrange(30, 300) * MINUTE if draw.random() < 0.4 else 0
        sky = draw.choice(["Clear", "Overcast ", "Rain"])
        rows.append((at, at + late, _Values(temp=draw.gauss(60, 15), sky=sky, wet=draw.random() < 0.5)))
    return rows


def _click(draw: random.Random, at: int) -> Row:
    late = draw.randrange(60, 1440) * MINUTE if draw.random() < 0.2 else 0
    return at, at + late, _Values(price=draw.lognormvariate(3, 1))


def _moment(draw: random.Random, first: int, last: int) -> int:
    return START + draw.randrange(first * 86400, last * 86400) * 1_000_000


def _midnight(at: int) -> int:
    """Of the day in New York, whose clocks are five hours behind UTC until 2024-03-10T07:00Z, then four."""
    changed = START + 9 * DAY + 7 * HOUR
    behind = 4 * HOUR if at >= changed else 5 * HOUR
    midnight = (at - behind) // DAY * DAY
    return midnight + (4 * HOUR if midnight + 4 * HOUR >= changed else 5 * HOUR)


def _python(kind: pa.DataType) -> pa.DataType:
    return pa.timestamp("us", "+00:00") if pa.types.is_timestamp(kind) else kind


def _equal(one: Any, other: Any, is_loose: bool) -> bool:
    if is_loose and one is not None and other is not None:
        return bool(abs(one - other) <= 1e-9 * max(abs(one), abs(other)))
    return bool(one == other)


def hours(count: float) -> int:
    return int(timedelta(hours=count) / timedelta(microseconds=1))
