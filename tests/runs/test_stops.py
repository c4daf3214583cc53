"""A run that is stopped ends with exit code 6: it says at which step, in `--result` too, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
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
from skewless.lake.jvm.causes import READ_ERRORS
from skewless.lake.session import cancel_jobs, leave_call
from skewless.runs.execution import Result
from tests.helpers.project import Project

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
