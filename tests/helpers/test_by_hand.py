"""Tables written by hand are those that Delta's own writer makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from tests.helpers.project import Project

KINDS = {
    "a": "INT",
    "b": "STRING",
    "c": "DOUBLE",
    "d": "TIMESTAMP",
    "e": "TIMESTAMP_NTZ",
    "f": "DATE",
    "g": "BOOLEAN",
    "h": "SMALLINT",
    "i": "BIGINT",
    "j": "TINYINT",
}
ROWS = (
    "(1, 'x', double('NaN'), '2024-03-01 11:00:00.000001Z', '0001-02-03 19:00:00.0009', '0001-01-01', true, 3, 4, 5)",
    "(2, NULL, -1.5D, '2024-11-03 05:30:00.000001Z', '2024-03-01 19:00:00.0009', '9999-12-31', false, 3, 4, 5)",
    "(3, 'é', double('Infinity'), '9999-12-31 23:59:59Z', NULL, NULL, NULL, NULL, NULL, NULL)",
)


def actions(table: Path) -> dict[str, Any]:
    lines = (table / "_delta_log" / "00000000000000000000.json").read_text().splitlines()
    return {kind: action for line in lines for kind, action in json.loads(line).items()}


def test_a_first_version_has_the_rows_and_the_statistics_that_deltas_writer_notes(
    spark: SparkSession, tmp_path: Path
) -> None:
    Project(tmp_path, spark).table("own", ", ".join(f"{name} {kind}" for name, kind in KINDS.items()), *ROWS)
    casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in KINDS.items())
    frame = spark.sql(f"SELECT {casts} FROM VALUES {', '.join(ROWS)} AS t({', '.join(KINDS)})")
    frame.coalesce(1).write.format("delta").save(str(tmp_path / "warehouse" / "deltas"))
    own, deltas = actions(tmp_path / "warehouse" / "own"), actions(tmp_path / "warehouse" / "deltas")
    assert json.loads(own["add"]["stats"]) == json.loads(deltas["add"]["stats"])
    assert json.loads(own["metaData"]["schemaString"]) == json.loads(deltas["metaData"]["schemaString"])
    assert own["protocol"].keys() == deltas["protocol"].keys()
    read = [spark.read.format("delta").load(str(tmp_path / "warehouse" / name)) for name in ("own", "deltas")]
    assert read[0].schema == read[1].schema
    assert [repr(rows.orderBy("a").toArrow().to_pylist()) for rows in read[:1]] == [
        repr(rows.orderBy("a").toArrow().to_pylist()) for rows in read[1:]
    ]


def test_the_next_version_stands_alone_and_the_one_before_can_be_read(
    spark: SparkSession, tmp_path: Path
) -> None:
    project = Project(tmp_path, spark).table("own", "a INT", "(1)", "(2)").table("own", "b STRING", "('x')")
    place = str(project.table("own", "b STRING").warehouse / "own")
    versions = [spark.read.format("delta").option("versionAsOf", at).load(place) for at in range(3)]
    assert [rows.columns for rows in versions] == [["a"], ["b"], ["b"]]
    assert [sorted(map(tuple, rows.collect())) for rows in versions] == [[(1,), (2,)], [("x",)], []]
