"""Random tables under many options at once: whatever the engine publishes, serving makes the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.helpers.frames import delta
from tests.helpers.project import Project

LABELS, ROWS, ENTITIES = 250, 500, 12
TICK = timedelta(microseconds=1)
NEW_YORK = "America/New_York"
Draw = Callable[[Random], Any]

COLUMNS = "x double, f float, money decimal(9,2), word string, list array<double>, map map<string,float>"
R = """
    name: r
    source: ${WAREHOUSE}/r
    entity_keys: [K]
    event_timestamp: AT
    columns: [x, f, Money, word, list, map, seen]
"""
W = """
    name: w
    source: ${WAREHOUSE}/r
    entity_keys: [k]
    event_timestamp: at
    columns: []
    aggregations:
      - {name: n, function: count, window: 3h}
      - {name: known, function: count, column: X, window: 3h, offset: 30m}
      - {name: sum_x, function: sum, column: x, window: 1d}
      - {name: sum_f, function: sum, column: f, window: 6h}
      - {name: sum_money, function: sum, column: MONEY, window: 1d, where: "WORD IN ('a', 'ß') OR x > 0.5"}
      - {name: sum_n, function: sum, column: n, window: 6h}
      - {name: mean_money, function: mean, column: money, window: 12h}
      - {name: mean_x, function: mean, column: x, window: 12h, where: "NOT f < 1 AND x IS NOT NULL"}
      - {name: spread, function: stddev, column: x, window: 1d}
      - {name: least, function: min, column: word, window: 1d}
      - {name: most, function: max, column: f, window: 1d}
      - {name: first, function: first, column: x, window: 6h}
      - {name: last, function: last, column: word, window: 6h}
      - {name: kinds, function: count_distinct, column: x, window: 1d}
      - {name: newest, function: last_n, column: money, window: 1d, n: 3}
      - {name: p90, function: percentile, column: x, window: 1d, p: 0.9}
      - {name: since, function: time_since_last, window: 1d, where: "seen >= TIMESTAMP '2024-03-10 06:00:00'"}
      - {name: today, function: count, window: {calendar: day, length: 1, timezone: America/New_York}}
      - name: yesterday
        function: sum
        column: x
        window: {calendar: day, length: 1, timezone: America/New_York}
        offset: 1
      - {name: week, function: count, window: {calendar: week, length: 1, timezone: Asia/Kolkata}}
      - {name: month, function: max, column: money, window: {calendar: month, length: 2, timezone: UTC}}
"""
WORLD = """
    name: world
    source: ${WAREHOUSE}/world
    entity_keys: []
    event_timestamp: day
    delay: 0s
    timezone: America/New_York
    aggregations:
      - {name: days, function: count, window: 2d}
"""
TRAINING_SET = """
    name: s
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [k, j]
      event_timestamp: t
      label_columns: [y]
    feature_tables:
      - r
      - w
      - {table: r, as: other, join_keys: {K: j}}
      - world
      - still
    features: tests.helpers.random_features
    output: ${WAREHOUSE}/s
    parity_sample: 100000
    strategy: exchange
"""
STILL = """
    name: still
    source: ${WAREHOUSE}/r
    entity_keys: [k]
    static: true
    columns: [map, f, list]
"""
OPTIONS = {
    "available at, ages and ends, across the spring gap": (
        datetime(2024, 3, 10, 7, tzinfo=timezone.utc),
        "available_at: landed\n    delay: 10m\n    max_age: 5h\n    valid_until: ends\n",
        "available_at: landed\n    delay: 10m\n    strict: true\n",
        "timestamp",
        "",
    ),
    "strict and a delay, clock times, across the autumn fold": (
        datetime(2024, 11, 3, 6, tzinfo=timezone.utc),
        "strict: true\n    delay: 0s\n    timezone: America/New_York\n    max_age: 8h\n",
        "delay: 1h\n    timezone: America/New_York\n",
        "timestamp_ntz",
        f"\n      timezone: {NEW_YORK}",
    ),
}


def sometimes_null(draw: Draw) -> Draw:
    return lambda rng: None if rng.random() < 0.15 else draw(rng)


def one_of(*values: Any) -> Draw:
    return sometimes_null(lambda rng: rng.choice(values))


def moments(middle: datetime, clock: bool) -> Draw:
    """Half hours around an instant, and now and then a microsecond off; as clock times where told."""

    def draw(rng: Random) -> datetime:
        moment = middle + timedelta(minutes=30) * rng.randrange(-48, 48) + TICK * rng.choice((-1, 0, 0, 0, 1))
        return moment.replace(tzinfo=None) if clock else moment

    return draw


DRAWS: dict[str, Draw] = {
    "x": one_of(0.0, -0.0, math.nan, 0.1, 0.2, -1e9, 1e-9, 3.5),
    "f": one_of(0.10000000149011612, 1.5, -0.0, math.nan, 3.0),
    "money": one_of(Decimal("0.01"), Decimal("-1.10"), Decimal("1234567.89"), Decimal("0.00")),
    "word": one_of("a", "b", "ß", "", "Z", "\U0001f600"),
    "list": one_of([], [1.0], [1.0, None], [math.nan], [-0.0], [0.0]),
    "map": one_of([], [("a", 1.5)], [("b", None)], [("b", 2.0), ("a", -0.0)]),
    "n": one_of(-1, 0, 1, 2**31 - 1),
}


def rows_of(rng: Random, middle: datetime, clock: bool) -> list[dict[str, Any]]:
    time, instant = moments(middle, clock), moments(middle, clock=False)
    rows = []
    for _ in range(ROWS):
        row = {"k": rng.choice([None, *range(ENTITIES)]), **{name: draw(rng) for name, draw in DRAWS.items()}}
        row["at"] = sometimes_null(time)(rng)
        lag = timedelta(minutes=30) * rng.choice((0, 0, 0, 1, 5, 40)) + TICK * rng.choice((0, 0, 1))
        row["landed"] = None if row["at"] is None else row["at"] + lag
        row["ends"] = None if row["at"] is None or rng.random() < 0.5 else row["at"] + lag * 2
        row["seen"] = instant(rng)
        rows.append(row)
    return [*rows, *rng.sample(rows, 50)]


def labels_of(rng: Random, middle: datetime, clock: bool) -> list[dict[str, Any]]:
    time = sometimes_null(moments(middle, clock))
    keys = [None, *range(ENTITIES + 1)]
    rows = [{"k": rng.choice(keys), "j": rng.choice(keys), "t": time(rng), "y": 1} for _ in range(LABELS)]
    return [*rows, *rng.sample(rows, 10)]


@pytest.mark.parametrize(("name", "strategy"), list(zip(OPTIONS, ("exchange", "broadcast"), strict=True)))
def test_random_tables_give_serving_what_they_gave_spark(
    name: str, strategy: str, spark: SparkSession, tmp_path: Path
) -> None:
    """Either strategy with one of the options: that both join alike is what `tests/properties` hold."""
    middle, joined, windowed, kind, zone = OPTIONS[name]
    project, rng, clock = Project(tmp_path, spark), Random(name), kind == "timestamp_ntz"
    schema = f"k int, at {kind}, landed {kind}, ends {kind}, n int, seen timestamp, {COLUMNS}"
    delta(spark, str(project.warehouse / "r"), schema, rows_of(rng, middle, clock))
    delta(
        spark,
        str(project.warehouse / "labels"),
        f"k bigint, j smallint, t {kind}, y int",
        labels_of(rng, middle, clock),
    )
    days = [((middle + timedelta(days=away)).date(), away * 0.5) for away in (-3, -1, 0, 0, 1)]
    delta(spark, str(project.warehouse / "world"), "day date, oil double", days)
    project.conf(
        {
            "feature_tables/r.yml": f"{R}    {joined}",
            "feature_tables/w.yml": f"{W}    {windowed}",
            "feature_tables/world.yml": WORLD,
            "feature_tables/still.yml": STILL,
            "training_sets/s.yml": TRAINING_SET.replace(
                "event_timestamp: t", f"event_timestamp: t{zone}"
            ).replace("strategy: exchange", f"strategy: {strategy}"),
        }
    )
    ran = project.run("build", "s", "--as-of", "2025-01-01")
    assert ran.code == 0, ran.out + ran.err
    assert f"{LABELS + 10} label events replayed through serving, no difference in " in ran.out
    rows = project.rows("s")
    for column in ("r__x", "other__map", "w__first", "w__sum_money", "world__oil", "still__map", "ratio"):
        assert 10 < sum(row[column] is not None for row in rows) < LABELS + 10, column
