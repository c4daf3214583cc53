"""Small Spark frames from Python values, and the engine run on them over Arrow, which keeps instants exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from skewless.config import Labels
from skewless.ground.run.ranges import RunRange
from skewless.parts.asof import JoinSide, as_of_join
from skewless.parts.spine import spine_of
from tests.helpers import by_hand
from tests.oracles.asof import OracleTable, Row

LONG_AFTER = datetime(2100, 1, 1, tzinfo=timezone.utc)


def at(clock: str, day: str = "2024-07-01") -> datetime:
    """The instant of a UTC clock time, `10:00` or `10:00:00.000001`."""
    return datetime.fromisoformat(f"{day}T{clock}+00:00")


def frame(spark: SparkSession, schema: str, rows: Iterable[Sequence[Any] | Row]) -> DataFrame:
    """A frame of these rows, tuples in the schema's order or dicts; other keys of a dict are left out."""
    spark_schema, table = arrow_rows(schema, rows)
    return spark.createDataFrame(table, spark_schema)


def arrow_rows(schema: str, rows: Iterable[Sequence[Any] | Row]) -> tuple[StructType, pa.Table]:
    """The schema and the rows of such a frame, which need no Spark but its parser."""
    spark_schema = StructType.fromDDL(schema)
    assert isinstance(spark_schema, StructType), "columns are those of a struct"
    names = spark_schema.names
    values = [[row[name] for name in names] if isinstance(row, dict) else row for row in rows]
    columns = list(zip(*values, strict=True)) or [()] * len(names)
    arrow = to_arrow_schema(spark_schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, arrow, strict=True)]
    return spark_schema, pa.Table.from_arrays(arrays, schema=arrow)


def delta(_spark: SparkSession, path: str, schema: str, rows: Iterable[Sequence[Any] | Row]) -> str:
    """A Delta table of these rows at `path`, which comes back; the session parses the schema, and does no more."""
    by_hand.overwrite(Path(path), *arrow_rows(schema, rows))
    return path


def collected(rows: DataFrame) -> list[Row]:
    """The rows as dicts, with aware datetimes whatever the zones of session and process."""
    return rows.toArrow().to_pylist()


def spine(events: DataFrame, *keys: str) -> DataFrame:
    """The spine of these label events, all of them; T is the column t."""
    labels = Labels(source="in/memory", entity_keys=keys, event_timestamp="t", label_columns=("y",))
    return spine_of(events, labels, None, RunRange(LONG_AFTER))


def side_of(table: OracleTable, rows: DataFrame, name: str) -> JoinSide:
    """The oracle's table as the engine takes it."""
    shared = {field.name for field in fields(JoinSide) if field.init} & {
        field.name for field in fields(table)
    }
    options = {option: getattr(table, option) for option in shared}
    return JoinSide(**{**options, "name": name, "rows": rows})


def winners(label_events: DataFrame, sides: Sequence[JoinSide], keys: Sequence[str]) -> list[dict[str, Any]]:
    """The join's rows: `label`, and per side's name the selected columns of its winner, None without one.

    Under `NAME at T` stands whether that winner is of exactly T.
    """
    columns = [F.col("label")]
    for side in sides:
        columns += [side.is_matched().alias(side.name)]
        columns += [F.col(side.at_t_slot).alias(f"{side.name} at T")]
        columns += [side.value(name).alias(f"{side.name}.{name}") for name in side.columns]
    return [
        {
            "label": row["label"],
            **{side.name: _winner(side, row) for side in sides},
            **{f"{side.name} at T": row[f"{side.name} at T"] for side in sides},
        }
        for row in joined_either_way(spine(label_events, *keys), sides, columns)
    ]


def joined_either_way(
    label_events: DataFrame, sides: Sequence[JoinSide], columns: Sequence[Column | str]
) -> list[Row]:
    """These columns of the join's rows, which are the same whether tables are exchanged or sent to the label events."""
    exchanged, sent = (
        collected(as_of_join(label_events, [replace(side, broadcast=way) for side in sides]).select(*columns))
        for way in (False, True)
    )
    assert sorted(map(repr, exchanged)) == sorted(map(repr, sent))
    return exchanged


def values_at(rows: DataFrame, *times: datetime | None, **options: Any) -> list[Any]:
    """The column v of entity a's winner at each time, "absent" without one; `options` are a side's.

    The rows have the key k and, unless the options say otherwise, the event timestamp `at`.
    """
    label_events = [("a", moment, place) for place, moment in enumerate(times)]
    events = frame(rows.sparkSession, "k string, t timestamp, place int", label_events)
    spec = {"keys": (("k", "k"),), "columns": ("v",), "event_timestamp": "at", **options}
    found = winners(events, [JoinSide(name="r", rows=rows, **spec)], ["k"])
    assert len(found) == len(times)
    found.sort(key=lambda row: row["label"]["place"])
    return ["absent" if row["r"] is None else row["r"]["v"] for row in found]


def training_set(*joins: Any, name: str = "ts", **labels: Any) -> dict[str, Any]:
    """A training set as a dict; entity key k, T in t, label y unless `labels` say otherwise."""
    spec = {"entity_keys": ["k"], "event_timestamp": "t", "label_columns": ["y"], **labels}
    return {"name": name, "labels": spec, "feature_tables": list(joins)}


def feature_table(source: str, **options: Any) -> dict[str, Any]:
    """A feature table r as a dict; key k, event timestamp `at`, column v unless the options say otherwise."""
    table = {"name": "r", "entity_keys": ["k"], "event_timestamp": "at", "columns": ["v"], "delay": "0s"}
    merged = {**table, "source": source, **options}
    return {key: value for key, value in merged.items() if value is not None}


def _winner(side: JoinSide, row: Row) -> Row | None:
    values = {name: row[f"{side.name}.{name}"] for name in side.columns}
    if row[side.name]:
        return values
    assert set(values.values()) <= {None}
    return None
