"""What a terminal, a pipe or a full disk does to the output of a command, and what it must not do to its result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.helpers.project import Project

ROOT = Path(__file__).parents[2]
PROGRAM = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from skewless.cli.entry import run; run()"
WRONG = "{name: facts, source: a/b, entity_keys: [k], event_timestamp: at, delay: 'é→'}"
SOUND = "{name: facts, source: a/b, entity_keys: [k], event_timestamp: at, delay: 0s}"
LINE = "feature_tables/facts.yml:1: delay: '{}' is not a duration; "
C_LOCALE = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""Without what Python does of itself to have UTF-8 all the same."""


def checked(
    project: Project, *arguments: str, shell: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """`skewless check` in a process of its own; `shell` redirects its streams."""
    own = ["check", "--conf-dir", str(project.root / "conf"), *arguments]
    command = ["bash", "-c", f'"$0" "$@" {shell}', sys.executable, "-c", PROGRAM, *own]
    return subprocess.run(
        command,
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, **(env or {})},
        cwd=project.root,
    )


def result_of(project: Project) -> dict[str, object]:
    document = json.loads((project.root / "r.json").read_text(encoding="ascii"))
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(
    ("env", "shown"),
    [
        ({"PYTHONIOENCODING": "ascii"}, rb"\xe9\u2192"),
        ({"PYTHONIOENCODING": "ascii:strict"}, rb"\xe9\u2192"),
        ({"PYTHONIOENCODING": "cp1252"}, b"\xe9\\u2192"),
        (C_LOCALE, rb"\xe9\u2192"),
        ({"PYTHONIOENCODING": "utf-8"}, "é→".encode()),
    ],
    ids=["ascii", "strict", "cp1252", "C", "utf-8"],
)
def test_what_a_terminal_cannot_show_is_escaped_and_is_whole_in_the_result(
    project: Project, env: Mapping[str, str], shown: bytes
) -> None:
    ran = checked(project.conf({"feature_tables/facts.yml": WRONG}), "--result", "r.json", env=env)
    assert ran.returncode == 2
    assert LINE.format("").encode().partition(b"''")[0] + b"'" + shown + b"'" in ran.stderr
    assert LINE.format("é→") in str(result_of(project)["errors"])


def test_a_summary_and_help_are_escaped_too(project: Project) -> None:
    named = Project(project.root / "größe").conf({"feature_tables/facts.yml": SOUND})
    ran = checked(named, env={"PYTHONIOENCODING": "ascii"})
    assert (ran.returncode, rb"gr\xf6\xdfe/conf: 1 feature tables" in ran.stdout) == (0, True)
    assert checked(named, "--help", env={"PYTHONIOENCODING": "ascii"}).returncode == 0


@pytest.mark.parametrize(
    ("name", "encodings"),
    [("größe", ("ascii", "cp1252", "utf-8")), ("日本", ("cp1252",)), ("\udcff", ("utf-8",))],
    ids=["latin", "wide", "no text"],
)
def test_json_is_the_same_ascii_on_every_terminal(
    project: Project, name: str, encodings: tuple[str, ...]
) -> None:
    named = Project(project.root / name).conf({"feature_tables/facts.yml": SOUND})
    printed = {
        checked(named, "--json", "--result", "r.json", env={"PYTHONIOENCODING": encoding}).stdout
        for encoding in encodings
    }
    [text] = printed
    assert {**json.loads(text.decode("ascii")), "exit_code": 0} == result_of(named)


@pytest.mark.parametrize(
    ("shell", "code", "line"),
    [
        ("| true; exit ${PIPESTATUS[0]}", 0, b""),
        ("| head -c 1 | true; exit ${PIPESTATUS[0]}", 0, b""),
        (">&-", 0, b""),
        ("2>&-", 0, b""),
        (">&- 2>&- <&-", 0, b""),
        (">/dev/full", 1, b"skewless: standard output: cannot be written: No space left on device\n"),
    ],
    ids=["pipe", "head", "closed", "no stderr", "all closed", "full"],
)
@pytest.mark.parametrize("json_too", [(), ("--json",)], ids=["text", "json"])
def test_output_that_nobody_takes_changes_nothing_but_a_full_disk_is_said(
    project: Project, shell: str, code: int, line: bytes, json_too: tuple[str, ...]
) -> None:
    ran = checked(
        project.conf({"feature_tables/facts.yml": SOUND}), *json_too, "--result", "r.json", shell=shell
    )
    assert (ran.returncode, ran.stderr, result_of(project)["exit_code"]) == (code, line, code)


@pytest.mark.parametrize("shell", ["2>/dev/full", "2>&1 | true; exit ${PIPESTATUS[0]}"])
def test_problems_that_nobody_takes_keep_their_exit_code_and_result(project: Project, shell: str) -> None:
    ran = checked(project.conf({"feature_tables/facts.yml": WRONG}), "--result", "r.json", shell=shell)
    assert (ran.returncode, result_of(project)["exit_code"]) == (2, 2)


@pytest.mark.parametrize("arguments", [["check"], ["build", "x"], ["show", "x", "--json"]])
def test_a_working_directory_that_is_gone_is_one_line(project: Project, arguments: list[str]) -> None:
    gone, conf = project.root / "gone", project.conf({"feature_tables/facts.yml": SOUND}).root / "conf"
    program = (
        f"import os; os.mkdir({str(gone)!r}); os.chdir({str(gone)!r}); os.rmdir({str(gone)!r}); {PROGRAM}"
    )
    own = [*arguments, "--conf-dir", str(conf), "--result", str(project.root / "r.json")]
    ran = subprocess.run([sys.executable, "-c", program, *own], capture_output=True, text=True, check=False)
    line = (
        "working directory: cannot be found (No such file or directory), it may have been removed; "
        "change into one that is there"
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", f"skewless: {line}\n")
    assert result_of(project) == {"errors": [line], "exit_code": 2}


def test_the_last_line_is_what_a_run_failed_of_and_not_that_its_result_cannot_be_written(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", "/data/out")

    monkeypatch.setattr("skewless.runs.check.command.check_configuration", fail)
    ran = project.run("check", "--result", "/dev/null/r.json")
    assert (ran.code, ran.problems[-2][:40], ran.problems[-1]) == (
        1,
        "skewless: --result /dev/null/r.json: can",
        "skewless: /data/out: No space left on device; free some space, or write somewhere else",
    )
