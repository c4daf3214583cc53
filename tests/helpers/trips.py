"""A training set of one label event and one feature table, for runs that are to fail."""

from __future__ import annotations

import json
from pathlib import Path

from pyspark.sql import SparkSession

from tests.helpers.project import Project, Ran

SET = """
    name: trips
    labels: {source: "${WAREHOUSE}/labels", entity_keys: [k], event_timestamp: at, label_columns: [y]}
    feature_tables: [weather]
    output: ${WAREHOUSE}/trips
    parity_sample: 0
"""
WEATHER = (
    "{name: weather, source: '${WAREHOUSE}/weather', entity_keys: [k], event_timestamp: seen, delay: 0s}"
)


def trips_in(root: Path, spark: SparkSession) -> Project:
    project = Project(root, spark).conf(
        {"training_sets/trips.yml": SET, "feature_tables/weather.yml": WEATHER}
    )
    project.table("labels", "k INT, at TIMESTAMP, y INT", "(1, '2024-03-01 12:00:00Z', 1)")
    return project.table("weather", "k INT, seen TIMESTAMP, temp INT", "(1, '2024-03-01 11:00:00Z', 20)")


def torn(project: Project, table: str) -> Path:
    """Its newest file of rows with half of its bytes, and no checksum of Hadoop's beside it."""
    file = max((project.warehouse / table).rglob("part-*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    file.with_name(f".{file.name}.crc").unlink(missing_ok=True)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return file


def failed(project: Project, *arguments: str) -> tuple[Ran, str]:
    """What a command left that has to fail, and its last line, which has to be that of its result too."""
    result = project.root / "r.json"
    ran = project.run(*arguments, "--json", "--result", str(result))
    line = ran.problems[-1].removeprefix("skewless: ")
    assert json.loads(result.read_text()) == {"errors": [line], "exit_code": ran.code}
    assert ran.out == ""
    return ran, line
