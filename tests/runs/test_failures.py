"""A run that fails says of what, with its exit code and in `--result`, and leaves what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.helpers.environments import small_spark
from tests.helpers.project import Project, Ran

ROOT = Path(__file__).parents[2]
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


@pytest.fixture
def trips(tmp_path: Path, spark: SparkSession) -> Project:
    return trips_in(tmp_path, spark)


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


def test_a_torn_file_of_a_feature_table_is_found_while_staging_and_named(trips: Project) -> None:
    file = torn(trips, "weather")
    ran, line = failed(trips, "build", "trips")
    assert (ran.code, len(ran.problems)) == (2, 1)
    assert line == (
        f"feature table 'weather': cannot read {file}: it is not a whole Parquet file, but torn, overwritten or empty; "
        "restore the file, or the table"
    )
    assert not (trips.warehouse / "trips").exists()
    assert list((trips.warehouse / "trips_staging").iterdir()) == []


def test_the_same_in_trace_and_of_the_label_events(trips: Project) -> None:
    file = torn(trips, "labels")
    ran, line = failed(trips, "trace", "trips", "--where", "k = 1")
    assert (ran.code, line.startswith(f"labels: cannot read {file}: it is not a whole Parquet file")) == (
        2,
        True,
    )


def test_a_torn_standing_slice_is_mended_by_the_next_build(trips: Project) -> None:
    assert trips.built("trips")["status"] == "published"
    torn(trips, "trips")
    assert trips.built("trips")["status"] == "published"
    assert trips.built("trips")["status"] == "unchanged"


def test_a_broken_manifest_is_named(trips: Project) -> None:
    refusal = trips.warehouse / "trips_rejected" / "_skewless" / "20240101T000000Z-1.json"
    refusal.parent.mkdir(parents=True)
    refusal.write_text('{"torn')
    ran, line = failed(trips, "show", "trips")
    assert (ran.code, line.startswith(f"manifest {refusal}: cannot be read: Unterminated string")) == (
        2,
        True,
    )


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system that holds next to nothing; who may not mount one cannot fill one either."""
    place = tmp_path / "full"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_told_with_what_was_being_written(trips: Project, full: Path) -> None:
    trips.conf({"training_sets/trips.yml": SET.replace("${WAREHOUSE}/trips", f"{full}/trips")})
    ran, line = failed(trips, "build", "trips")
    assert ran.code == 1
    assert line.startswith(f"staging rows in {full}/trips_staging/")
    assert line.endswith("No space left on device; free some space, or write somewhere else")


def test_an_output_that_may_not_be_written_is_the_machines(trips: Project) -> None:
    trips.conf({"training_sets/trips.yml": SET.replace("${WAREHOUSE}/trips", "/proc/self/trips")})
    ran, line = failed(trips, "build", "trips")
    assert line.startswith("writing lease /proc/self/trips_staging/")
    assert ran.code == 1, line


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv.pop(1))
from pyspark import SparkContext
import skewless.runs.build.build as building
from skewless.cli.entry import run

def killing(inner):
    def call(*arguments):
        os.kill(SparkContext._gateway.proc.pid, signal.SIGKILL)
        return inner(*arguments)
    return call

building.checksum = killing(building.checksum)
run()
"""


def test_a_jvm_that_is_killed_is_told_and_hidden_by_no_clean_up(trips: Project) -> None:
    result = trips.root / "r.json"
    own = [
        "--conf-dir",
        str(trips.root / "conf"),
        "--set",
        f"WAREHOUSE={trips.warehouse}",
        "--result",
        str(result),
    ]
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(ROOT), "build", "trips", *own],
        capture_output=True,
        text=True,
        check=False,
        env=small_spark(trips.root / "spark"),
    )
    line = "checksum: Spark's JVM was killed (SIGKILL), perhaps by the system for want of memory; "
    assert ran.returncode == 1, ran.stderr
    assert ran.stderr.splitlines()[-1].startswith(f"skewless: {line}")
    assert "Traceback" not in ran.stderr
    document = json.loads(result.read_text())
    assert (document["exit_code"], document["errors"][0][: len(line)]) == (1, line)
