"""`skewless init`: a project that is sound as it is written, and no file of anybody's overwritten."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from skewless.cli.app import main
from skewless.config import LocalFiles, load
from tests.helpers.environments import ROOT

CHECK = ["-c", "from skewless.cli.entry import run; run()", "check"]
TESTS = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_features.py"]


def init(*arguments: str) -> int:
    return main(["init", *arguments])


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("init") / "shop"
    assert init(str(folder)) == 0
    return folder


@pytest.mark.parametrize("words", [CHECK, TESTS], ids=["check", "tests"])
def test_the_project_is_sound_and_its_tests_of_functions_pass_without_spark(
    shop: Path, words: list[str]
) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "JAVA_HOME": "/none",
    }
    ran = subprocess.run(
        [sys.executable, *words], cwd=shop, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "4 feature tables and 1 training sets, nothing wrong\n" in ran.stdout or "3 passed" in ran.stdout


def test_what_pip_compiles_of_the_package_is_no_file_of_the_project(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {".gitignore", "Makefile", "README.md", "features/shop.py", "jobs/make_data.py"} <= files_in(shop)
    installed = tmp_path / "installed"
    for name in ("jobs/build.py", "jobs/__pycache__/build.cpython-311.pyc"):
        (installed / name).parent.mkdir(parents=True, exist_ok=True)
        (installed / name).touch()
    monkeypatch.setattr("skewless.runs.start.init.TEMPLATE", installed)
    assert init(str(tmp_path / "shop")) == 0
    assert files_in(tmp_path / "shop") == {"jobs/build.py"}


def test_it_says_the_next_two_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init(str(tmp_path / "a shop")) == 0
    first, *commands = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{tmp_path / 'a shop'}: a shop's project of ")
    assert [line.partition("#")[0].strip() for line in commands] == [
        f"cd '{tmp_path / 'a shop'}' && make demo",
        "make test",
    ]


def test_the_default_is_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert init("--json") == 0
    assert {*json.loads(capsys.readouterr().out)["files"]} == files_in(tmp_path)


def test_files_that_are_there_are_refused_by_name_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "conf").write_text("a file where a folder is needed")
    (tmp_path / "README.md").symlink_to("nowhere")
    assert init(str(tmp_path)) == 2
    assert capsys.readouterr().err == (
        f"skewless: init {tmp_path}: already there: {tmp_path / 'conf'}, {tmp_path / 'README.md'}; "
        "nothing is written; give another DIR, or move what is there away\n"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"conf", "README.md"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shop").write_text("mine")
    assert init(str(tmp_path / "shop")) == 2
    assert "already there" in capsys.readouterr().err
    assert (tmp_path / "shop").read_text() == "mine"


def test_other_files_stay_beside_it(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "conf" / "feature_tables").mkdir(parents=True)
    (tmp_path / "conf" / "feature_tables" / "mine.yml").write_text("mine")
    assert init(str(tmp_path)) == 0
    assert files_in(tmp_path) == files_in(shop) | {"conf/feature_tables/mine.yml"}


@pytest.mark.parametrize("operation", ["write_bytes", "rename"])
def test_a_disk_that_fills_up_leaves_nothing_behind(
    operation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine")
    whole, calls = getattr(Path, operation), []

    def full(self: Path, *given: object) -> object:
        calls.append(self)
        if len(calls) > 3:
            raise OSError(28, "No space left on device")
        return whole(self, *given)

    monkeypatch.setattr(Path, operation, full)
    assert init(str(tmp_path)) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}


def test_the_sample_data_has_every_column_that_the_configuration_names(shop: Path) -> None:
    """Built whole by `make demo` in the project; a build here would cost a minute and more."""
    sample = runpy.run_path(str(shop / "jobs" / "make_data.py"))
    made = {name: {*columns} for name, columns in sample["SCHEMAS"].items()}
    configuration = load(LocalFiles(shop / "conf"), {}, {})
    for table in configuration.feature_tables.values():
        named = {*table.entity_keys, table.event_timestamp, table.available_at, *(table.columns or ())}
        named |= {each["column"] for each in table.aggregations if "column" in each}
        assert named <= made[table.source.rpartition("/")[2]], table.name
    labels = configuration.training_sets["order_returns"].labels
    own = {*labels.entity_keys, *labels.label_columns, labels.event_timestamp, labels.label_available_at}
    assert own <= made["orders"]
    rows = sample["sample_rows"]()
    assert rows == sample["sample_rows"]()
    assert {name: {len(row) for row in rows[name]} for name in rows} == {
        name: {len(columns)} for name, columns in made.items()
    }
