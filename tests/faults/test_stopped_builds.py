"""A build in a process of its own that is stopped, or whose time is over, ends with exit code 6 and leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Project

ROOT = Path(__file__).parents[2]
SET = """
    name: trips
    labels: {source: "${WAREHOUSE}/labels", entity_keys: [k], event_timestamp: at, label_columns: [y]}
    feature_tables: [weather]
    features: slow_trips
    output: ${WAREHOUSE}/trips
"""
WEATHER = (
    "{name: weather, source: '${WAREHOUSE}/weather', entity_keys: [k], event_timestamp: seen, delay: 0s}"
)
SLOW = """
import sys, time
from skewless import feature

@feature(allow=("clock", "files"))
def slow(weather__temp: int) -> int:
    where = "spark" if "pyspark" in sys.modules else "audit"
    if where in {places}:
        open({folder!r} + where, "w").close()
        time.sleep(50)
    return weather__temp
"""


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> Project:
    project = Project(tmp_path_factory.mktemp("stops"), spark).conf(
        {"training_sets/trips.yml": SET, "feature_tables/weather.yml": WEATHER}
    )
    project.table("labels", "k INT, at TIMESTAMP, y INT", "(1, '2024-03-01 12:00:00Z', 1)")
    return project.table("weather", "k INT, seen TIMESTAMP, temp INT", "(1, '2024-03-01 11:00:00Z', 20)")


def begun(project: Project, folder: Path, places: set[str], *arguments: str) -> subprocess.Popen[str]:
    """A build as a scheduler starts it, whose feature function sleeps in these places and says so in the folder."""
    (project.root / "slow_trips.py").write_text(SLOW.format(places=places, folder=f"{folder}/"))
    (folder / "tmp").mkdir()
    own = ["--conf-dir", str(project.root / "conf"), "--set", f"WAREHOUSE={project.warehouse}"]
    to = ["--result", str(folder / "r.json")]
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from skewless.cli.entry import run; run()",
            "build",
            "trips",
            *own,
            *to,
            *arguments,
        ],
        stderr=subprocess.PIPE,
        text=True,
        cwd=project.root,
        start_new_session=True,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(folder / "tmp"),
            "SKEWLESS_MASTER": "local[2]",
            "SKEWLESS_DRIVER_MEMORY": "1g",
        },
    )


def ended(project: Project, folder: Path, build: subprocess.Popen[str], by: str) -> None:
    """It has to have stopped, said so, and left nothing."""
    assert build.stderr is not None
    with build.stderr as stream:
        said = stream.read()
    assert build.wait() == 6, said
    line = said.splitlines()[-1].removeprefix("skewless: ")
    assert line.startswith(f"stopped by {by}"), said
    assert line.endswith(": nothing is published")
    assert "Traceback" not in said
    assert json.loads((folder / "r.json").read_text()) == {"errors": [line], "exit_code": 6}
    staging = project.warehouse / "trips_staging"
    assert not staging.exists() or list(staging.iterdir()) == []
    assert not (project.warehouse / "trips").exists()
    assert list((folder / "tmp").glob("skewless-*")) == []


@pytest.mark.parametrize("place", ["spark", "audit"])
def test_a_signal_to_the_whole_group_stops_a_build_while_it_stages_and_while_it_audits(
    trips: Project, tmp_path: Path, place: str
) -> None:
    build = begun(trips, tmp_path, {place})
    while build.poll() is None and not (tmp_path / place).exists():
        time.sleep(0.1)
    os.killpg(build.pid, signal.SIGTERM)  # as `timeout` and Airflow do
    ended(trips, tmp_path, build, "SIGTERM")


@pytest.mark.share
def test_a_build_whose_time_is_over_stops_wherever_it_is(trips: Project, tmp_path: Path) -> None:
    ended(trips, tmp_path, begun(trips, tmp_path, {"spark"}, "--timeout", "30s"), "--timeout")
