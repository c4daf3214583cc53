"""Who takes part on Spark: data → the label events with each table's values, lazily; and the floor."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jinja2
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bench.asof.cases import MAX_AGE, START, Table
from bench.asof.data import DAY, Data
from skewless import build_frame
from skewless.config import LocalFiles, load
from skewless.ground.run.ranges import RunRange
from skewless.parts.publish.checksum import checksum
from skewless.parts.spine import take_census
from skewless.training_set.ahead.pruning import prune
from skewless.training_set.ahead.strategy import planned
from skewless.training_set.bind import bind
from skewless.training_set.rows import joined_rows, select_result, spine_for

PEERS = Path(__file__).parents[2] / "build" / "bench-peers"
PACKAGES = ("feast==0.67.0", "dbl-tempo==0.1.30")
WITH_DEPENDENCIES = ("polars==2.1.0", "ipython>=8,<9")
"""IPython is imported by Tempo."""
FEAST_SQL = "feast/infra/offline_stores/contrib/spark_offline_store/spark.py"


def ours(data: Data) -> DataFrame:
    case = data.case
    labels = {
        "source": str(data.place / "labels"),
        "entity_keys": list(case.entities),
        "event_timestamp": "ts",
        "label_columns": ["id"],
    }
    specs = {
        "name": "bench",
        "labels": labels,
        "feature_tables": [table.name for table in case.tables],
    }
    tables = [_feature_table(data, table) for table in case.tables]
    end = case.end + timedelta(days=1)
    if case.is_of_a_part:
        return _as_built(data, specs, tables, RunRange(datetime.now(timezone.utc), case.first, end))
    return build_frame(data.spark, specs, feature_tables=tables, start=START, end=end)


def _feature_table(data: Data, table: Table) -> dict[str, Any]:
    served = {"available_at": "seen"} if data.case.late else {"delay": "0s"}
    return {
        "name": table.name,
        "source": str(data.place / table.name),
        "entity_keys": [table.key],
        "event_timestamp": "ts",
        **served,
        "columns": list(table.values),
        "max_age": f"{MAX_AGE.days}d",
    }


def _as_built(
    data: Data, specs: dict[str, Any], tables: list[dict[str, Any]], run_range: RunRange
) -> DataFrame:
    """What `build` computes before it writes: `build_frame`, which counts nothing, cuts no table."""
    configuration = load(LocalFiles(Path("conf")), {}, os.environ)
    opened = bind(data.spark, configuration.from_dicts(specs, tables))
    census = take_census(opened.events, opened.labels, opened.sample, run_range)
    ready = planned(prune(opened, census.first, census.last))
    return select_result(ready, joined_rows(ready, spine_for(ready, run_range)))


def feast(data: Data) -> DataFrame:
    case = data.case
    template = jinja2.Environment().from_string(_feast_template())
    views: list[dict[str, Any]] = [
        {
            "name": table.name,
            "ttl": int(MAX_AGE.total_seconds()),
            "entities": [table.key],
            "features": list(table.values),
            "field_mapping": {},
            "timestamp_field": "ts",
            "created_timestamp_column": None,
            "table_subquery": table.name,
            "entity_selections": [f"{table.key} AS {table.key}"],
            "min_event_timestamp": _iso(case.first - MAX_AGE),
            "max_event_timestamp": _iso(case.end),
            "date_partition_column": None,
        }
        for table in case.tables
    ]
    query = template.render(
        featureviews=views,
        left_table_query_string="labels",
        entity_df_event_timestamp_col="ts",
        full_feature_names=True,
        final_output_feature_names=case.result_columns,
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

    joined = data.read("labels")
    for table in data.case.tables:
        right = TSDF(data.read(table.name), ts_col="ts", partition_cols=[table.key])
        joined = (
            TSDF(joined, ts_col="ts", partition_cols=[table.key])
            .asofJoin(right, right_prefix=table.name, skipNulls=False, tolerance=int(MAX_AGE.total_seconds()))
            .df
        )
    renamed = [F.col(name.replace("__", "_", 1)).alias(name) for name in data.case.result_columns]
    return joined.select(*renamed)


def hopsworks(data: Data) -> DataFrame:
    """Its SQL has no greatest age, which is added to the join here; labels join on key, T and id."""
    tables = data.case.tables
    ranked = ", ".join(
        f"""{table.name}_ranked AS (
              SELECT * FROM (
                SELECT l.id AS label_id, l.{table.key} AS label_k, l.ts AS label_ts, r.*,
                       RANK() OVER (PARTITION BY l.{table.key}, l.id, l.ts ORDER BY r.ts DESC) AS place
                FROM labels l INNER JOIN {table.name} r
                  ON l.{table.key} = r.{table.key}
                    AND l.ts >= r.ts AND l.ts <= r.ts + INTERVAL '{MAX_AGE.days}' DAY
              ) WHERE place = 1)"""
        for table in tables
    )
    joins = " ".join(
        f"""LEFT JOIN {name}_ranked {name}
              ON l.{key} = {name}.label_k AND l.id = {name}.label_id AND l.ts = {name}.label_ts"""
        for name, key in ((table.name, table.key) for table in tables)
    )
    of_labels = ", ".join(f"l.{name}" for name in ("id", *data.case.entities, "ts"))
    values = ", ".join(
        f"{table.name}.{value} AS {table.name}__{value}" for table in tables for value in table.values
    )
    return data.spark.sql(f"WITH {ranked} SELECT {of_labels}, {values} FROM labels l {joins}")


def range_join(data: Data) -> DataFrame:
    joined = data.read("labels")
    for table in data.case.tables:
        right = data.read(table.name).select(
            F.col(table.key).alias("right_k"),
            F.col("ts").alias("right_ts"),
            F.struct(*table.values).alias("values"),
        )
        is_before = (F.col(table.key) == F.col("right_k")) & (F.col("right_ts") <= F.col("ts"))
        is_fresh = F.unix_micros("right_ts") >= F.unix_micros("ts") - MAX_AGE.days * DAY
        newest = F.max_by("values", "right_ts").alias(table.name)
        matched = data.read("labels").join(right, is_before & is_fresh, "inner").groupBy("id").agg(newest)
        joined = joined.join(matched, "id", "left")
    values = [
        F.col(table.name)[value].alias(f"{table.name}__{value}")
        for table in data.case.tables
        for value in table.values
    ]
    return joined.select("id", *data.case.entities, "ts", *values)


def floor(data: Data) -> None:
    """Reading the same columns, and a checksum of a result as wide: below this no join on Spark gets."""
    for table in data.case.tables:
        data.read(table.name).write.format("noop").mode("overwrite").save()
    of_labels = ["id", *data.case.entities, "ts"]
    values = [
        F.col("id").cast("double").alias(name) for name in data.case.result_columns if name not in of_labels
    ]
    checksum(data.read("labels").select(*of_labels, *values))


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S}"


MADE: dict[str, Callable[[Data], DataFrame]] = {
    "ours": ours,
    "feast": feast,
    "tempo": tempo,
    "hopsworks": hopsworks,
    "range_join": range_join,
}


def install_peers() -> None:
    """The peers' own files, behind everything that is installed here."""
    if not (PEERS / FEAST_SQL).exists() or not (PEERS / "polars").exists():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(PEERS)]
        subprocess.run([*install, "--no-deps", *PACKAGES], check=True)
        subprocess.run([*install, *WITH_DEPENDENCIES], check=True)
    sys.path.append(str(PEERS))
