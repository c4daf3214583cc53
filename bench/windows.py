"""Window aggregations beside what a user would write instead, on the same data in the same run.

    python bench/windows.py --events 20000000 --labels 1000000

For windows of 1, 7, 30 and 90 days: count, sum and max of a double per label event, by (ours) the engine, (a) Spark
RANGE BETWEEN over the union of events and label events, (b) a range join with group by, (c) DuckDB's RANGE BETWEEN on
the same Parquet. Sinks write nothing. A competitor that takes longer than `--patience` seconds is left out of longer
windows ("-"). Prints seconds and ratios as a Markdown table; `--out` appends it to a file.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.results import tell, title
from skewless import build_frame
from skewless.lake.session import get_spark, private_session

DAYS = 180
HOT_SHARE = 0.2
MICROS_OF_DAY = 86_400_000_000
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
FUNCTIONS = ("count(x)", "sum(x)", "max(x)")


def make_data(spark: SparkSession, place: Path, events: int, labels: int, keys: int, hot: bool) -> None:
    """Events and label events uniform over keys and 180 days; with `hot` a fifth of both under one key."""
    for name, rows, seed in (("events", events, 1), ("labels", labels, 2)):
        key = F.floor(F.rand(seed) * keys).cast("bigint")
        if hot:
            key = F.when(F.rand(seed + 10) < HOT_SHARE, F.lit(0)).otherwise(key)
        moment = F.lit(int(START.timestamp()) * 1_000_000) + F.floor(F.rand(seed + 20) * DAYS * MICROS_OF_DAY)
        frame = spark.range(rows).select(
            F.col("id"),
            key.alias("k"),
            F.timestamp_micros(moment.cast("bigint")).alias("ts"),
            F.randn(seed + 30).alias("x"),
        )
        frame.write.format("delta").mode("overwrite").save(str(place / name))


def ours(spark: SparkSession, place: Path, aggregations: list[dict[str, Any]]) -> DataFrame:
    table = {
        "name": "events",
        "source": str(place / "events"),
        "entity_keys": ["k"],
        "event_timestamp": "ts",
        "delay": "0s",
        "columns": [],
        "aggregations": aggregations,
    }
    labels = {
        "source": str(place / "labels"),
        "entity_keys": ["k"],
        "event_timestamp": "ts",
        "label_columns": ["x"],
    }
    specs = {"name": "bench", "labels": labels, "feature_tables": ["events"]}
    return build_frame(
        spark, specs, feature_tables=[table], start=START, end=START + timedelta(days=DAYS + 1)
    )


def of_x(days: int, *functions: str, **more: Any) -> list[dict[str, Any]]:
    """These functions of x over so many days, as a feature table declares them."""
    return [
        {"name": f"{name}_{days}d", "function": name, "column": "x", "window": f"{days}d", **more}
        for name in functions
    ]


def range_between(spark: SparkSession, place: Path, days: int) -> DataFrame:
    window = f"(PARTITION BY k ORDER BY at RANGE BETWEEN {days * MICROS_OF_DAY} PRECEDING AND 1 PRECEDING)"
    selected = ", ".join(f"{function} OVER {window} AS f{i}" for i, function in enumerate(FUNCTIONS))
    return spark.sql(
        f"""SELECT * FROM (
              SELECT id, is_label, {selected}
              FROM (SELECT id, k, unix_micros(ts) AS at, x, false AS is_label FROM delta.`{place}/events`
                    UNION ALL
                    SELECT id, k, unix_micros(ts), NULL, true FROM delta.`{place}/labels`)
            ) WHERE is_label"""
    )


def range_join(spark: SparkSession, place: Path, days: int) -> DataFrame:
    return spark.sql(
        f"""SELECT l.id, {", ".join(function.replace("(x)", "(e.x)") for function in FUNCTIONS)}
            FROM delta.`{place}/labels` l LEFT JOIN delta.`{place}/events` e
              ON e.k = l.k AND e.ts < l.ts AND unix_micros(e.ts) >= unix_micros(l.ts) - {days * MICROS_OF_DAY}
            GROUP BY l.id"""
    )


def in_duckdb(place: Path, days: int) -> None:
    window = (
        f"(PARTITION BY k ORDER BY moment RANGE BETWEEN {days * MICROS_OF_DAY} PRECEDING AND 1 PRECEDING)"
    )
    selected = ", ".join(f"{function} OVER {window} AS f{i}" for i, function in enumerate(FUNCTIONS))
    connection = duckdb.connect()
    connection.execute(
        f"""CREATE TEMP TABLE result AS SELECT * FROM (
              SELECT id, is_label, {selected}
              FROM (SELECT id, k, epoch_us(ts) AS moment, x, false AS is_label FROM '{place}/events/*.parquet'
                    UNION ALL SELECT id, k, epoch_us(ts), NULL, true FROM '{place}/labels/*.parquet')
            ) WHERE is_label"""
    )
    connection.close()


def seconds(run: Callable[[], object]) -> float:
    begin = time.monotonic()
    run()
    return time.monotonic() - begin


def sink(frame: DataFrame) -> None:
    frame.write.format("noop").mode("overwrite").save()


def table(results: dict[int, dict[str, float]], heading: str) -> str:
    names = list(dict.fromkeys(name for taken in results.values() for name in taken))
    lines = [
        heading,
        "",
        f"| window | {' | '.join(names)} | ratios to ours |",
        "|" + " --- |" * (len(names) + 2),
    ]
    for days, taken in results.items():
        cells = " | ".join(f"{taken[name]:.1f} s" if name in taken else "-" for name in names)
        ratios = ", ".join(
            f"{name} {taken[name] / taken['ours']:.1f}x" for name in names[1:] if name in taken
        )
        lines.append(f"| {days} d | {cells} | {ratios} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--labels", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=2_000)
    parser.add_argument("--days", type=int, nargs="+", default=[1, 7, 30, 90])
    parser.add_argument("--only", nargs="+", help="ours, range_between, range_join, duckdb")
    parser.add_argument("--hot", action="store_true", help="a fifth of all rows under one key")
    parser.add_argument(
        "--patience", type=float, default=300, help="what takes longer is not run on longer windows"
    )
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    spark = private_session(get_spark("bench windows"))  # as `build` runs
    results: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make_data(spark, place, given.events, given.labels, given.keys, given.hot)
        runs: dict[str, Callable[[int], object]] = {
            "ours": lambda days: sink(ours(spark, place, of_x(days, "count", "sum", "max"))),
            "range_between": lambda days: sink(range_between(spark, place, days)),
            "range_join": lambda days: sink(range_join(spark, place, days)),
            "duckdb": lambda days: in_duckdb(place, days),
        }
        chosen = {name: run for name, run in runs.items() if not given.only or name in given.only}
        sink(
            ours(spark, place, of_x(1, "count"))
        )  # compiles, starts the Python workers and fills the file cache once
        for days in given.days:
            results[days] = {}
            for name, run in chosen.items():
                before = [taken.get(name) for shorter, taken in results.items() if shorter != days]
                if any(taken is None or taken > given.patience for taken in before):
                    continue
                results[days][name] = seconds(lambda run=run, days=days: run(days))  # type: ignore[misc]
                print(f"{days} d {name}: {results[days][name]:.1f} s", file=sys.stderr, flush=True)
    subject = f"{given.events:,} events, {given.labels:,} label events, {given.keys:,} keys"
    subject += ", a fifth of the rows under one" if given.hot else ""
    text = table(results, title(subject, f"Spark {spark.version}", f"DuckDB {duckdb.__version__}"))
    tell(text, given.out)


if __name__ == "__main__":
    main()
