"""`skewless catalog`: every feature on one page, from the configuration and what is published, without Spark."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from skewless.config import LocalFiles, load
from skewless.lake.delta_rs import DeltaRsTable
from skewless.runs.published.catalog import known_tables
from skewless.runs.published.catalog.terminal import column_lines, columns_of
from tests.helpers.browser import asked, opened
from tests.helpers.project import Project, Ran
from tests.helpers.published import manifest_of, publish

T = datetime(2024, 3, 1, tzinfo=timezone.utc)
WEATHER = """
    name: weather
    source: ${WAREHOUSE}/weather
    entity_keys: [origin]
    event_timestamp: observed_at
    delay: 10m
    max_age: 3h
    columns: [temp]
    aggregations:
      - {name: readings_7d, function: count, window: 7d}
      - {name: wind_today, function: sum, column: wind, where: "temp > 20",
         window: {calendar: day, length: 1, timezone: America/New_York}}
"""
LATE = """
    name: late_flights
    labels: {source: "${WAREHOUSE}/labels", entity_keys: [origin], event_timestamp: t, label_columns: [late]}
    feature_tables: [weather, {table: ghost, as: g}]
    features: tests.helpers.catalog_features
    output: ${WAREHOUSE}/late
"""
OTHER = LATE.replace("late_flights", "other").replace("/late}", "/x}").replace("/late\n", "/other\n")
GHOST = (
    "{name: ghost, source: '${WAREHOUSE}/ghost', entity_keys: [origin], event_timestamp: at, columns: [v]}"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A training set with two versions, the first without `hot_for`, and another that is not published."""
    project = Project(tmp_path_factory.mktemp("catalog")).conf(
        {
            "feature_tables/weather.yml": WEATHER,
            "feature_tables/ghost.yml": GHOST,
            "training_sets/late_flights.yml": LATE,
            "training_sets/other.yml": OTHER,
        }
    )
    weather = {"origin": ["EWR"], "observed_at": [T], "temp": [90.5], "wind": pa.array([3], pa.int32())}
    comment = pa.field("temp", pa.float64(), metadata={b"comment": b"degrees Fahrenheit"})
    rows = pa.table(weather)
    rows = rows.cast(rows.schema.set(2, comment))
    write_deltalake(str(project.warehouse / "weather"), rows)
    first: dict[str, list[Any]] = {
        "origin": ["EWR"] * 4,
        "weather__temp": [1.5, None, 90.0, None],
        "is_hot": [True] * 4,
    }
    first["event_date"] = [date(2024, 3, 1)] * 4
    for columns in (first, {**first, "hot_for": [None, 2.5, None, None]}):
        manifest = {**manifest_of(list(columns)), "feature_fingerprints": {"is_hot": "sha256:0"}}
        publish(project.warehouse / "late", pa.table(columns), manifest, schema_mode="overwrite")
    return project


@pytest.fixture(scope="module")
def ran(project: Project) -> Ran:
    return project.run("catalog", "--to", str(project.root / "catalog.html"), "--json")


@pytest.fixture(scope="module")
def page(project: Project, ran: Ran) -> str:
    assert ran.code == 0, ran.err
    return (project.root / "catalog.html").read_text(encoding="utf-8")


def entry(ran: Ran, name: str) -> dict[str, Any]:
    (found,) = [each for each in ran.document["features"] if each["name"] == name]
    assert isinstance(found, dict)
    return found


def test_a_joined_column_is_told_with_type_comment_and_of_which_row_it_is(ran: Ran) -> None:
    temp = entry(ran, "weather__temp")
    assert (temp["type"], temp["kind"], temp["description"]) == ("double", "column", "degrees Fahrenheit")
    assert temp["computed"] == "temp of the newest row of weather visible at T, at most 3 hours old"
    assert temp["columns"] == ["weather.temp"]


def test_windows_are_told_in_words(ran: Ran) -> None:
    count, total = entry(ran, "weather__readings_7d"), entry(ran, "weather__wind_today")
    assert count["computed"] == "count of rows over the last 7 days, rolling, ends before T"
    assert (count["type"], count["columns"]) == ("bigint", ["weather.observed_at"])
    words = "sum of wind where temp > 20 over the day of T, by the clock of America/New_York, ends before T"
    assert total["computed"] == words
    assert (total["type"], total["columns"]) == ("bigint", ["weather.wind", "weather.temp"])


def test_a_function_is_told_with_its_owner_and_its_inputs_down_to_columns(ran: Ran) -> None:
    is_hot, hot_for = entry(ran, "is_hot"), entry(ran, "hot_for")
    assert (
        is_hot["description"] == "Whether it is above 86 °F, as the runway sees it.\nNull without a reading."
    )
    assert (is_hot["owner"], hot_for["owner"]) == ("fleet team", "weather desk")
    assert (is_hot["type"], hot_for["type"]) == ("boolean", "double")
    assert hot_for["inputs"] == ["labels.t", "is_hot", "weather__readings_7d", "labels.gate"]
    assert hot_for["columns"] == ["labels.t", "weather.temp", "weather.observed_at", "labels.gate"]


def test_who_holds_a_feature_is_said_with_versions_nulls_and_range(ran: Ran) -> None:
    late, other = entry(ran, "weather__temp")["training_sets"]
    assert (late["training_set"], late["versions"]) == ("late_flights", [0, 1])
    assert (late["null_share"], late["least"], late["greatest"]) == (0.5, 1.5, 90.0)
    assert (other["training_set"], other["versions"], other["null_share"]) == ("other", [], None)
    assert entry(ran, "hot_for")["training_sets"][0]["versions"] == [1]
    assert entry(ran, "hot_for")["training_sets"][0]["null_share"] == 0.75


def test_one_value_is_no_range(page: str) -> None:
    assert ">true\nnot known</td>" in page


def test_code_that_differs_from_what_was_published_is_said(ran: Ran, page: str) -> None:
    assert entry(ran, "is_hot")["training_sets"][0]["is_current"] is False
    assert "code changed since" in page


def test_a_table_that_is_not_there_is_a_note_and_its_types_are_not_known(ran: Ran) -> None:
    assert entry(ran, "g__v")["type"] is None
    (note,) = [each for each in ran.document["notes"] if "no Delta table" in each]
    assert note.startswith("feature table 'ghost'")


def test_a_terminal_is_told_the_features_of_the_newest_version(project: Project) -> None:
    files = LocalFiles(project.root / "conf")
    spec = load(files, {"WAREHOUSE": str(project.warehouse)}, {}).training_set("late_flights")

    def no_spark() -> SparkSession:
        raise AssertionError("Spark was asked for tables on this machine")

    newest = known_tables.Tables(no_spark).training_set("late_flights", spec.output).versions[-1:]
    assert list(column_lines(columns_of(spec, newest, no_spark))) == [
        "  column        weather__temp  double      50.00% null  degrees Fahrenheit",
        "  column        is_hot         boolean      0.00% null  Whether it is above 86 °F, as the runway sees it.",
        "  column        hot_for        double      75.00% null  Hours & minutes <of heat>.",
    ]
    assert columns_of(spec, [], no_spark) == []


def test_spark_is_asked_where_delta_rs_is_not_installed(
    project: Project, ran: Ran, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skewless.lake.delta_rs.find_spec", lambda name: None)
    asked_of_spark = project.run("catalog", "--to", str(project.root / "other.html"), "--json")
    temp = entry(asked_of_spark, "weather__temp")
    holder = {
        **entry(ran, "weather__temp")["training_sets"][0],
        "null_share": None,
        "least": None,
        "greatest": None,
    }
    assert (temp["type"], temp["description"]) == ("double", "degrees Fahrenheit")
    assert temp["training_sets"][0] == holder
    assert len(asked_of_spark.document["notes"]) == len(ran.document["notes"])


def test_the_page_opens_without_error_and_escapes_what_people_wrote(page: str, tmp_path: Path) -> None:
    assert "Hours &amp; minutes &lt;of heat&gt;" in page
    _, console = opened(page, tmp_path)
    assert console == []


def test_a_box_of_the_lineage_tells_what_it_is_made_of_and_what_is_made_of_it(
    page: str, tmp_path: Path
) -> None:
    question = """
        const picture = document.querySelector("svg.lineage");
        const box = name => picture.querySelector(`[data-name="${name}"]`);
        box("is_hot").dispatchEvent(new Event("mouseenter"));
        const told = [...picture.querySelectorAll(".box.told")].map(each => each.dataset.name).sort();
        box("is_hot").dispatchEvent(new Event("mouseleave"));
        return [told, picture.querySelectorAll(".told").length];
    """
    assert asked(page, question, tmp_path) == [["hot_for", "is_hot", "weather.", "weather__temp"], 0]


def test_a_catalog_of_a_broken_configuration_is_refused_with_every_problem(
    project: Project, tmp_path: Path
) -> None:
    broken = Project(tmp_path).conf({"feature_tables/weather.yml": WEATHER.replace("max_age", "max_aeg")})
    ran = broken.run("catalog", "--to", str(tmp_path / "c.html"))
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'max_age'?" in ran.err
    assert project.run("catalog", "--to", "c.txt").code == 2


def test_footers_give_what_the_log_does_not_and_nothing_of_nested_values(tmp_path: Path) -> None:
    place = str(tmp_path / "t")
    write_deltalake(place, pa.table({"a": [1, None], "b": [[1], None]}))
    write_deltalake(place, pa.table({"a": [5], "b": [[2]], "c": ["x"]}), mode="append", schema_mode="merge")
    found = DeltaRsTable.at(place).statistics()
    assert found["a"] == (3, 1, 1, 5)
    assert found["b"] == (3, None, None, None)
    assert found["c"] == (3, 2, "x", "x")
