"""What becomes of a build whose disk is full, whose standing files are torn, or whose JVM is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.helpers.environments import small_spark
from tests.helpers.project import Project
from tests.helpers.trips import SET, failed, torn, trips_in

ROOT = Path(__file__).parents[2]


@pytest.fixture
def trips(tmp_path: Path, spark: SparkSession) -> Project:
    return trips_in(tmp_path, spark)


def test_a_torn_standing_slice_is_mended_by_the_next_build(trips: Project) -> None:
    assert trips.built("trips")["status"] == "published"
    torn(trips, "trips")
    assert trips.built("trips")["status"] == "published"
    assert trips.built("trips")["status"] == "unchanged"


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


@pytest.mark.share
def test_a_full_disk_is_told_with_what_was_being_written(trips: Project, full: Path) -> None:
    trips.conf({"training_sets/trips.yml": SET.replace("${WAREHOUSE}/trips", f"{full}/trips")})
    ran, line = failed(trips, "build", "trips")
    assert ran.code == 1
    assert line.startswith(f"staging rows in {full}/trips_staging/")
    assert line.endswith("No space left on device; free some space, or write somewhere else")


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
