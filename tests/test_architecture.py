"""Who may import whom, read from the source: data flows one way, and serving needs the standard library only."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGINE = ROOT / "jobs" / "pit"
ROOMS = sorted(path.name for path in ENGINE.iterdir() if path.is_dir() and (path / "__init__.py").exists())
WITHOUT_SPARK = ["columns.py", "errors.py", "config", "investigation", "report"]
SPARK = {"pyspark", "delta", "py4j"}
STORAGE = {"session.py", "sources.py", "storage.py", "tables.py", "publish"}


def modules(place: Path) -> list[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a file imports when it runs, also inside functions; not those for type checkers only."""
    for node in ast.walk(_without_type_checking(ast.parse(path.read_text(encoding="utf-8")))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _without_type_checking(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return tree


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", modules(ROOT / "features"), ids=lambda path: path.name)
def test_features_import_only_the_standard_library(path: Path) -> None:
    assert roots(path) <= {*sys.stdlib_module_names, "features"}


def test_rooms_of_the_serving_side_lean_one_way() -> None:
    serving = ROOT / "features"
    order = ["definitions", "values", "log", "code", "sets", "predicates", "aggregations", "plan", "replay"]
    assert set(order) == {path.parent.name for path in serving.glob("*/__init__.py")}
    for room in order:
        named = [name.split(".") for path in modules(serving / room) for name in imports(path)]
        found = {parts[1] for parts in named if parts[0] == "features" and len(parts) > 1}
        assert found & set(order) <= set(order[: order.index(room) + 1]), room


@pytest.mark.parametrize("place", WITHOUT_SPARK)
def test_configuration_and_reports_import_no_spark(place: str) -> None:
    for path in modules(ENGINE / place):
        assert not roots(path) & SPARK, path


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_no_other_room_but_configuration(room: str) -> None:
    allowed = {f"jobs.pit.{room}", "jobs.pit.config"}
    others = {f"jobs.pit.{other}" for other in ROOMS}
    for path in modules(ENGINE / room):
        found = {".".join(name.split(".")[:3]) for name in imports(path)}
        assert found & others <= allowed, path


def test_only_rooms_that_read_or_run_the_serving_side_import_features() -> None:
    users = {path.relative_to(ENGINE).parts[0] for path in modules(ENGINE) if "features" in roots(path)}
    assert users <= {
        "config",
        "log",
        "ondemand",
        "parity",
        "windows",
        "check.py",
        "own_fingerprints.py",
        "serving_document.py",
        "reference.py",
        "reconcile",
        "tables_again.py",
        "what_if.py",
    }


def test_only_sessions_sources_and_publication_touch_storage() -> None:
    users = {path.relative_to(ENGINE).parts[0] for path in modules(ENGINE) if roots(path) & {"delta", "py4j"}}
    assert users <= STORAGE


def test_only_validation_imports_great_expectations() -> None:
    users = {
        path.relative_to(ENGINE).parts[0] for path in modules(ENGINE) if "great_expectations" in roots(path)
    }
    assert users == {"validation"}


def test_no_child_of_jobs_hides_a_library_from_spark_submit() -> None:
    children = {path.stem for path in (ROOT / "jobs").iterdir()} - {"__init__", "__pycache__"}
    libraries = {
        "delta",
        "pyspark",
        "pyarrow",
        "pandas",
        "numpy",
        "click",
        "yaml",
        "pydantic",
        "jinja2",
        "features",
    }
    assert not children & {*sys.stdlib_module_names, *libraries}


@pytest.mark.parametrize("script", sorted((ROOT / "jobs").glob("*.py")), ids=lambda path: path.name)
def test_scripts_are_thin(script: Path) -> None:
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 60


def test_features_are_imported_without_anything_else() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import features; from features import FeatureSet;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    command = [sys.executable, "-I", "-S", "-c", program, str(ROOT)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) <= {"__main__", "features"}
