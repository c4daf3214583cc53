"""A run that is stopped ends with exit code 6: it says at which step, in `--result` too, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless.ground.errors import afterwards
from skewless.ground.run import stops
from skewless.ground.run.steps import step, steps_of_this_run
from skewless.ground.run.stops import decide, stoppable, work_with_spark
from skewless.lake.failures import READ_ERRORS
from skewless.lake.session import cancel_jobs, leave_call
from skewless.runs.execution import Result
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
CHECK = "skewless.runs.check.command.check_configuration"


def stopped(*_: object) -> Result:
    with steps_of_this_run(), step("audit"):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(30)
    raise AssertionError("not stopped")


def test_a_stopped_command_says_so_and_writes_it_down(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CHECK, stopped)
    ran = project.run("check", "--json", "--result", str(tmp_path / "r.json"))
    line = "stopped by SIGTERM at step 'audit': nothing is published"
    assert (ran.code, ran.out, ran.problems[-1]) == (6, "", f"skewless: {line}")
    assert json.loads((tmp_path / "r.json").read_text()) == {"errors": [line], "exit_code": 6}
    assert "Traceback" not in ran.err


def test_whatever_comes_of_what_was_cancelled_it_is_the_stop_that_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> Result:
        try:
            stopped()
        except KeyboardInterrupt as error:
            raise RuntimeError("Job 7 cancelled") from error
        raise AssertionError("not stopped")

    monkeypatch.setattr(CHECK, failing)
    ran = project.run("check")
    assert (ran.code, ran.problems[-1]) == (
        6,
        "skewless: stopped by SIGTERM at step 'audit': nothing is published",
    )


def test_what_was_decided_before_the_signal_is_told_as_it_came_out(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def published(*_: object) -> Result:
        decide()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.5)
        return Result({"status": "published"}, "published")

    monkeypatch.setattr(CHECK, published)
    ran = project.run("check", "--json")
    assert (ran.code, ran.document) == (0, {"status": "published"})


def test_an_interrupt_as_python_raises_it_is_a_stop_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Result:
        raise KeyboardInterrupt

    monkeypatch.setattr(CHECK, interrupted)
    ran = project.run("check")
    assert (ran.code, ran.problems) == (6, ["skewless: stopped by SIGINT: nothing is published"])


@pytest.mark.parametrize("length", ["soon", "0s", "-1h", "90"])
def test_a_timeout_that_is_no_length_of_time_is_bad_usage(project: Project, length: str) -> None:
    ran = project.run("build", "x", "--timeout", length)
    assert (ran.code, len(ran.problems)) == (2, 1)
    assert "--timeout" in ran.err


@pytest.mark.parametrize("grace", [0.5, 20.0])
def test_a_call_into_the_jvm_is_waited_for_or_left_and_the_next_one_is_answered(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, grace: float
) -> None:
    monkeypatch.setattr(stops, "GRACE", grace)
    jvm: Any = spark._jvm
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), stoppable(timedelta(seconds=0.1)):
        work_with_spark(cancel_jobs, leave_call)
        with afterwards(lambda: cleaned.append(jvm.java.lang.Math.abs(-7))):
            cleaned: list[int] = []
            jvm.java.lang.Thread.sleep(3_000)
            time.sleep(30)
    assert (cleaned, time.monotonic() - begun < 3) == ([7], grace < 3)


def test_a_job_is_cancelled_and_the_session_stays_of_use(spark: SparkSession) -> None:
    with stoppable(timedelta(seconds=2)) as stop, pytest.raises((KeyboardInterrupt, *READ_ERRORS)):
        work_with_spark(cancel_jobs, leave_call)
        spark.range(10**15).selectExpr("sum(hash(id))").collect()
    assert stop.is_due
    assert spark.range(3).count() == 3


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


@pytest.mark.slow
@pytest.mark.parametrize("place", ["spark", "audit"])
def test_a_signal_to_the_whole_group_stops_a_build_while_it_stages_and_while_it_audits(
    trips: Project, tmp_path: Path, place: str
) -> None:
    build = begun(trips, tmp_path, {place})
    while build.poll() is None and not (tmp_path / place).exists():
        time.sleep(0.1)
    os.killpg(build.pid, signal.SIGTERM)  # as `timeout` and Airflow do
    ended(trips, tmp_path, build, "SIGTERM")


@pytest.mark.slow
def test_a_build_whose_time_is_over_stops_wherever_it_is(trips: Project, tmp_path: Path) -> None:
    ended(trips, tmp_path, begun(trips, tmp_path, {"spark"}, "--timeout", "30s"), "--timeout")
