"""A project on disk: configuration and Delta tables written in the test's words, commands run as a user would."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.pandas.types import to_arrow_schema

from skewless.cli.app import main
from tests.helpers import by_hand


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON object that it has to be."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document

    @property
    def problems(self) -> list[str]:
        return self.err.splitlines()


@dataclass(frozen=True)
class Project:
    """A folder with `conf` and `warehouse`; ${WAREHOUSE} is set to the latter."""

    root: Path
    spark: SparkSession | None = None

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    def conf(self, files: Mapping[str, str]) -> Project:
        """Write configuration files by their path, for example {"feature_tables/weather.yml": "name: weather"}."""
        for path, text in files.items():
            target = self.root / "conf" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(dedent(text).lstrip("\n"))
        return self

    def table(self, name: str, columns: str, *rows: str) -> Project:
        """Write a Delta table, or its next version; columns are a DDL schema, a row SQL literals in parentheses."""
        frame = self._frame(columns, *rows)
        if all(type(field.dataType) in LITERAL and not field.metadata for field in frame.schema):
            by_hand.overwrite(self.warehouse / name, frame.schema, _literals(frame))
        else:
            writer = frame.coalesce(1).write.format("delta").mode("overwrite")
            writer.option("overwriteSchema", "true").save(str(self.warehouse / name))
        return self

    def append(self, name: str, columns: str, *rows: str) -> Project:
        """Write the next version of a Delta table, with these rows more, of types that literals have."""
        frame = self._frame(columns, *rows)
        by_hand.append(self.warehouse / name, frame.schema, _literals(frame))
        return self

    def _frame(self, columns: str, *rows: str) -> DataFrame:
        assert self.spark is not None
        fields = [field.split() for field in columns.split(", ")]
        values = ", ".join(rows) or "(" + ", ".join("NULL" for _ in fields) + ")"
        casts = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in fields)
        names = ", ".join(column for column, _ in fields)
        frame = self.spark.sql(f"SELECT {casts} FROM VALUES {values} AS t({names})")
        return frame if rows else frame.limit(0)

    def forget_snapshots(self) -> None:
        """Delta keeps what it has read of a log; another one has come into its place, or a broken one."""
        assert self.spark is not None
        jvm: Any = self.spark._jvm
        jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()

    def run(self, *arguments: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        own = ["--conf-dir", str(self.root / "conf"), "--set", f"WAREHOUSE={self.warehouse}"]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([*arguments, *own])
        return Ran(code, out.getvalue(), err.getvalue())

    def built(self, *arguments: str) -> dict[str, Any]:
        """The JSON object of a build that has to succeed."""
        ran = self.run("build", *arguments, "--json")
        assert ran.code == 0, ran.err
        return ran.document

    def commits(self, name: str) -> list[dict[str, Any]]:
        """The actions of each commit of a table, the oldest first, by kind."""
        return [
            {
                kind: action
                for line in log.read_text().splitlines()
                for kind, action in json.loads(line).items()
            }
            for log in sorted((self.warehouse / name / "_delta_log").glob("*.json"))
        ]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """A table's rows as a reader without any table feature sees them: log, Parquet, partition values."""
        live: dict[str, dict[str, str]] = {}
        for log in sorted((self.warehouse / name / "_delta_log").glob("*.json")):
            for action in map(json.loads, log.read_text().splitlines()):
                if "remove" in action:
                    live.pop(action["remove"]["path"])
                if "add" in action:
                    assert "deletionVector" not in action["add"]
                    live[action["add"]["path"]] = action["add"]["partitionValues"]
        rows: list[dict[str, Any]] = []
        for path, partition in live.items():
            parquet = pq.ParquetFile(self.warehouse / name / unquote(path)).read()
            rows += [{**row, **_dates(partition)} for row in _in_utc(parquet).to_pylist()]
        return rows


LITERAL = {*by_hand.BOUNDED, T.BooleanType, T.DecimalType, T.FloatType}
"""Types whose values come from the planner to Python and go into Arrow as they are."""


def _literals(frame: DataFrame) -> pa.Table:
    """Rows of literals, which the planner evaluates: collecting them starts no job.

    Instants come as microseconds: Python's local times would not tell the two hours of an autumn fold apart.
    """
    instants = [field.name for field in frame.schema if isinstance(field.dataType, T.TimestampType)]
    rows = frame.withColumns({name: F.unix_micros(name) for name in instants}).collect()
    arrow = to_arrow_schema(frame.schema)
    kinds = [pa.int64() if field.name in instants else field.type for field in arrow]
    columns = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds)]
    return pa.table([column.cast(field.type) for column, field in zip(columns, arrow, strict=True)], arrow)


def _in_utc(table: pa.Table) -> pa.Table:
    fields = [
        field.with_type(pa.timestamp("us", "+00:00")) if getattr(field.type, "tz", None) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _dates(partition: Mapping[str, str | None]) -> dict[str, Any]:
    return {name: value or None for name, value in partition.items()}


WEATHER = """
    name: weather
    source: ${WAREHOUSE}/weather
    entity_keys: [origin]
    event_timestamp: observed_at
    available_at: ingested_at
    delay: 10m
    max_age: 3h
"""
DELAYS = """
    name: delays
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [flight, origin]
      event_timestamp: predict_at
      label_columns: [late]
      label_available_at: arrived_at
      where: "late IS NOT NULL AND predict_at > TIMESTAMP '2024-02-01 00:00:00' OR predict_at IS NULL"
    feature_tables:
      - weather
      - {table: weather, as: dest_weather, join_keys: {origin: dest}}
      - planes
      - strikes
      - world
    features: tests.helpers.delay_features
    output: ${WAREHOUSE}/delays
    expectations: ${SUITE:-sound}
"""
SOUND = """
    {"name": "sound", "expectations": [
      {"type": "expect_table_row_count_to_equal", "kwargs": {"value": {"$PARAMETER": "label_events"}}},
      {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "late", "value_set": [0, 1]}}]}
"""


def table_of(name: str, rest: str) -> str:
    return f"{{name: {name}, source: '${{WAREHOUSE}}/{name}', {rest}}}"


def delays_in(root: Path, spark: SparkSession) -> Project:
    """Label events with every oddity that J1 names, and the tables of `delays`; nothing is built yet."""
    project = Project(root, spark).conf(
        {
            "feature_tables/weather.yml": WEATHER,
            "feature_tables/planes.yml": table_of("planes", "entity_keys: [flight], static: true"),
            "feature_tables/strikes.yml": table_of("strikes", "entity_keys: [origin], event_timestamp: at"),
            "feature_tables/world.yml": table_of("world", "entity_keys: [], event_timestamp: at"),
            "training_sets/delays.yml": DELAYS,
            "expectations/sound.json": SOUND,
        }
    )
    project.table(
        "labels",
        "flight INT, origin STRING, dest STRING, predict_at TIMESTAMP, clock TIMESTAMP_NTZ, late INT, "
        "arrived_at TIMESTAMP",
        "(1, 'EWR', 'JFK', '2024-03-01 00:00:00Z', '2024-02-29 19:00:00', 1, '2024-03-01 06:00:00Z')",
        "(1, 'EWR', 'JFK', '2024-03-01 00:00:00Z', '2024-02-29 19:00:00', 1, '2024-03-01 06:00:00Z')",
        "(2, 'EWR', NULL, '2024-02-29 23:59:59.999999Z', '2024-03-10 02:30:00', 0, '2024-03-01 06:00:00Z')",
        "(3, NULL, 'JFK', '2024-03-01 12:00:00Z', NULL, 0, '2024-03-01 18:00:00Z')",
        "(4, 'EWR', 'JFK', NULL, NULL, 1, '2024-03-01 18:00:00Z')",
        "(5, 'EWR', 'JFK', '2024-03-02 00:00:00Z', NULL, 1, '2099-01-01 00:00:00Z')",
        "(6, 'EWR', 'JFK', '2099-01-01 00:00:00Z', NULL, 1, '2024-03-01 00:00:00Z')",
        "(7, 'EWR', 'JFK', '2024-03-01 12:00:00Z', NULL, NULL, '2024-03-01 18:00:00Z')",
        "(8, 'EWR', 'JFK', '2024-02-01 00:00:00Z', NULL, 1, '2024-03-01 18:00:00Z')",
    )
    project.table(
        "weather",
        "origin STRING, observed_at TIMESTAMP, ingested_at TIMESTAMP, temp DOUBLE, wind INT",
        "('EWR', '2024-02-29 22:00:00Z', '2024-02-29 22:05:00Z', 20.5, NULL)",
        "('EWR', '2024-02-29 23:50:00Z', '2024-02-29 23:50:00Z', 40.0, 7)",
        "(NULL, '2024-02-29 22:00:00Z', '2024-02-29 22:00:00Z', 1.0, 1)",
        "('EWR', NULL, '2024-02-29 22:00:00Z', 1.0, 1)",
        "('EWR', '2024-02-29 22:00:00Z', NULL, 1.0, 1)",
    )
    project.table("planes", "flight BIGINT, seats INT", "(1, 100)", "(1, 180)", "(9, 1)")
    project.table("strikes", "origin STRING, at TIMESTAMP, severity INT")
    return project.table("world", "at TIMESTAMP, oil DECIMAL(9,2)", "('2024-01-01 00:00:00Z', 81.25)")


@dataclass(frozen=True)
class Delays:
    """`delays`, built once: read it, and publish nothing more to it."""

    project: Project
    ran: Ran
    result: dict[str, Any]
    report: str
    metrics: str
