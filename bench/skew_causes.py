"""Faults of every cause, planted on features of different types: which are flagged, and which are named right.

    python bench/skew_causes.py --seeds 5 --out bench/RESULTS.md

A small world per seed: stations with late rows, users with events at the very ends of windows. Values as serving logs
them are made by the plain loops below, which share nothing with the engine; a fault changes what they do on a share of
the records. As many features are logged without a fault.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import skew_features
from bench.results import tell
from skewless.config import LocalFiles, load
from skewless.ground.run.ranges import RunRange
from skewless.lake.session import get_spark
from skewless.runs.watch.reconcile.reconcile import reconcile

SHARES = (0.01, 0.1, 1.0)
RECORDS = 3000
BEGIN = datetime(2024, 3, 1, tzinfo=timezone.utc)
NEW_YORK = ZoneInfo("America/New_York")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SKIES = ("Clear", "Few Clouds", "Overcast", "Rain ", "Sn\u00f6w", "Haze")

DOUBLES = [f"temp_{i}" for i in range(12)] + ["temp_fn", "temp_clean", "humid_fn", "humid_clean"]
INTEGERS = [f"wind_{i}" for i in range(6)] + ["wind_fn", "wind_clean"]
TEXTS = [f"sky_{i}" for i in range(5)] + ["sky_fn", "sky_clean"]
NULLABLE = ["pressure_0", "pressure_fn", "pressure_clean"]
OTHERS = ["is_wet", "wet_clean", "paid", "paid_clean", "serviced_at", "seen_at"]
COLUMNS = [*DOUBLES, *INTEGERS, *TEXTS, *NULLABLE, *OTHERS]
WINDOWS: dict[str, tuple[str, str | None, int]] = {
    **{f"clicks_{i}": ("count", None, 7) for i in range(6)},
    **{f"spend_{i}": ("sum", "price", 3) for i in range(8)},
    "mean_0": ("mean", "price", 2),
    "mean_clean": ("mean", "price", 2),
    "max_clean": ("max", "price", 7),
    "last_0": ("last", "item", 7),
    "last_clean": ("last", "item", 7),
    "clicks_fn": ("count", None, 1),
    "spend_fn": ("sum", "price", 1),
    "clicks_clean": ("count", None, 1),
    "spend_clean": ("sum", "price", 7),
}


@dataclass
class World:
    """Rows by entity, in the order of their event timestamps, and records: (user, station, T)."""

    weather: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    clicks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    records: list[tuple[str, str, datetime]] = field(default_factory=list)


def make_world(seed: int) -> World:
    draw, world = random.Random(seed), World()
    for station in (f"s{number}" for number in range(12)):
        at = BEGIN
        rows: list[dict[str, Any]] = []
        while at < BEGIN + 24 * DAY:
            at += timedelta(seconds=draw.randrange(1200, 9000))
            rows.append(_reading(draw, station, at))
        world.weather[station] = rows
    users = [f"u{number}" for number in range(40)]
    events: dict[str, list[datetime]] = {user: [] for user in users}
    for _ in range(RECORDS):
        user = draw.choice(users)
        t = BEGIN + timedelta(seconds=draw.randrange(9 * 86400, 24 * 86400))
        world.records.append((user, f"s{draw.randrange(12)}", t))
        for back in draw.sample([0 * DAY, DAY, 2 * DAY, 3 * DAY, 7 * DAY], 2):
            events[user].append(t - back)
    for user in users:
        moments = events[user] + [BEGIN + timedelta(seconds=draw.randrange(24 * 86400)) for _ in range(120)]
        world.clicks[user] = [_click(draw, user, at) for at in sorted(moments)]
    return world


def _reading(draw: random.Random, station: str, at: datetime) -> dict[str, Any]:
    late = timedelta(seconds=draw.randrange(1800, 18000)) if draw.random() < 0.4 else timedelta()
    row: dict[str, Any] = {"station": station, "observed_at": at, "ingested_at": at + late}
    row |= {name: draw.gauss(60, 15) for name in DOUBLES}
    row |= {name: draw.randrange(1, 60) for name in INTEGERS}
    row |= {name: draw.choice(SKIES) for name in TEXTS}
    row |= {name: None if draw.random() < 0.4 else draw.gauss(1010, 8) for name in NULLABLE}
    row |= {"is_wet": draw.random() < 0.5, "wet_clean": draw.random() < 0.5}
    row |= {name: Decimal(draw.randrange(100, 99999)).scaleb(-2) for name in ("paid", "paid_clean")}
    row["serviced_at"] = at - timedelta(seconds=draw.randrange(86400))
    row["seen_at"] = at - timedelta(seconds=draw.randrange(86400))
    return row


def _click(draw: random.Random, user: str, at: datetime) -> dict[str, Any]:
    late = timedelta(seconds=draw.randrange(3600, 86400)) if draw.random() < 0.2 else timedelta()
    return {
        "user": user,
        "at": at,
        "arrived": at + late,
        "price": draw.lognormvariate(3, 1),
        "item": f"i{draw.randrange(500)}",
    }


def reading(world: World, station: str, t: datetime, late: bool = False, back: int = 0) -> dict[str, Any]:
    """The newest row visible at T, or the one before it."""
    visible = [
        row for row in world.weather[station] if row["observed_at"] <= t and (late or row["ingested_at"] <= t)
    ]
    return visible[-1 - back] if len(visible) > back else dict.fromkeys(COLUMNS)


def inside(
    world: World,
    user: str,
    start: datetime,
    end: datetime,
    t: datetime,
    late: bool = False,
    closed: str = "left",
) -> list[dict[str, Any]]:
    """Events of the window visible at T."""
    rows = [row for row in world.clicks[user] if late or row["arrived"] <= t]
    rows = [row for row in rows if start <= row["at"] <= end]
    if closed in ("left", "none"):
        rows = [row for row in rows if row["at"] < end]
    if closed in ("right", "none"):
        rows = [row for row in rows if row["at"] > start]
    return rows


def aggregate(rows: list[dict[str, Any]], function: str, column: str | None) -> Any:
    if function == "count":
        return len(rows)
    values = [
        row[str(column)]
        for row in sorted(rows, key=lambda row: (row["at"], row["arrived"], row[str(column)]))
    ]
    if not values:
        return None
    if function == "last":
        return values[-1]
    total = 0.0
    for value in values:
        total += value
    return {"sum": total, "mean": total / len(values), "max": max(values)}[function]


class Serving:
    """What serving logs of one record, with one thing done otherwise."""

    def __init__(self, world: World, record: tuple[str, str, datetime]) -> None:
        self.world, (self.user, self.station, self.t) = world, record
        self._readings: dict[Any, dict[str, Any]] = {}
        self._inside: dict[Any, list[dict[str, Any]]] = {}

    def row(self, name: str, *, at: datetime | None = None, late: bool = False, back: int = 0) -> Any:
        key = at, late, back
        if key not in self._readings:
            self._readings[key] = reading(self.world, self.station, at or self.t, late, back)
        return self._readings[key][name]

    def window(
        self, name: str, *, start: datetime | None = None, late: bool = False, closed: str = "left"
    ) -> Any:
        function, column, days = WINDOWS[name]
        start = start or self.t - days * DAY
        key = start, late, closed
        if key not in self._inside:
            self._inside[key] = inside(self.world, self.user, start, self.t, self.t, late, closed)
        return aggregate(self._inside[key], function, column)

    def function(self, name: str, **changed: Any) -> Any:
        inputs = changed | {"event_timestamp": changed.get("event_timestamp", self.t)}
        function = getattr(skew_features, name)
        taken = {}
        for each in function.__code__.co_varnames[: function.__code__.co_argcount]:
            taken[each] = inputs[each] if each in inputs else self._joined(each)
        optional = {name for name, kind in function.__annotations__.items() if "None" in str(kind)}
        if any(value is None and name not in optional for name, value in taken.items()):
            return None
        return function(**taken)

    def _joined(self, name: str) -> Any:
        table, column = name.split("__")
        return self.row(column) if table == "weather" else self.window(column)


def midnight(t: datetime, days: int, zone: Any) -> datetime:
    own = t.astimezone(zone)
    first = (own - timedelta(days=days - 1)).date()
    return datetime(first.year, first.month, first.day, tzinfo=zone)


def in_32_bits(value: float | None) -> float | None:
    return None if value is None else float(np.float32(value))


def maybe(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else change(value)


# Feature → (cause, what serving logs instead); a line each, however long.
# ruff: noqa: E501
FAULTS: dict[str, tuple[str, Callable[[Serving], Any]]] = {
    "weather__pressure_0": ("null_handling", lambda s: s.row("pressure_0") or 0.0),
    "pressure_gap": ("null_handling", lambda s: s.function("pressure_gap", weather__pressure_fn=s.row("pressure_fn") or 0.0)),
    "weather__temp_0": ("timezone_shift", lambda s: s.row("temp_0", at=s.t - 5 * HOUR)),
    "hour_of_day": ("timezone_shift", lambda s: s.function("hour_of_day", event_timestamp=s.t.astimezone(NEW_YORK).replace(tzinfo=timezone.utc))),
    "weather__seen_at": ("timezone_shift", lambda s: maybe(lambda v: v + 330 * timedelta(minutes=1))(s.row("seen_at"))),
    "minutes_since_service": ("timezone_shift", lambda s: s.function("minutes_since_service", weather__serviced_at=maybe(lambda v: v - 4 * HOUR)(s.row("serviced_at")))),
    "weather__temp_1": ("stale_value", lambda s: s.row("temp_1", back=1)),
    "weather__sky_0": ("stale_value", lambda s: s.row("sky_0", back=1)),
    "weather__wind_0": ("stale_value", lambda s: s.row("wind_0", back=1)),
    "weather__is_wet": ("stale_value", lambda s: s.row("is_wet", back=1)),
    "weather__temp_2": ("rounding", lambda s: maybe(lambda v: round(v, 1))(s.row("temp_2"))),
    "clicks__spend_0": ("rounding", lambda s: maybe(lambda v: round(v, 2))(s.window("spend_0"))),
    "weather__paid": ("rounding", lambda s: maybe(lambda v: v.quantize(Decimal(1)))(s.row("paid"))),
    "weather__temp_3": ("float32", lambda s: in_32_bits(s.row("temp_3"))),
    "clicks__mean_0": ("float32", lambda s: in_32_bits(s.window("mean_0"))),
    "weather__temp_4": ("unit_scale", lambda s: maybe(lambda v: v * 0.3048)(s.row("temp_4"))),
    "weather__wind_1": ("unit_scale", lambda s: maybe(lambda v: v * 1000)(s.row("wind_1"))),
    "clicks__spend_1": ("unit_scale", lambda s: maybe(lambda v: v / 100)(s.window("spend_1"))),
    "clicks__clicks_0": ("calendar_vs_rolling", lambda s: s.window("clicks_0", start=midnight(s.t, 7, timezone.utc))),
    "clicks__spend_2": ("calendar_vs_rolling", lambda s: s.window("spend_2", start=midnight(s.t, 3, NEW_YORK))),
    "clicks__clicks_1": ("window_boundary", lambda s: s.window("clicks_1", closed="both")),
    "clicks__spend_3": ("window_boundary", lambda s: s.window("spend_3", closed="none")),
    "spend_per_click": ("window_boundary", lambda s: s.function("spend_per_click", clicks__clicks_fn=s.window("clicks_fn", closed="both"))),
    "weather__temp_5": ("late_data", lambda s: s.row("temp_5", late=True)),
    "clicks__clicks_2": ("late_data", lambda s: s.window("clicks_2", late=True)),
    "clicks__last_0": ("late_data", lambda s: s.window("last_0", late=True)),
    "weather__sky_1": ("text_normalization", lambda s: maybe(str.upper)(s.row("sky_1"))),
    "weather__sky_2": ("text_normalization", lambda s: maybe(str.strip)(s.row("sky_2"))),
    "sky_length": ("text_normalization", lambda s: s.function("sky_length", weather__sky_fn=maybe(str.strip)(s.row("sky_fn")))),
    "weather__temp_6": ("constant_default", lambda s: maybe(lambda v: -1.0)(s.row("temp_6"))),
    "weather__wind_2": ("constant_default", lambda s: maybe(lambda v: 0)(s.row("wind_2"))),
    "weather__sky_3": ("constant_default", lambda s: maybe(lambda v: "unknown")(s.row("sky_3"))),
    "feels_like": ("unit_scale", lambda s: s.function("feels_like", weather__wind_fn=maybe(lambda v: v * 10)(s.row("wind_fn")))),
}  # fmt: skip
NAMES = [
    *(f"weather__{name}" for name in COLUMNS),
    *(f"clicks__{name}" for name in WINDOWS),
    *(
        name
        for name in vars(skew_features)
        if callable(getattr(skew_features, name))
        and not name[0].isupper()
        and name not in ("datetime", "timedelta", "timezone")
    ),
]


def logged_values(servings: list[Serving], seed: int, share: float) -> dict[str, list[Any]]:
    """Feature → what was logged of each record; each fault on its own share of them."""
    draw = random.Random(seed * 7919 + int(share * 100))
    logged: dict[str, list[Any]] = {}
    for name in NAMES:
        faulty = [name in FAULTS and draw.random() < share for _ in servings]
        logged[name] = [
            FAULTS[name][1](each) if is_faulty else plain(each, name)
            for each, is_faulty in zip(servings, faulty, strict=True)
        ]
    return logged


def plain(serving: Serving, name: str) -> Any:
    return serving._joined(name) if "__" in name else serving.function(name)


def write_tables(spark: SparkSession, place: Path, world: World) -> None:
    weather = [row for rows in world.weather.values() for row in rows]
    clicks = [row for rows in world.clicks.values() for row in rows]
    labels = [{"user": "u0", "station": "s0", "t": BEGIN, "y": 0}]
    for name, rows in (("weather", weather), ("clicks", clicks), ("labels", labels)):
        table = pa.Table.from_pylist(rows)
        spark.createDataFrame(_with_decimals(table)).coalesce(1).write.format("delta").save(str(place / name))


def _with_decimals(table: pa.Table) -> pa.Table:
    kinds = {name: pa.decimal128(12, 2) for name in ("paid", "paid_clean") if name in table.column_names}
    fields = [each.with_type(kinds.get(each.name, each.type)) for each in table.schema]
    return table.cast(pa.schema(fields))


def write_log(spark: SparkSession, place: Path, world: World, logged: dict[str, list[Any]]) -> None:
    users, stations, times = zip(*world.records, strict=True)
    features = pa.StructArray.from_arrays([_column(values) for values in logged.values()], list(logged))
    entity = pa.StructArray.from_arrays([pa.array(users), pa.array(stations)], ["user", "station"])
    size = len(times)
    table = pa.table(
        {
            "record_id": [f"r{number}" for number in range(size)],
            "host": ["web-1"] * size,
            "model_version": ["7"] * size,
            "event_timestamp": pa.array(times, pa.timestamp("us", "UTC")),
            "entity": entity,
            "features": features,
            "types": pa.nulls(size, pa.string()),
        }
    )
    spark.createDataFrame(table).coalesce(1).write.format("delta").mode("overwrite").option(
        "overwriteSchema", "true"
    ).save(str(place))


def _column(values: Iterable[Any]) -> pa.Array:
    listed = list(values)
    if any(isinstance(each, float) for each in listed):
        listed = [float(each) if isinstance(each, int) else each for each in listed]
    if any(isinstance(each, Decimal) for each in listed):
        return pa.array(listed, pa.decimal128(38, 2))
    return pa.array(listed)


def specs(place: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    weather = {
        "name": "weather", "source": str(place / "weather"), "entity_keys": ["station"],
        "event_timestamp": "observed_at", "available_at": "ingested_at", "delay": "0s", "columns": COLUMNS,
    }  # fmt: skip
    clicks = {
        "name": "clicks", "source": str(place / "clicks"), "entity_keys": ["user"],
        "event_timestamp": "at", "available_at": "arrived", "delay": "0s", "columns": [],
        "timezone": "America/New_York",
        "aggregations": [
            {"name": name, "function": function, "window": f"{days}d"} | ({"column": column} if column else {})
            for name, (function, column, days) in WINDOWS.items()
        ],
    }  # fmt: skip
    labels = {
        "source": str(place / "labels"),
        "entity_keys": ["user", "station"],
        "event_timestamp": "t",
        "label_columns": ["y"],
    }
    return {
        "name": "skew",
        "labels": labels,
        "feature_tables": ["weather", "clicks"],
        "features": "bench.skew_features",
    }, [weather, clicks]


def run(seeds: int, shares: tuple[float, ...]) -> list[dict[str, Any]]:
    spark = get_spark("skew causes")
    spark.conf.set("spark.sql.shuffle.partitions", "4")  # a few thousand records
    outcomes = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            world = make_world(seed)
            write_tables(spark, place, world)
            training_set, tables = specs(place)
            spec = load(LocalFiles(place), {}, os.environ).from_dicts(training_set, tables)
            servings = [Serving(world, record) for record in world.records]
            truth = logged_values(servings, seed, 0.0)
            for share in shares:
                logged = logged_values(servings, seed, share)
                write_log(spark, place / "log", world, logged)
                log = spark.read.format("delta").load(str(place / "log"))
                began = time.perf_counter()
                found = reconcile(spark, spec, log, RunRange(datetime.now(timezone.utc)))
                seconds = time.perf_counter() - began
                print(f"seed {seed}, share {share}: {seconds:.1f} s", file=sys.stderr, flush=True)
                outcomes += _judged(found.to_json()["features"], seed, share, logged, truth, seconds)
    return outcomes


def _judged(
    found: dict[str, Any],
    seed: int,
    share: float,
    logged: dict[str, Any],
    truth: dict[str, Any],
    seconds: float,
) -> list[dict[str, Any]]:
    rows = []
    for name in NAMES:
        differing = sum(one != other for one, other in zip(logged[name], truth[name], strict=True))
        rows.append(
            {
                "feature": name, "seed": seed, "share": share, "seconds": seconds, "differing": differing,
                "cause": FAULTS[name][0] if name in FAULTS else None, "found": found[name],
            }
        )  # fmt: skip
    return rows


def table_of(outcomes: list[dict[str, Any]]) -> str:
    """By cause and share: flagged and named right of those with a planted difference; and the clean features."""
    lines = [
        "| cause | features | " + " | ".join(f"{share:.0%} flagged, named" for share in SHARES) + " |",
        "| --- | --- | " + "--- | " * len(SHARES),
    ]
    causes = sorted({each["cause"] for each in outcomes if each["cause"]})
    for cause in [*causes, "all"]:
        own = [
            each
            for each in outcomes
            if each["cause"] and cause in (each["cause"], "all") and each["differing"]
        ]
        cells = []
        for share in SHARES:
            part = [each for each in own if each["share"] == share]
            flagged = sum(each["found"]["mismatched"] > 0 for each in part)
            named = sum(each["found"]["cause"] == each["cause"] for each in part)
            cells.append(f"{flagged} of {len(part)}, {named}")
        lines.append(f"| {cause} | {len({each['feature'] for each in own})} | {' | '.join(cells)} |")
    clean = [each for each in outcomes if not each["cause"]]
    wrong = sum(each["found"]["mismatched"] > 0 for each in clean)
    own = [each for each in outcomes if each["cause"] and each["differing"]]
    named = sum(each["found"]["cause"] == each["cause"] for each in own)
    flagged = sum(each["found"]["mismatched"] > 0 for each in own)
    lines += [
        "",
        f"Flags: precision {flagged / max(1, flagged + wrong):.4f}, recall {flagged / max(1, len(own)):.4f}; "
        f"{wrong} of {len(clean)} clean features flagged. Named right: {named / max(1, len(own)):.1%} of {len(own)}.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shares", type=float, nargs="*", default=SHARES)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    began = time.perf_counter()
    outcomes = run(options.seeds, tuple(options.shares))
    for each in outcomes:
        found = each["found"]
        if (each["cause"] and (found["cause"] != each["cause"])) or (
            not each["cause"] and found["mismatched"]
        ):
            print(
                each["feature"],
                each["seed"],
                each["share"],
                each["cause"],
                each["differing"],
                json.dumps(found, default=str),
            )
    runs = {(each["seed"], each["share"]): each["seconds"] for each in outcomes}
    tell(table_of(outcomes), options.out)
    print(
        f"{len(runs)} runs, {sum(runs.values()) / len(runs):.1f} s each, {time.perf_counter() - began:.0f} s in all"
    )


if __name__ == "__main__":
    main()
