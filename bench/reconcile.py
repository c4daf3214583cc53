"""Reconciling a day of log records beside building that day: the same rows, joins, windows and functions.

    python bench/reconcile.py --records 1000000

One training set of 50 features (a profile table, a table of stores, windows over clicks, ten functions). Its day is
built twice, in turn with two reconciliations of a log that holds exactly the published values; the goal is that a
reconciliation takes no longer than two builds. `--share` plants a null read as zero on that share of the records of one
feature, so that its cause is looked for too. Prints Markdown; `--out` appends it to a file.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from bench.results import tell, title
from bench.windows import seconds
from skewless.config import LocalFiles, PublishableTrainingSet, load, publishable
from skewless.ground.run.ranges import RunRange
from skewless.lake.session import get_spark, private_session
from skewless.runs.build.build import build
from skewless.runs.watch.reconcile.reconcile import reconcile

DAY = datetime(2024, 7, 10, tzinfo=timezone.utc)
CUT = RunRange(datetime.now(timezone.utc), DAY, DAY + timedelta(days=1))
MICROS_OF_DAY = 86_400_000_000
KEYS = ("user", "shop")
SCORES, COUNTERS, STORE_NUMBERS = 12, 5, 8
FAULTY = "profile__score_3"
PRICE = {"column": "price"}


def instants(seed: int, first_day: int, days: int) -> Column:
    """Instants uniform over `days` days that begin `first_day` days after DAY."""
    begin = int(DAY.timestamp()) * 1_000_000 + first_day * MICROS_OF_DAY
    return F.timestamp_micros((F.lit(begin) + F.floor(F.rand(seed) * days * MICROS_OF_DAY)).cast("bigint"))


def numbers(name: str, count: int, seed: int) -> list[Column]:
    """Columns of doubles, a twentieth of them null."""
    return [
        F.when(F.rand(seed + i) > 0.05, F.randn(seed + 50 + i)).alias(f"{name}_{i}") for i in range(count)
    ]


def write_tables(spark: SparkSession, place: Path, records: int) -> None:
    user = F.floor(F.rand(1) * (records // 5)).cast("bigint").alias("user")
    shop = F.floor(F.rand(2) * 2_000).cast("int").alias("shop")
    tier = F.element_at(
        F.array(*map(F.lit, ("gold", "silver", "new"))), (F.floor(F.rand(5) * 3) + 1).cast("int")
    )
    tables = {
        "labels": spark.range(records).select(
            F.col("id").alias("request"), user, shop, instants(3, 0, 1).alias("t"), (F.rand(4) > 0.8).alias("bought")
        ),
        "profile": spark.range(records).select(
            user, instants(6, -90, 91).alias("visited_at"), tier.alias("tier"),
            F.floor(F.rand(7) * 70).cast("int").alias("age"), F.floor(F.rand(8) * 9).cast("int").alias("region"),
            *numbers("score", SCORES, 100),
        ),
        "store": spark.range(200_000).select(
            shop, instants(9, -90, 91).alias("at"), F.floor(F.rand(10) * 9).cast("int").alias("region"),
            F.rand(11).alias("rating"), (F.rand(12) * 50).alias("mean_price"), *numbers("store", STORE_NUMBERS, 300),
        ),
        "clicks": spark.range(records * 2).select(
            user, instants(13, -30, 31).alias("at"), (F.rand(14) * 90).alias("price")
        ),
    }  # fmt: skip
    for name, frame in tables.items():
        frame.write.format("delta").save(str(place / name))


def specification(place: Path) -> PublishableTrainingSet:
    clicks = [
        {"name": f"{name}_{days}d", "function": function, "window": f"{days}d", **column}
        for days in (1, 7, 30)
        for name, function, column in (
            ("clicks", "count", {}), ("spend", "sum", PRICE), ("mean", "mean", PRICE), ("dearest", "max", PRICE),
        )
    ]  # fmt: skip
    tables = [
        {
            "name": "profile", "source": str(place / "profile"), "entity_keys": ["user"],
            "event_timestamp": "visited_at", "delay": "10m", "columns": [
                "visited_at", "tier", "age", "region", *(f"score_{i}" for i in range(SCORES))],
        },
        {
            "name": "store", "source": str(place / "store"), "entity_keys": ["shop"], "event_timestamp": "at",
            "delay": "1h", "columns": [
                "region", "rating", "mean_price", *(f"store_{i}" for i in range(STORE_NUMBERS))],
        },
        {
            "name": "clicks", "source": str(place / "clicks"), "entity_keys": ["user"], "event_timestamp": "at",
            "delay": "1m", "columns": [], "aggregations": clicks,
        },
    ]  # fmt: skip
    labels = {
        "source": str(place / "labels"), "entity_keys": ["request", *KEYS], "event_timestamp": "t",
        "label_columns": ["bought"],
    }  # fmt: skip
    training_set = {
        "name": "bench", "labels": labels, "feature_tables": ["profile", "store", "clicks"],
        "features": "bench.reconcile_features", "output": str(place / "published"),
    }  # fmt: skip
    return publishable(load(LocalFiles(place), {}, os.environ).from_dicts(training_set, tables))


def write_log(spark: SparkSession, place: Path, share: float) -> int:
    """The published rows as ingest-log's table has them, and how many features they have."""
    rows = spark.read.format("delta").load(str(place / "published"))
    names = [name for name in rows.columns if name not in ("request", *KEYS, "t", "bought", "event_date")]
    values = {name: F.col(name) for name in names}
    is_faulty = values[FAULTY].isNull() & (F.rand(21) < share)
    values[FAULTY] = F.when(is_faulty, F.lit(0.0)).otherwise(values[FAULTY])
    features = {name: _logged(value, rows.schema[name].dataType) for name, value in values.items()}
    entity = {name: F.col(name).cast("bigint") for name in ("request", *KEYS)}
    kinds = {name: rows.select(value.alias(name)).schema[name].dataType for name, value in features.items()}
    types = F.to_json(
        F.struct(
            F.struct(*[_type(features[name], kinds[name]).alias(name) for name in names]).alias("features"),
            F.struct(*[F.lit("bigint").alias(name) for name in entity]).alias("entity"),
        )
    )
    _log_frame(rows, entity, features, types).write.format("delta").partitionBy("event_date").save(
        str(place / "log")
    )
    return len(names)


def _log_frame(
    rows: DataFrame, entity: dict[str, Column], features: dict[str, Column], types: Column
) -> DataFrame:
    fixed: dict[str, Any] = {"host": "web-1", "pid": 1, "model_version": "7", "fingerprint": "none"}
    return rows.select(
        F.uuid().alias("record_id"), F.col("t").alias("written_at"),
        *[F.lit(value).alias(name) for name, value in fixed.items()],
        F.col("t").alias("event_timestamp"), F.col("request").cast("string").alias("request_id"),
        types.alias("types"), F.col("t").alias("ingested_at"), "event_date",
        F.struct(*[value.alias(name) for name, value in entity.items()]).alias("entity"),
        F.struct(*[value.alias(name) for name, value in features.items()]).alias("features"),
    )  # fmt: skip


def _logged(value: Column, kind: DataType) -> Column:
    return value.cast("bigint") if kind.typeName() == "integer" else value


def _type(value: Column, kind: DataType) -> Column:
    return F.when(value.isNull(), F.lit("void")).otherwise(
        F.lit({"long": "bigint"}.get(kind.typeName(), kind.typeName()))
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument(
        "--share", type=float, default=0.0, help="of the nulls of one feature, logged as zero"
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    spark = private_session(get_spark("bench reconcile"))
    taken: dict[str, list[float]] = {"build": [], "reconcile": []}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_tables(spark, place, given.records)
        spec = specification(place)
        for turn in range(given.rounds):
            taken["build"].append(seconds(lambda: build(spark, spec, CUT)))
            if turn == 0:
                features = write_log(spark, place, given.share)
            log = spark.read.format("delta").load(str(place / "log"))
            found: list[Any] = []
            taken["reconcile"].append(
                seconds(lambda log=log, found=found: found.append(reconcile(spark, spec, log, CUT)))
            )  # type: ignore[misc]
            print({name: each[-1] for name, each in taken.items()}, file=sys.stderr, flush=True)
        document = found[0].to_json()
    differing = {
        name: (each["mismatched"], each["cause"])
        for name, each in document["features"].items()
        if each["mismatched"]
    }
    build_s, reconcile_s = (statistics.median(each) for each in taken.values())
    subject = f"{document['rows']:,} records, {features} features"
    told = ", ".join(f"{name}: {count:,} ({cause})" for name, (count, cause) in differing.items()) or "none"
    text = (
        f"{title(subject, f'Spark {spark.version}')}\n\n"
        f"| | s | to a build |\n| --- | --- | --- |\n| build | {build_s:.1f} | 1.00 |\n"
        f"| reconcile | {reconcile_s:.1f} | {reconcile_s / build_s:.2f} |\n\nFeatures that differ: {told}."
    )
    tell(text, given.out)


if __name__ == "__main__":
    main()
