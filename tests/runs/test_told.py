"""What is told of any command while it runs and when it is over: `--log-format` and `--metrics`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from skewless.ground.errors import NotReadyError
from skewless.ground.run.steps import step
from tests.helpers.project import Project

CHECKED = {
    "feature_tables/facts.yml": "{name: facts, source: a/b, entity_keys: [k], event_timestamp: at, delay: 0s}"
}
TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\d+\.\d s")


@pytest.fixture
def checked(project: Project) -> Project:
    return project.conf(CHECKED)


def gauges(path: Path) -> dict[str, float]:
    """Value by name, of what has no label but the run's own."""
    families = text_string_to_metric_families(path.read_text())
    return {each.name: each.value for family in families for each in family.samples if len(each.labels) == 2}


def fail_in_a_step(*_: object) -> None:
    with step("opening tables"):
        raise NotReadyError("feature table 'weather': not yet")


def test_nothing_is_told_where_nobody_asks_and_there_is_no_terminal(checked: Project) -> None:
    assert checked.run("check").err == ""


def test_a_format_that_is_asked_for_gives_a_line_a_step(checked: Project) -> None:
    told = checked.run("check", "--json", "--log-format", "text")
    assert [TIMES.sub("…", line) for line in told.problems] == [
        "… - reading the configuration: …",
        "… - checking training sets: …",
    ]
    steps = [json.loads(line) for line in checked.run("check", "--log-format", "json").problems]
    assert [each["step"] for each in steps] == ["reading the configuration", "checking training sets"]
    assert {each["command"] for each in steps} == {"check"}
    assert told.document["warnings"] == []


def test_on_a_terminal_the_lines_come_unasked(checked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skewless.lake.watched.sys", type("Sys", (), {"stderr": _Terminal()}))
    assert "reading the configuration" in checked.run("check").err


class _Terminal:
    def isatty(self) -> bool:
        return True


def test_what_a_run_failed_of_stays_the_last_line(checked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skewless.runs.check.command.check_configuration", fail_in_a_step)
    ran = checked.run("check", "--log-format", "text")
    assert ran.code == 5
    assert TIMES.sub("…", ran.problems[0]) == "… - opening tables: failed after …"
    assert ran.problems[1:] == ["skewless: feature table 'weather': not yet"]


def test_an_unexpected_failure_names_the_step(checked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        with step("opening tables"):
            raise RuntimeError("boom")

    monkeypatch.setattr("skewless.runs.check.command.check_configuration", fail)
    assert checked.run("check").problems[-1] == "skewless: unexpected failure: opening tables: boom"


def test_metrics_are_written_of_a_success_and_of_a_failure_which_keeps_the_last_success(
    checked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = checked.root / "deep" / "skewless.prom"
    assert checked.run("check", "--metrics", str(metrics)).code == 0
    success = gauges(metrics)
    assert success["skewless_exit_code"] == 0
    assert success["skewless_last_success_timestamp_seconds"] > 1.7e9
    monkeypatch.setattr("skewless.runs.check.command.check_configuration", fail_in_a_step)
    assert checked.run("check", "--metrics", f"file://{metrics}").code == 5
    failure = gauges(metrics)
    assert failure["skewless_exit_code"] == 5
    assert (
        failure["skewless_last_success_timestamp_seconds"]
        == success["skewless_last_success_timestamp_seconds"]
    )
    assert failure["skewless_last_run_timestamp_seconds"] > success["skewless_last_run_timestamp_seconds"]
    assert (
        'skewless_step_seconds{command="check",step="opening tables",training_set=""}' in metrics.read_text()
    )
    assert [path.name for path in metrics.parent.iterdir()] == ["skewless.prom"]


def test_metrics_name_the_training_set_and_are_written_of_bad_configuration(project: Project) -> None:
    metrics = project.root / "skewless.prom"
    assert project.run("build", "nothing", "--metrics", str(metrics)).code == 2
    assert 'skewless_exit_code{command="build",training_set="nothing"} 2.0' in metrics.read_text()


def test_metrics_are_written_of_bad_usage(project: Project) -> None:
    metrics = project.root / "skewless.prom"
    assert project.run("build", "trips", "--date", "soon", f"--metrics={metrics}").code == 2
    assert 'skewless_exit_code{command="build",training_set=""} 2.0' in metrics.read_text()


def test_a_place_for_metrics_that_cannot_be_written_is_said_and_what_was_done_stands(
    checked: Project,
) -> None:
    (checked.root / "file").write_text("")
    ran = checked.run("check", "--metrics", str(checked.root / "file" / "m.prom"))
    assert ran.code == 0
    assert ran.problems[0].startswith(f"skewless: --metrics {checked.root}/file/m.prom: cannot be written: ")


def test_a_library_that_is_not_there_is_said(checked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    ran = checked.run("check", "--metrics", str(checked.root / "m.prom"))
    assert ran.code == 0
    assert "prometheus_client" in ran.problems[0]
