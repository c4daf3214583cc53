"""What is in the wheels, and that serving runs where nothing but they are installed."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from skewless.config import LocalFiles, load
from skewless.training_set.bind import bind
from skewless.training_set.serving_document import serving_document
from tests.helpers.environments import ROOT, empty_environment, install, output_of

pytestmark = pytest.mark.slow

LOADED = """
import importlib.util, sys
before = set(sys.modules)
import skewless
print(sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))
for name in set(skewless.__all__) - {"build", "build_frame", "reconcile"}: getattr(skewless, name)
print(sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))
print(skewless.__file__)
absent = ["pyspark", "yaml", "pydantic", "click", "pandas", "numpy", "pyarrow", "tzdata", "pip", "jinja2"]
print([name for name in [*absent, "features", "jobs"] if importlib.util.find_spec(name)])
"""
SPARK_SIDE = """
from skewless import InputError
print(InputError(["one", "two"]).problems)
try:
    from skewless import build_frame
except ModuleNotFoundError as error:
    print(error)
try:
    from skewless import build
except ModuleNotFoundError as error:
    print(error)
"""
SERVED = """
import sys
from datetime import datetime, timedelta, timezone
from skewless import ServingPlan, windows

plan = ServingPlan.load("serving.json")
now = datetime(2013, 7, 1, 12, tzinfo=timezone.utc)
hours = lambda n: now - timedelta(hours=n)
request = {"flight_id": 7, "tailnum": "N14228", "carrier": "UA", "origin": "EWR", "dest": "IAH", "flight": 1545,
           "distance": 1400, "predict_at": now, "sched_dep_at": hours(-2), "sched_arr_at": hours(-6)}
reading = dict.fromkeys(["dewp", "humid", "wind_dir", "wind_gust", "pressure"])
reading |= {"origin": "EWR", "observed_at": hours(2), "temp": 20.0, "wind_speed": 10.0, "precip": 0.1, "visib": 2.0}
flight = {"tailnum": "N14228", "departed_at": hours(9), "arrived_at": hours(5), "landed_at": hours(5), "dest": "IAH",
          "dep_delay": 30, "arr_delay": 20, "air_time": 180}
plane = dict.fromkeys(["type", "manufacturer", "model", "engines", "seats", "engine"])
plane |= {"tailnum": "N14228", "built": 1999}
rows = {"weather": reading, "aircraft": flight, "route": None, "planes": plane}
vector = plan.compute(request, rows=rows, events={"aircraft": [flight]}, at=now)
print(list(vector) == list(plan.columns), vector["aircraft__flights_24h"], vector["aircraft_was_late"])
print(vector["departure_hour"], round(vector["wind_chill_f"], 6), vector["plane_age_years"], vector["needs_deicing"])
print(sys.modules["features.flights"].__file__)
events = [{"event_timestamp": hours(n), "amount": n} for n in (0, 1, 25)]
print(windows.sum(events, column="amount", window="25h", at=now))
"""
TABLES = {
    "flight_labels": "flight_id bigint, tailnum string, carrier string, flight int, origin string, dest string, "
    "distance int, sched_dep_at timestamp, sched_arr_at timestamp, predict_at timestamp, arrived_at timestamp, "
    "late boolean",
    "aircraft_flights": "tailnum string, departed_at timestamp, arrived_at timestamp, landed_at timestamp, "
    "origin string, dest string, dep_delay int, arr_delay int, air_time int",
    "route_history": "carrier string, origin string, dest string, computed_at timestamp, flights bigint, "
    "mean_arr_delay double, late_share double",
    "weather": "origin string, observed_at timestamp, temp double, dewp double, humid double, wind_dir int, "
    "wind_speed double, wind_gust double, precip double, pressure double, visib double",
    "planes": "tailnum string, built int, type string, manufacturer string, model string, engines int, seats int, "
    "engine string",
}


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = empty_environment(tmp_path_factory.mktemp("serving") / "environment")
    install(python, wheel)
    return python


@pytest.fixture
def plan(spark: SparkSession, tmp_path: Path) -> Path:
    """The demo's plan, exported over empty tables of the demo's schemas."""
    for name, schema in TABLES.items():
        spark.createDataFrame([], schema).write.format("delta").save(str(tmp_path / "warehouse" / name))
    settings = {"WAREHOUSE": str(tmp_path / "warehouse")}
    opened = bind(spark, load(LocalFiles(ROOT / "conf"), settings, {}).training_set("flight_delay"))
    file = tmp_path / "serving.json"
    file.write_text(json.dumps(serving_document(opened)))
    return file


def members(wheel: Path) -> set[str]:
    """The files that a wheel puts on the import path."""
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def files_of(folder: Path, pattern: str = "*") -> set[str]:
    """The files below a folder of this checkout, from its root on; what Python compiled is left out."""
    found = (path for path in folder.rglob(pattern) if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(ROOT).as_posix() for path in found}


def requirements(wheel: Path) -> list[str]:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
    lines = archive.read(name).decode().splitlines()
    assert "Requires-Python: >=3.10" in lines
    return [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist:")]


def test_the_library_is_the_one_name_skewless_and_no_demo(wheel: Path) -> None:
    assert members(wheel) == files_of(ROOT / "skewless")
    assert {"skewless/py.typed", "skewless/parts/page/templates/page.html"} <= members(wheel)


def test_the_feature_functions_are_a_wheel_of_their_own(features_wheel: Path) -> None:
    assert members(features_wheel) == files_of(ROOT / "features", "*.py")
    assert requirements(features_wheel) == ["skewless"]


def test_it_requires_nothing_but_by_its_extras(wheel: Path) -> None:
    required = requirements(wheel)
    assert required
    assert [line for line in required if "extra ==" not in line] == []


def test_a_serving_team_installs_both_wheels_and_serves_the_demos_plan(
    wheel: Path, features_wheel: Path, plan: Path, tmp_path: Path
) -> None:
    python = empty_environment(tmp_path / "environment")
    install(python, wheel, features_wheel)
    *found, file, windowed = output_of(python, SERVED, plan.parent)
    assert found == ["True 1 True", "10 8.854038 14 True"]
    assert Path(file).is_relative_to(python.parents[1])
    assert windowed == "26"


def test_importing_skewless_there_loads_nothing_beyond_the_standard_library(
    python: Path, tmp_path: Path
) -> None:
    first, whole, file, others = output_of(python, LOADED, tmp_path)
    assert first == whole == "['skewless']"
    assert Path(file).is_relative_to(python.parents[1])
    assert others == "[]"


def test_what_needs_spark_says_what_to_install_and_its_error_is_there(python: Path, tmp_path: Path) -> None:
    problems, refusal, of_build = output_of(python, SPARK_SIDE, tmp_path)
    assert problems == "('one', 'two')"
    assert refusal == "skewless.build_frame needs pyspark; pip install 'skewless[spark]'"
    assert of_build == "skewless.build needs yaml; pip install 'skewless[spark]'"


def test_the_command_says_what_is_missing_there(python: Path, tmp_path: Path) -> None:
    command = [str(python.with_name("skewless")), "check"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "skewless: click is not installed; pip install 'skewless[spark]'\n"
