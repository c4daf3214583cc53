"""What is sent to executors: the code that features need and nothing that executors have of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from skewless import FeatureSet
from skewless.lake.feature_places import with_feature_places
from skewless.parts.functions.shipping import code_of, ship_code, zipped

FRAUD = {
    "acme/fraud.py": """
        import json
        import pandas
        from . import limits
        from acme_rates import RATE

        def is_large(amount: float) -> bool:
            from acme_later import nothing
            return amount * RATE > limits.LIMIT
        """,
    "acme/limits.py": "LIMIT = 100",
    "acme/thresholds.csv": "1,2",
    "acme/.hidden/draft.py": "draft = 1",
    "acme_rates.py": "RATE = 2.0",
    "acme_later.py": "nothing = None",
    "acme_other.py": "other = None",
}


@dataclass
class Context:
    """As much of a SparkContext as shipping uses."""

    master: str
    _temp_dir: str
    _python_includes: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    listFiles: list[str] = field(default_factory=list)

    def addFile(self, path: str) -> None:
        self.listFiles.append(f"spark://driver/files/{Path(path).name}")

    def addPyFile(self, path: str) -> None:
        self.addFile(path)
        self._python_includes.append(Path(path).name)


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(dedent(text))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the import path; what is imported from it is forgotten afterwards."""
    folder = tmp_path / "code"
    write(folder, FRAUD)
    monkeypatch.syspath_prepend(str(folder))
    import_module("acme.fraud")
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("acme")]:
        del sys.modules[name]


def sent(context: Any) -> Any:
    ship_code(context, ["acme.fraud"])
    return context


def test_the_package_of_the_features_and_what_it_imports_are_sent_with_skewless(place: Path) -> None:
    files = code_of(["acme.fraud"]).files
    own = {"acme/fraud.py", "acme/limits.py", "acme_rates.py", "acme_later.py"}
    assert {name for name in files if name.startswith("acme")} == own
    assert {"skewless/serving/sets/feature_set.py", "skewless/parts/functions/arrow_pass.py"} <= files.keys()
    assert {name.partition("/")[0] for name in files if name not in own} == {"skewless"}


def test_what_is_sent_runs_in_an_interpreter_that_has_nothing_else(place: Path, tmp_path: Path) -> None:
    files = {
        name: content for name, content in code_of(["acme.fraud"]).files.items() if name != "acme/fraud.py"
    }
    (tmp_path / "code.zip").write_bytes(zipped(files))
    program = (
        "import sys; sys.path.insert(0, 'code.zip')\n"
        "import acme.limits, acme_rates; from skewless import FeatureSet\n"
        "print(acme.limits.__file__, FeatureSet.from_modules([]).names)"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["code.zip/acme/limits.py", "()"]


@pytest.mark.parametrize("with_init", [False, True])
def test_a_package_beside_the_configuration_is_sent_with_or_without_an_init(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_init: bool
) -> None:
    files = {"acme_team/shop.py": "from acme_team.limits import LIMIT", "acme_team/limits.py": "LIMIT = 100"}
    write(tmp_path / "team", {**files, **({"acme_team/__init__.py": ""} if with_init else {})})
    with with_feature_places(str(tmp_path / "team" / "conf")):
        FeatureSet.from_module("acme_team.shop")
        (tmp_path / "code.zip").write_bytes(zipped(code_of(["acme_team.shop"]).files))
    monkeypatch.delitem(sys.modules, "acme_team")
    program = "import sys; sys.path.insert(0, 'code.zip'); import acme_team.shop; print(acme_team.shop.LIMIT)"
    command = [sys.executable, "-I", "-S", "-c", program]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout == "100\n"


def test_every_folder_of_a_package_without_an_init_is_sent_but_installed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name in (("site-packages", "flights"), ("team", "shop"), ("other", "rates")):
        write(tmp_path / place, {f"acme_open/{name}.py": ""})
        monkeypatch.syspath_prepend(str(tmp_path / place))
    files = code_of(["acme_open.shop"]).files
    assert {name for name in files if name.startswith("acme")} == {"acme_open/shop.py", "acme_open/rates.py"}


def test_the_same_code_is_the_same_bytes_whatever_its_files_times(place: Path) -> None:
    before = zipped(code_of(["acme.fraud"]).files)
    for file in place.rglob("*.py"):
        file.touch()
    assert zipped(dict(reversed(code_of(["acme.fraud"]).files.items()))) == before


def test_it_is_sent_once_and_again_when_it_has_changed(place: Path, tmp_path: Path) -> None:
    context = sent(sent(Context("spark://host:7077", str(tmp_path))))
    (first,) = context._python_includes
    assert [uri.rpartition("/")[2] for uri in context.listFiles] == [first]
    write(place, {"acme/limits.py": "LIMIT = 200"})
    (second,) = sent(context)._python_includes
    assert second != first
    assert context.environment == {
        "SKEWLESS_CODE": second
    }  # workers that have imported the old code are not used
    write(place, FRAUD)
    assert sent(context)._python_includes == [first]
    assert len(context.listFiles) == 2


@pytest.mark.parametrize("master", ["local", "local[2]", "local[*]"])
def test_nothing_is_sent_where_workers_run_beside_the_driver(
    place: Path, tmp_path: Path, master: str
) -> None:
    context = sent(Context(master, str(tmp_path)))
    assert context.environment.pop("PYTHONPATH").split(os.pathsep)[0] == sys.path[0]
    assert context == Context(master, str(tmp_path))


def test_an_archive_is_sent_as_it_is_unless_py_files_brought_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "zipped.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("acme_zipped/__init__.py", "")
    monkeypatch.syspath_prepend(str(archive))
    assert code_of(["acme_zipped"]).archives == [archive]
    context: Any = Context("yarn", str(tmp_path))
    ship_code(context, ["acme_zipped"])
    assert "zipped.zip" in context._python_includes
    files = list(context.listFiles)
    ship_code(context, ["acme_zipped"])
    assert context.listFiles == files


def test_what_is_installed_or_compiled_is_left_to_the_executors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path,
        {"site-packages/acme_installed/__init__.py": "", "acme_fast/__init__.py": "", "acme_fast/_x.so": ""},
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    found = code_of(["acme_installed", "acme_fast", "pyarrow", "json"])
    assert {name.partition("/")[0] for name in found.files} == {"skewless"}
