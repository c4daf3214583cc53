"""`--result`: the object and the exit code, written last, also on failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.project import Project

CHECKED = {
    "feature_tables/facts.yml": "{name: facts, source: a/b, entity_keys: [k], event_timestamp: at, delay: 0s}"
}


def test_a_success_is_written_down_with_its_exit_code(project: Project, tmp_path: Path) -> None:
    ran = project.conf(CHECKED).run("check", "--json", "--result", str(tmp_path / "deep" / "r.json"))
    written = json.loads((tmp_path / "deep" / "r.json").read_text())
    assert written == {**ran.document, "exit_code": 0}


@pytest.mark.parametrize("scheme", ["", "file:", "file://"])
def test_the_place_is_a_path_or_a_uri(project: Project, tmp_path: Path, scheme: str) -> None:
    ran = project.conf(CHECKED).run("check", "--result", f"{scheme}{tmp_path}/r.json")
    assert (ran.code, json.loads((tmp_path / "r.json").read_text())["exit_code"]) == (0, 0)


def test_bad_configuration_is_written_down(project: Project, tmp_path: Path) -> None:
    ran = project.run("build", "nothing", "--result", str(tmp_path / "r.json"))
    assert ran.code == 2
    assert json.loads((tmp_path / "r.json").read_text())["exit_code"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["build"],
        ["build", "x", "--date", "soon"],
        ["build", "x", "--explain", "--report", "r.html"],
        ["trace", "x"],
    ],
)
def test_bad_usage_is_written_down(project: Project, tmp_path: Path, arguments: list[str]) -> None:
    for place in ([f"--result={tmp_path}/r.json"], ["--result", f"{tmp_path}/r.json"]):
        assert project.run(*arguments, *place).code == 2
        assert json.loads((tmp_path / "r.json").read_text())["exit_code"] == 2
        (tmp_path / "r.json").unlink()


def test_an_unexpected_failure_is_written_down(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("skewless.runs.check.command.check_configuration", fail)
    ran = project.conf(CHECKED).run("check", "--json", "--result", str(tmp_path / "r.json"))
    assert (ran.code, ran.out) == (1, "")
    assert "boom" in ran.err
    assert json.loads((tmp_path / "r.json").read_text())["exit_code"] == 1


def test_an_earlier_result_is_replaced(project: Project, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("x" * 10_000)
    project.conf(CHECKED).run("check", "--result", str(tmp_path / "r.json"))
    assert json.loads((tmp_path / "r.json").read_text())["exit_code"] == 0


def test_a_place_that_cannot_be_written_is_a_failure(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = project.conf(CHECKED).run("check", "--result", str(tmp_path / "file" / "r.json"))
    assert ran.code == 1
    assert "--result" in ran.err
