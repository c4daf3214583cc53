"""`build_frame` called with what is no Spark DataFrame, no session, or of another kind: a line with the remedy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless import InputError, build_frame
from skewless.ground.version import SPARK, other_spark
from tests.helpers.project import Delays, Project

ROOT = Path(__file__).parents[3]


def stand_in(module: str, name: str, *bases: type) -> Any:
    """An object of a class of that name, of a library that the tests do not need."""
    return object.__new__(type(name, bases, {"__module__": module}))


ROWS = {"k": [1]}
TABLES_OF_OTHERS: dict[str, Callable[[], Any]] = {
    "found pandas.DataFrame; give spark.createDataFrame(labels)": lambda: pd.DataFrame(ROWS),
    "found pyarrow.Table; give spark.createDataFrame(labels)": lambda: pa.table(ROWS),
    "polars.LazyFrame; give spark.createDataFrame(labels.to_arrow())": lambda: stand_in(
        "polars.lazyframe.frame", "LazyFrame"
    ),
    "found list; make one with spark.createDataFrame": lambda: [{"k": 1}],
    "found dict; make one with spark.createDataFrame": lambda: ROWS,
    "found str; make one with spark.createDataFrame": lambda: "warehouse/labels",
    "found pandas.Series; give spark.createDataFrame(labels)": lambda: pd.Series([1]),
    "this is a DataFrame of Spark Connect; skewless needs": lambda: stand_in(
        "pyspark.sql.connect.dataframe", "DataFrame", DataFrame
    ),
}


def refusal(spark: Any, delays: Delays, labels: Any = None, **given: Any) -> list[str]:
    arguments = {"training_set": "delays", "conf_dir": str(delays.project.root / "conf"), **given}
    with pytest.raises(InputError) as refused:
        build_frame(spark, labels=labels, settings={"WAREHOUSE": str(delays.project.warehouse)}, **arguments)
    return list(refused.value.problems)


@pytest.mark.parametrize("said", TABLES_OF_OTHERS)
def test_label_events_of_other_kinds_are_refused_with_the_remedy(
    spark: SparkSession, delays: Delays, said: str
) -> None:
    [line] = refusal(spark, delays, TABLES_OF_OTHERS[said]())
    assert line.startswith("labels: ")
    assert said in line


def test_a_stream_is_refused(spark: SparkSession, delays: Delays) -> None:
    stream = spark.readStream.format("rate").load()
    [line] = refusal(spark, delays, stream)
    assert line == "labels: this is a stream; write it to a Delta table and read that with spark.read"


@pytest.mark.parametrize(
    ("session", "said"),
    [
        (
            lambda: stand_in("pyspark.sql.connect.session", "SparkSession"),
            "this is one of Spark Connect; skewless needs",
        ),
        (lambda: None, "expected a SparkSession, found None"),
        (lambda: "local[2]", "expected a SparkSession, found str"),
        (lambda: SparkSession.builder, "expected a SparkSession, found pyspark.Builder"),
    ],
)
def test_what_is_no_session_is_refused(delays: Delays, session: Callable[[], Any], said: str) -> None:
    [line] = refusal(session(), delays)
    assert line.startswith("Spark session: ")
    assert said in line


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"training_set": ["delays"]},
            "training_set: expected a name or a dict with the keys of its file, found list",
        ),
        (
            {"training_set": None},
            "training_set: expected a name or a dict with the keys of its file, found None",
        ),
        ({"feature_tables": {"name": "a"}}, "feature_tables: expected a list of dicts"),
        ({"feature_tables": "weather"}, "feature_tables: expected a list of dicts"),
        ({"start": "2024-01-01"}, "start: expected a datetime, found str"),
        ({"end": date(2024, 1, 1)}, "end: expected a datetime, found datetime.date"),
        ({"as_of": 3}, "as_of: expected a datetime, found int"),
        ({"start": datetime(2024, 1, 2), "end": datetime(2024, 1, 2)}, "is not before end"),
        ({"conf_dir": 7}, "conf_dir: expected a path, found int"),
        (
            {"training_set": "delayz", "feature_tables": [{"name": "a"}]},
            "no training set 'delayz'; did you mean 'delays'?",
        ),
    ],
)
def test_arguments_of_another_kind_are_refused(
    spark: SparkSession, delays: Delays, given: dict[str, Any], said: str
) -> None:
    assert said in refusal(spark, delays, **given)[0]


def test_a_folder_may_be_given_as_a_path(spark: SparkSession, delays: Delays) -> None:
    settings = {"WAREHOUSE": str(delays.project.warehouse)}
    frame = build_frame(spark, "delays", conf_dir=delays.project.root / "conf", settings=settings)
    assert isinstance(frame, DataFrame)


@pytest.mark.parametrize("found", ["3.5.7", "4.0.1", "4.3.0", "5.0.0"])
def test_other_versions_of_spark_are_named_with_those_that_are_supported(found: str) -> None:
    said = f"Spark {found} is not supported: skewless runs on {' and '.join(SPARK)}; use one of these"
    assert other_spark(found) == said
    assert [other_spark(f"{version}.9") for version in SPARK] == [None for _ in SPARK]


OF_ANOTHER_VERSION = """
import sys, pyspark
pyspark.__version__ = "4.0.1"
import pyspark.sql.pandas.functions as functions
del functions.arrow_udf
"""


def of_another_version(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A process whose pyspark is one of 4.0, which lacks a name that this package imports."""
    command = [sys.executable, "-c", OF_ANOTHER_VERSION + code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_version_that_lacks_what_is_imported_is_named_and_not_the_import(tmp_path: Path) -> None:
    said = "Spark 4.0.1 is not supported: skewless runs on 4.1 and 4.2; use one of these\n"
    code = [
        "from skewless import InputError",
        "try: from skewless import build_frame",
        "except InputError as e: print(e)",
    ]
    assert of_another_version("\n".join(code)).stdout == said
    labels = "{source: a/b, entity_keys: [k], event_timestamp: t, label_columns: [y]}"
    Project(tmp_path).conf({"training_sets/s.yml": f"{{name: s, labels: {labels}, output: o/s}}"})
    command = "from skewless.cli.entry import run; run()"
    for arguments in (["build", "s"], ["show", "s"], ["trace", "s", "--where", "k = 1"]):
        ran = of_another_version(command, *arguments, "--conf-dir", str(tmp_path / "conf"))
        assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", f"skewless: {said}")


SESSIONS = """
from pyspark.sql import SparkSession
from skewless import InputError, build_frame

def refused(spark):
    try:
        build_frame(spark, "s")
    except InputError as error:
        print(error)

plain = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
refused(plain)
plain.stop()
refused(plain)
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
builder = builder.config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
half = builder.getOrCreate()
refused(half)
half.stop()
"""


@pytest.mark.slow
def test_sessions_that_are_stopped_or_lack_a_part_of_delta_are_refused() -> None:
    """In a process of its own, since there is one Spark for all tests."""
    ran = subprocess.run(
        [sys.executable, "-c", SESSIONS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = ran.stdout.splitlines()
    assert [line.split(";")[0] for line in lines] == [
        "Spark session: Delta Lake is not configured",
        "Spark session: it is stopped",
        "Spark session: Delta Lake's jar is not there",
    ], ran.stderr
