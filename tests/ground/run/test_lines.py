"""A line a step on standard error, for a person and for a machine."""

from __future__ import annotations

import json
import re
import time

import pytest

from skewless.ground.run import lines
from skewless.ground.run.lines import lines_as
from skewless.ground.run.steps import step, steps_of_this_run, this_run

ABOUT = {"command": "build", "training_set": "trips"}


def lines_of(log_format: str, err: pytest.CaptureFixture[str]) -> list[str]:
    """What three steps say: one before there is a run id, one of so many rows, and one that fails."""
    with steps_of_this_run(lines_as(log_format, ABOUT)):
        with step("opening tables"):
            pass
        this_run().known_as("20240701T060000Z-1f0c93ab")
        with step("staging rows") as staging:
            staging.rows = 1919
        with pytest.raises(RuntimeError), step("checksum"):
            raise RuntimeError
    return err.readouterr().err.splitlines()


def test_a_line_for_a_person_has_time_run_id_step_rows_and_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = lines_of("text", capsys)
    assert [re.sub(r"\d+\.\d s", "N s", line).partition(" ")[2] for line in said] == [
        "- opening tables: N s",
        "20240701T060000Z-1f0c93ab staging rows: 1,919 rows, N s",
        "20240701T060000Z-1f0c93ab checksum: failed after N s",
    ]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in said)


def test_a_line_for_a_machine_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    said = [json.loads(line) for line in lines_of("json", capsys)]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each.pop("time")) for each in said)
    assert all(isinstance(each.pop("seconds"), float) for each in said)
    run_id = "20240701T060000Z-1f0c93ab"
    assert said == [
        {**ABOUT, "run_id": None, "step": "opening tables", "state": "done", "rows": None},
        {**ABOUT, "run_id": run_id, "step": "staging rows", "state": "done", "rows": 1919},
        {**ABOUT, "run_id": run_id, "step": "checksum", "state": "failed", "rows": None},
    ]


def test_a_step_that_takes_long_is_told_of_meanwhile(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "STILL", 0.001)
    said = ""
    with steps_of_this_run(lines_as("text", ABOUT)), step("staging rows"):
        while "running for" not in said:
            time.sleep(0.001)
            said += capsys.readouterr().err
    assert re.search(r" - staging rows: running for \d+\.\d s$", said, re.MULTILINE)
