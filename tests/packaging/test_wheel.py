"""What is in the wheel, and that serving runs where nothing but the wheel is installed."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.helpers.environments import ROOT, empty_environment, install, output_of

pytestmark = pytest.mark.slow

SERVING = """
import importlib.util
from datetime import datetime, timedelta, timezone
from skewless import FeatureSet, windows

absent = ["pyspark", "yaml", "pydantic", "click", "pandas", "numpy", "pyarrow", "tzdata", "pip", "jinja2"]
print([name for name in absent if importlib.util.find_spec(name)])
now = datetime(2024, 3, 10, 12, tzinfo=timezone.utc)
flights = FeatureSet.from_module("features.flights")
row = dict.fromkeys(flights.inputs) | {"sched_dep_at": now, "weather__temp": 20.0, "weather__wind_speed": 10.0}
found = flights.compute(row)
print(found["departure_hour"], found["is_weekend"], round(found["wind_chill_f"], 6), found["plane_age_years"])
events = [{"event_timestamp": now - timedelta(hours=hours), "amount": hours} for hours in (0, 1, 24, 25)]
print(windows.count(events, window="24h", at=now), windows.sum(events, column="amount", window="25h", at=now))
"""
LOADED = """
import sys
before = set(sys.modules)
import skewless
print(sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))
for name in skewless.__all__: getattr(skewless, name)
print(sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))
print(skewless.__file__)
"""


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = empty_environment(tmp_path_factory.mktemp("serving") / "environment")
    install(python, wheel)
    return python


def test_it_holds_the_serving_side_the_jobs_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {name for name in names if not name.startswith("skewless-")}
    assert {name.partition("/")[0] for name in code} == {"features", "jobs"}
    source = {
        path.relative_to(ROOT).as_posix()
        for package in ("features", "jobs")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert code == source
    assert {
        "features/py.typed",
        "jobs/build_training_set.py",
        "skewless/parts/page/templates/page.html",
    } <= code


def test_it_requires_nothing_but_by_its_extras(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
    lines = archive.read(name).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist:")]
    assert required
    assert [line for line in required if "extra ==" not in line] == []
    assert "Requires-Python: >=3.10" in lines


def test_serving_runs_where_nothing_but_the_wheel_is_installed(python: Path, tmp_path: Path) -> None:
    assert output_of(python, SERVING, tmp_path) == ["[]", "8 True 8.854038 None", "2 50"]


def test_importing_features_there_loads_nothing_beyond_the_standard_library(
    python: Path, tmp_path: Path
) -> None:
    first, whole, file = output_of(python, LOADED, tmp_path)
    assert first == whole == "['features']"
    assert Path(file).is_relative_to(python.parents[1])


def test_the_command_says_what_is_missing_there(python: Path, tmp_path: Path) -> None:
    command = [str(python.with_name("skewless")), "check"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "skewless: click is not installed; pip install 'skewless[spark]'\n"
