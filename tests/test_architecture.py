"""Who may import whom, read from the source: floors lean down, kinds of run and parts are blind to each other."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIBRARY = ROOT / "skewless"
FLOORS = ["cli", "runs", "skew", "training_set", "parts", "lake", "config", "ground", "serving"]
"""From the top; what lies on a floor imports what lies on its own or on one below."""

SERVING = [
    "replay",
    "plan",
    "store",
    "aggregations",
    "predicates",
    "sets",
    "code",
    "log",
    "values",
    "definitions",
]
CLIENTS = {
    LIBRARY / "serving" / "store" / "redis_server": "redis",
    LIBRARY / "serving" / "store" / "postgres_server": "psycopg",
}
"""Where the client of a server is imported, which an extra brings and `open_store` loads by the scheme of a URL."""

SPARK = {"pyspark", "delta", "py4j"}
TEMPLATE = LIBRARY / "runs" / "start" / "project"
"""What `skewless init` writes: a user's files, which stand on no floor of the library."""

MOST_ENTRIES = 12
MOST_LINES = 250


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> tuple[str, ...]:
    """The dotted names that a file imports when it runs, also inside functions; not those for type checkers only."""
    return tuple(_imports(tree_of(path)))


def _imports(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from _imports(child)


def modules(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*.py") if not path.is_relative_to(TEMPLATE))


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def steps(path: Path, depth: int) -> Iterator[tuple[str, str]]:
    """From where to where a file's imports lead: the folder (or module) at a depth below the library."""
    own = path.relative_to(LIBRARY).with_suffix("").parts
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "skewless" and len(parts) > depth:
            yield own[depth - 1], parts[depth]


FILES = modules(LIBRARY)


def test_every_folder_of_the_library_is_a_floor() -> None:
    assert {path.name for path in LIBRARY.iterdir() if path.is_dir() and path.name != "__pycache__"} == {
        *FLOORS
    }


def test_imports_lead_down_only() -> None:
    up = [
        f"{path.relative_to(ROOT)} -> {there}"
        for path in FILES
        if path.parent != LIBRARY
        for here, there in steps(path, 1)
        if there in FLOORS and FLOORS.index(there) < FLOORS.index(here)
    ]
    assert up == []


WATCH = LIBRARY / "runs" / "watch"
GROUPS = {WATCH}
"""Folders of kinds of run, which stand for no kind themselves."""


def rooms_of(floor: str) -> list[Path]:
    """The kinds of run, or the parts: a floor's folders, and those of a group of kinds."""
    places = [LIBRARY / floor, *(group for group in GROUPS if group.is_relative_to(LIBRARY / floor))]
    return [
        path
        for place in places
        for path in place.iterdir()
        if path.is_dir() and path.name != "__pycache__" and path not in GROUPS
    ]


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("floor", ["runs", "parts"])
def test_kinds_of_run_and_parts_import_no_other_of_their_kind(floor: str) -> None:
    rooms = {dotted(room): room for room in rooms_of(floor)}
    across = [
        f"{path.relative_to(ROOT)} -> {name}"
        for own, room in rooms.items()
        for path in modules(room)
        for name in imports(path)
        for other in rooms
        if other != own and f"{name}.".startswith(f"{other}.")
    ]
    assert across == []


def test_what_runs_share_imports_no_kind_of_run() -> None:
    shared = [path for path in (LIBRARY / "runs").glob("*.py") if path.name != "__init__.py"]
    rooms = [dotted(room) for room in rooms_of("runs")]
    assert [
        f"{path.name} -> {name}"
        for path in shared
        for name in imports(path)
        if any(f"{name}.".startswith(f"{room}.") for room in rooms)
    ] == []


def test_rooms_of_the_serving_side_lean_one_way() -> None:
    serving = LIBRARY / "serving"
    up = [
        f"{path.relative_to(ROOT)} -> {there}"
        for path in modules(serving)
        if path.parent != serving
        for name in imports(path)
        for there in name.split(".")[2:3]
        if name.startswith("skewless.serving.") and there in SERVING
        if SERVING.index(there) < SERVING.index(path.relative_to(serving).parts[0])
    ]
    assert up == []


def test_serving_and_feature_functions_import_only_the_standard_library() -> None:
    for path in [*modules(LIBRARY / "serving"), *modules(ROOT / "features")]:
        assert roots(path) <= {*sys.stdlib_module_names, "features", "skewless", CLIENTS.get(path.parent)}, (
            path
        )


def test_serving_is_imported_without_anything_else() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from skewless import FeatureLog, FeatureSet, ServingPlan;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    command = [sys.executable, "-I", "-S", "-c", program, str(ROOT)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) <= {"__main__", "skewless"}


def test_configuration_is_read_without_spark() -> None:
    for path in modules(LIBRARY / "config"):
        assert not roots(path) & SPARK, path


def test_published_rows_are_loaded_without_spark() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import skewless.runs.published.loading.opening, skewless;"
        "skewless.load; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", program, str(ROOT)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "skewless" in loaded
    assert not {*loaded} & SPARK


def test_only_the_lake_and_publication_touch_storage() -> None:
    allowed = [LIBRARY / "lake", LIBRARY / "parts" / "publish"]
    users = [path for path in FILES if roots(path) & {"delta", "deltalake", "py4j"}]
    assert [path for path in users if not any(path.is_relative_to(place) for place in allowed)] == []


def test_only_validation_imports_great_expectations() -> None:
    users = {path.relative_to(LIBRARY).parts[:2] for path in FILES if "great_expectations" in roots(path)}
    assert users == {("parts", "validation")}


def test_a_folder_has_about_ten_entries_and_a_file_fits_in_the_head() -> None:
    for folder in {path.parent for path in FILES}:
        entries = [path for path in folder.iterdir() if path.name not in ("__pycache__", "__init__.py")]
        assert len(entries) <= MOST_ENTRIES, folder
    for path in FILES:
        imported = [node for node in tree_of(path).body if isinstance(node, (ast.Import, ast.ImportFrom))]
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines - sum((node.end_lineno or 0) - node.lineno + 1 for node in imported) <= MOST_LINES, path


def test_pytest_passes_over_no_folder_of_the_project(pytestconfig: pytest.Config) -> None:
    """Its own default passes over `build`: the tests of builds were not run, and nothing said so."""
    folders = [
        folder
        for place in pytestconfig.getini("testpaths")
        for folder in (ROOT / place).rglob("*")
        if folder.is_dir() and folder.name != "__pycache__"
    ]
    patterns = pytestconfig.getini("norecursedirs")
    assert [folder for folder in folders if any(fnmatch(folder.name, each) for each in patterns)] == []


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
        "skewless",
    }
    assert not children & {*sys.stdlib_module_names, *libraries, "features"}


@pytest.mark.parametrize("script", sorted((ROOT / "jobs").glob("*.py")), ids=lambda path: path.name)
def test_scripts_are_thin(script: Path) -> None:
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 60
