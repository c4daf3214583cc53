"""The as-of join beside its peers and what a user would write instead, on the same data in the same run.

    python -m bench.asof                              # 1,000,000 label events, four tables of 1,250,000 rows
    python -m bench.asof --rows 5000000 --only ours range_join

Label events of 100,000 entities over 180 days take five doubles from each table, from the newest row at or before T
that is not older than 30 days. Every side ends in one checksum of all its columns, so that the results are known to be
equal and no column is left out by the optimiser. Sides:

ours        the engine, by `build_frame`
feast       the SQL that Feast's Spark offline store makes, from its own template
tempo       `TSDF.asofJoin` with its tolerance, table after table
hopsworks   a join on key and time, RANK, and a join per table: the form of the SQL that its server generates
range_join  one range join and one window function per table, as one would write by hand
floor       reading the same columns and a checksum of a result as wide
duckdb      ASOF JOIN on the same Parquet, one process

Feast and Tempo are installed from PyPI into build/bench-peers at the first run. Peers know no availability, ties or
late rows, so that the data has none. Chronon has no release for this Spark.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import jinja2
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.measure import Taken, cells_of, exchanges, taken_by
from bench.results import tell, title
from bench.windows import DAYS, HOT_SHARE, MICROS_OF_DAY, START
from skewless import build_frame
from skewless.lake.session import get_spark, private_session
from skewless.parts.publish.checksum import checksum

PEERS = Path(__file__).parents[1] / "build" / "bench-peers"
PACKAGES = ("feast==0.67.0", "dbl-tempo==0.1.30")
FEAST_SQL = "feast/infra/offline_stores/contrib/spark_offline_store/spark.py"
MAX_AGE = timedelta(days=30)
VALUES = ("v0", "v1", "v2", "v3", "v4")


class Data:
    """Label events `labels` (id, k, ts) and tables `t0`, `t1`, … (k, ts, five doubles), each a Delta table.

    With `hot` a fifth of the rows of each is of one entity.
    """

    def __init__(self, spark: SparkSession, place: Path, tables: int, hot: bool) -> None:
        self.spark, self.place, self.hot = spark, place, hot
        self.tables = [f"t{number}" for number in range(tables)]

    def write(self, labels: int, rows: int, entities: int) -> None:
        self._write("labels", labels, entities, 1, ["id"])
        for seed, name in enumerate(self.tables, start=2):
            self._write(name, rows, entities, seed, VALUES)

    def _write(
        self, name: str, rows: int, entities: int, seed: int, others: list[str] | tuple[str, ...]
    ) -> None:
        moment = int(START.timestamp()) * 1_000_000 + F.floor(F.rand(100 + seed) * DAYS * MICROS_OF_DAY)
        drawn = {"id": F.col("id")} | {value: F.randn(seed * 10 + at) for at, value in enumerate(VALUES)}
        key = F.floor(F.rand(seed) * entities).cast("bigint")
        if self.hot:
            key = F.when(F.rand(200 + seed) < HOT_SHARE, F.lit(0)).otherwise(key)
        frame = self.spark.range(rows).select(
            key.alias("k"),
            F.timestamp_micros(moment.cast("bigint")).alias("ts"),
            *[drawn[other].alias(other) for other in others],
        )
        frame.write.format("delta").save(str(self.place / name))
        self.read(name).createOrReplaceTempView(name)

    def read(self, name: str) -> DataFrame:
        return self.spark.read.format("delta").load(str(self.place / name))

    @property
    def result_columns(self) -> list[str]:
        return [f"{table}__{value}" for table in self.tables for value in VALUES]


def ours(data: Data) -> DataFrame:
    tables = [
        {
            "name": name,
            "source": str(data.place / name),
            "entity_keys": ["k"],
            "event_timestamp": "ts",
            "delay": "0s",
            "max_age": f"{MAX_AGE.days}d",
        }
        for name in data.tables
    ]
    labels = {
        "source": str(data.place / "labels"),
        "entity_keys": ["k"],
        "event_timestamp": "ts",
        "label_columns": ["id"],
    }
    specs = {"name": "bench", "labels": labels, "feature_tables": data.tables}
    return build_frame(
        data.spark, specs, feature_tables=tables, start=START, end=START + timedelta(days=DAYS + 1)
    )


def feast(data: Data) -> DataFrame:
    template = jinja2.Environment().from_string(_feast_template())
    views = [
        {
            "name": name,
            "ttl": int(MAX_AGE.total_seconds()),
            "entities": ["k"],
            "features": list(VALUES),
            "field_mapping": {},
            "timestamp_field": "ts",
            "created_timestamp_column": None,
            "table_subquery": name,
            "entity_selections": ["k AS k"],
            "min_event_timestamp": _iso(START - MAX_AGE),
            "max_event_timestamp": _iso(START + timedelta(days=DAYS)),
            "date_partition_column": None,
        }
        for name in data.tables
    ]
    query = template.render(
        featureviews=views,
        left_table_query_string="labels",
        entity_df_event_timestamp_col="ts",
        full_feature_names=True,
        final_output_feature_names=["id", "k", "ts", *data.result_columns],
    )
    *views_first, select = query.split("---EOS---")
    for statement in views_first:
        data.spark.sql(statement)
    return data.spark.sql(select)


def _feast_template() -> str:
    """The template as the installed Feast has it, read without importing it."""
    module = ast.parse((PEERS / FEAST_SQL).read_text(encoding="utf-8"))
    for node in module.body:
        if (
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "MULTIPLE_FEATURE_VIEW_POINT_IN_TIME_JOIN"
        ):
            return str(ast.literal_eval(node.value))
    raise LookupError(f"no template in {FEAST_SQL}")


def tempo(data: Data) -> DataFrame:
    from tempo import TSDF

    joined = TSDF(data.read("labels"), ts_col="ts", partition_cols=["k"])
    for name in data.tables:
        table = TSDF(data.read(name), ts_col="ts", partition_cols=["k"])
        joined = joined.asofJoin(
            table, right_prefix=name, skipNulls=False, tolerance=int(MAX_AGE.total_seconds())
        )
    of = {result: F.col(result.replace("__", "_", 1)).alias(result) for result in data.result_columns}
    return joined.df.select("id", "k", "ts", *of.values())


def hopsworks(data: Data) -> DataFrame:
    """Its SQL has no greatest age, which is added to the join here; labels join on key, T and id."""
    ranked = ", ".join(
        f"""{name}_ranked AS (
              SELECT * FROM (
                SELECT l.id AS label_id, l.k AS label_k, l.ts AS label_ts, r.*,
                       RANK() OVER (PARTITION BY l.k, l.id, l.ts ORDER BY r.ts DESC) AS place
                FROM labels l INNER JOIN {name} r
                  ON l.k = r.k AND l.ts >= r.ts AND l.ts <= r.ts + INTERVAL '{MAX_AGE.days}' DAY
              ) WHERE place = 1)"""
        for name in data.tables
    )
    joins = " ".join(
        f"LEFT JOIN {name}_ranked {name} ON l.k = {name}.label_k AND l.id = {name}.label_id AND l.ts = {name}.label_ts"
        for name in data.tables
    )
    return data.spark.sql(f"WITH {ranked} SELECT l.id, l.k, l.ts, {_selected(data)} FROM labels l {joins}")


def range_join(data: Data) -> DataFrame:
    joined = data.read("labels")
    for name in data.tables:
        right = data.read(name).select(
            F.col("k").alias("right_k"), F.col("ts").alias("right_ts"), F.struct(*VALUES).alias("values")
        )
        is_before = (F.col("k") == F.col("right_k")) & (F.col("right_ts") <= F.col("ts"))
        is_fresh = F.unix_micros("right_ts") >= F.unix_micros("ts") - MAX_AGE.days * MICROS_OF_DAY
        newest = F.max_by("values", "right_ts").alias(name)
        matched = data.read("labels").join(right, is_before & is_fresh, "inner").groupBy("id").agg(newest)
        joined = joined.join(matched, "id", "left")
    values = [F.col(table)[value].alias(f"{table}__{value}") for table in data.tables for value in VALUES]
    return joined.select("id", "k", "ts", *values)


def in_duckdb(data: Data) -> None:
    joins = " ".join(
        f"ASOF LEFT JOIN '{data.place}/{name}/*.parquet' {name} ON l.k = {name}.k AND l.ts >= {name}.ts"
        for name in data.tables
    )
    fresh = ", ".join(
        f"CASE WHEN l.ts - {table}.ts <= INTERVAL {MAX_AGE.days} DAY THEN {table}.{value} END AS {table}__{value}"
        for table in data.tables
        for value in VALUES
    )
    connection = duckdb.connect()
    connection.execute(
        f"CREATE TEMP TABLE result AS SELECT l.id, l.k, l.ts, {fresh} FROM '{data.place}/labels/*.parquet' l {joins}"
    )
    connection.close()


def _selected(data: Data) -> str:
    return ", ".join(f"{table}.{value} AS {table}__{value}" for table in data.tables for value in VALUES)


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S}"


SIDES: dict[str, Callable[[Data], DataFrame]] = {
    "ours": ours,
    "feast": feast,
    "tempo": tempo,
    "hopsworks": hopsworks,
    "range_join": range_join,
}


def install_peers() -> None:
    """Feast's and Tempo's own files, behind everything that is installed here."""
    if not (PEERS / FEAST_SQL).exists():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(PEERS)]
        subprocess.run([*install, "--no-deps", *PACKAGES], check=True)
        subprocess.run([*install, "ipython>=8,<9"], check=True)
    sys.path.append(str(PEERS))


def measured(data: Data, sides: list[str], rounds: int) -> dict[str, list[Taken]]:
    """What each side takes, round by round, after one that compiles, fills the file cache and compares results."""
    found: dict[str, str] = {}

    def run(side: str) -> None:
        in_order = SIDES[side](data).select("id", "k", "ts", *data.result_columns)
        found[side] = checksum(in_order)

    works: dict[str, Callable[[], Any]] = {side: partial(run, side) for side in sides}
    if "duckdb" in works:
        works["duckdb"] = partial(in_duckdb, data)
    if "floor" in works:
        works["floor"] = partial(floor, data)
    taken: dict[str, list[Taken]] = {side: [] for side in sides}
    for place in range(rounds + 1):
        for side, work in works.items():
            each = taken_by(work)
            print(
                f"{side}: {each.seconds:.1f} s, {each.cpu:.1f} s of processors", file=sys.stderr, flush=True
            )
            taken[side] += [each] if place else []
        if len(set(found.values())) > 1:
            raise AssertionError(f"results differ: {found}")
    return taken


def floor(data: Data) -> None:
    """Reading the same columns, and a checksum of a result as wide: below this no join on Spark gets."""
    for name in data.tables:
        data.read(name).write.format("noop").mode("overwrite").save()
    values = [F.col("id").cast("double").alias(name) for name in data.result_columns]
    checksum(data.read("labels").select("id", "k", "ts", *values))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--labels", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=1_250_000, help="of each feature table")
    parser.add_argument("--tables", type=int, default=4)
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--hot", action="store_true", help="a fifth of all rows under one key")
    parser.add_argument(
        "--rounds", type=int, default=3, help="after one that is not counted; sides take turns"
    )
    parser.add_argument("--only", nargs="+", choices=[*SIDES, "duckdb", "floor"])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    install_peers()
    spark = private_session(get_spark("bench asof"))  # as `build` runs
    with tempfile.TemporaryDirectory() as folder:
        data = Data(spark, Path(folder), given.tables, given.hot)
        data.write(given.labels, given.rows, given.entities)
        taken = measured(data, given.only or [*SIDES, "duckdb", "floor"], given.rounds)
        moved = {side: exchanges(make(data)) for side, make in SIDES.items() if side in taken}
    subject = f"{given.labels:,} label events of {given.entities:,} entities, "
    subject += f"{given.tables} tables of {given.rows:,} rows"
    subject += ", a fifth of the rows under one key" if given.hot else ""
    ours_takes = median(each.seconds for each in taken["ours"])
    lines = [
        title(subject, f"Spark {spark.version}", *PACKAGES, f"DuckDB {duckdb.__version__}"),
        "",
        "| as-of join | median | spread | to ours | processors | JVM | Python | exchanges |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *[
            f"| {side} | {cells_of(runs, ours_takes)} | {moved.get(side, '')} |"
            for side, runs in taken.items()
        ],
    ]
    tell("\n".join(lines), given.out)


if __name__ == "__main__":
    main()
