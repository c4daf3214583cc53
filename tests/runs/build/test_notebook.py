"""`build_frame`: the rows that `build` publishes, lazily, in a session left as it was; `build`: as the command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless import build, build_frame
from skewless.ground.errors import InputError
from skewless.notebook import BuildResult
from tests.helpers.browser import asked
from tests.helpers.project import Delays

ODD_SETTINGS = {
    "spark.sql.session.timeZone": "Asia/Kolkata",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.caseSensitive": "true",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
}


@pytest.fixture
def odd_session(spark: SparkSession) -> Iterator[SparkSession]:
    """A session of its own with every setting that could decide a value set otherwise, and a view of a table's name."""
    session = spark.newSession()
    for name, value in ODD_SETTINGS.items():
        session.conf.set(name, value)
    session.range(1).createOrReplaceTempView("labels")
    yield session
    # newSession makes the new session this process's default; give it back.
    spark._jvm.SparkSession.setDefaultSession(spark._jsparkSession)  # type: ignore[union-attr]
    spark._jvm.SparkSession.setActiveSession(spark._jsparkSession)  # type: ignore[union-attr]
    SparkSession._instantiatedSession = spark


def frame_of(spark: SparkSession, delays: Delays, labels: DataFrame | None = None) -> DataFrame:
    return build_frame(
        spark,
        "delays",
        labels,
        conf_dir=str(delays.project.root / "conf"),
        settings={"WAREHOUSE": str(delays.project.warehouse)},
    )


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    """Rows as text, in an order, instants as UTC."""
    return sorted(str({name: str(value) for name, value in row.items()}) for row in rows)


def rows_of(spark: SparkSession, frame: DataFrame) -> list[dict[str, Any]]:
    micros = [
        f"unix_micros({name}) AS {name}" if kind == "timestamp" else name for name, kind in frame.dtypes
    ]
    return frame.selectExpr(*micros).toArrow().to_pylist()


def published(delays: Delays, spark: SparkSession) -> DataFrame:
    return spark.read.format("delta").load(str(delays.project.warehouse / "delays"))


def test_the_rows_and_columns_are_those_that_build_published(delays: Delays, spark: SparkSession) -> None:
    frame, table = frame_of(spark, delays), published(delays, spark)
    assert frame.dtypes == table.dtypes
    assert in_order(rows_of(spark, frame)) == in_order(rows_of(spark, table))


def test_a_sessions_settings_neither_change_nor_decide(
    delays: Delays, spark: SparkSession, odd_session: SparkSession
) -> None:
    """The predicate of `delays` has a timestamp without a zone: it is UTC, also under labels of this session."""
    labels = odd_session.read.format("delta").load(str(delays.project.warehouse / "labels"))
    expected = in_order(rows_of(spark, published(delays, spark)))
    for frame in (frame_of(odd_session, delays), frame_of(odd_session, delays, labels)):
        assert in_order(rows_of(odd_session, frame)) == expected
    assert {name: odd_session.conf.get(name) for name in ODD_SETTINGS} == ODD_SETTINGS
    assert [row["tableName"] for row in odd_session.sql("SHOW TABLES").collect()] == ["labels"]


def test_nothing_is_computed_or_published_until_it_is_used(delays: Delays, spark: SparkSession) -> None:
    labels = spark.read.format("delta").load(str(delays.project.warehouse / "labels"))
    raising = labels.withColumn("dest", F.expr("CAST(raise_error('was used') AS STRING)"))
    frame = frame_of(spark, delays, raising)
    with pytest.raises(PySparkException, match="was used"):
        rows_of(spark, frame)
    assert len(delays.project.commits("delays")) == 1


def test_the_frame_belongs_to_the_session(delays: Delays, spark: SparkSession) -> None:
    frame = frame_of(spark, delays)
    frame.createOrReplaceTempView("of_delays")
    try:
        rows = spark.sql("SELECT count(*) AS n FROM of_delays WHERE weather__temp = 40.0").toArrow()
    finally:
        spark.catalog.dropTempView("of_delays")
    assert rows.to_pylist() == [{"n": 2}]


def test_specs_may_be_dicts_and_labels_a_frame(delays: Delays, spark: SparkSession) -> None:
    labels = spark.sql("SELECT 'EWR' AS origin, TIMESTAMP '2024-03-01 00:00:00' AS t, true AS y")
    frame = build_frame(
        spark,
        {
            "name": "dicts",
            "labels": {"entity_keys": ["origin"], "event_timestamp": "t", "label_columns": ["y"]},
            "feature_tables": ["air"],
        },
        labels,
        feature_tables=[
            {
                "name": "air",
                "source": str(delays.project.warehouse / "weather"),
                "entity_keys": ["origin"],
                "event_timestamp": "observed_at",
                "available_at": "ingested_at",
                "columns": ["temp"],
            }
        ],
        conf_dir=str(delays.project.root / "conf"),
        settings={"WAREHOUSE": str(delays.project.warehouse)},
    )
    assert frame.columns == ["origin", "t", "y", "air__temp", "event_date"]
    assert [row["air__temp"] for row in frame.toArrow().to_pylist()] == [40.0]


def test_every_problem_is_raised_before_anything_runs(delays: Delays, spark: SparkSession) -> None:
    labels = spark.sql("SELECT 1 AS flight, CURRENT_TIMESTAMP() AS predict_at")
    with pytest.raises(InputError) as refused:
        frame_of(spark, delays, labels)
    problems = "\n".join(refused.value.problems)
    for missing in ("'origin' (entity_keys)", "'late' (label_columns)", "'arrived_at' (label_available_at)"):
        assert missing in problems


@pytest.fixture(scope="module")
def again(delays: Delays, spark: SparkSession) -> BuildResult:
    """The rows that stand, built once more: no version comes of it."""
    return build(
        "delays",
        conf_dir=delays.project.root / "conf",
        settings={"WAREHOUSE": str(delays.project.warehouse)},
        spark=spark,
    )


def test_the_function_gives_the_facts_of_the_command(delays: Delays, again: BuildResult) -> None:
    own = {"run_id", "status", "started_at", "seconds", "steps"}
    facts, command = again.to_dict(), delays.ran.document
    assert facts.keys() == command.keys()
    assert {name: facts[name] for name in facts if name not in own} == {
        name: command[name] for name in command if name not in own
    }
    assert (again.status, again.version, again.rows) == ("unchanged", command["version"], command["rows"])
    assert (list(again.columns), again.rejected_path, again.exit_code) == (command["columns"], None, 0)


def test_a_result_is_the_summary_as_text_and_the_report_in_a_frame(
    again: BuildResult, tmp_path: Path
) -> None:
    assert repr(again).startswith("delays: unchanged, version 0 stands: ")
    shown = again._repr_html_()
    assert shown.startswith('<iframe sandbox="allow-scripts"')
    assert escape(again.html) in shown
    found = asked(f"<body>{shown}</body>", 'return document.querySelector("iframe").srcdoc.length', tmp_path)
    assert found == len(again.html)


def test_the_report_tells_each_column_and_that_equal_rows_did_not_change(again: BuildResult) -> None:
    assert "Changed against all rows in version 0" in again.html
    assert "0 of 15 columns have a PSI above" in again.html
    assert "temp of the newest row of weather visible at T, at most 3 hours old" in again.html


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"start": "soon"}, "start: 'soon' is no date and no ISO timestamp"),
        ({"date": "2024-03-01T02:00:00Z"}, "date: expected a UTC day, found 2024-03-01T02:00:00+00:00"),
        ({"date": "2024-03-01", "end": "2024-03-02"}, "date is one whole day"),
        ({"start": "2024-03-02", "end": "2024-03-01"}, "start 2024-03-02T00:00:00+00:00 is not before end"),
        ({"report": 3}, "report: expected a path, found int"),
        ({"settings": "A=1"}, "settings: expected a dict of text by name, as --set gives it, found str"),
        ({"conf_dir": None}, "conf_dir: expected a path, found None"),
        ({"conf_dir": "nowhere"}, "nowhere: no training_sets/*.yml here"),
    ],
)
def test_bad_arguments_are_refused_by_name(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=re.escape(problem)):
        build("delays", **arguments)
