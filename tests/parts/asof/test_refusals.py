"""J8 and J9: keys and times that cannot be compared are refused, named, before anything runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless import build_frame
from skewless.ground.errors import InputError
from tests.helpers.frames import at, collected, delta, feature_table, frame, training_set

ROWS = "k string, n int, d double, price decimal(10,2), at timestamp, local timestamp_ntz, day date, v string"


@pytest.fixture(scope="module")
def source(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A feature table with a column of every kind."""
    place = tmp_path_factory.mktemp("tables") / "r"
    noon = datetime(2024, 7, 1, 12)
    return delta(spark, str(place), ROWS, [("a", 1, 1.0, None, at("09:00"), noon, noon.date(), "value")])


def labels(
    spark: SparkSession, schema: str = "k string, n string, d double, t timestamp, y int"
) -> DataFrame:
    return frame(spark, schema, [])


def problems(spec: dict[str, Any], events: DataFrame) -> list[str]:
    with pytest.raises(InputError) as refused:
        build_frame(events.sparkSession, spec, events, conf_dir="/nowhere")
    return list(refused.value.problems)


def test_floating_point_keys_are_refused(spark: SparkSession, source: str) -> None:
    spec = training_set(feature_table(source, entity_keys=["d"]), entity_keys=["d"])
    remedy = "keys match by equality, so cast it to an integer, decimal or string"
    assert problems(spec, labels(spark)) == [
        f"label events: entity key 'd' is double; {remedy}",
        f"feature table 'r': entity key 'd' is double; {remedy}",
    ]


def test_an_integer_key_against_a_string_is_refused(spark: SparkSession, source: str) -> None:
    spec = training_set(feature_table(source, entity_keys=["n"]), entity_keys=["n"])
    assert problems(spec, labels(spark)) == [
        "feature table 'r': key 'n' is int but label column 'n' is string; cast one of them"
    ]


def test_decimal_keys_of_different_types_are_refused(spark: SparkSession, source: str) -> None:
    spec = training_set(feature_table(source, entity_keys=["price"]), entity_keys=["price"])
    events = labels(spark, "price decimal(12,2), t timestamp, y int")
    assert problems(spec, events) == [
        "feature table 'r': key 'price' is decimal(10,2) but label column 'price' is decimal(12,2); cast one of them"
    ]


def test_a_key_outside_the_label_events_keys_needs_join_keys(spark: SparkSession, source: str) -> None:
    (problem,) = problems(training_set(feature_table(source), entity_keys=["n"]), labels(spark))
    assert "entity key 'k' of feature table 'r' is not among labels.entity_keys (n)" in problem
    assert "join_keys: {k: …}" in problem


def test_join_keys_may_name_any_label_column(spark: SparkSession, source: str) -> None:
    events = frame(
        spark,
        "n int, t timestamp, y int, elsewhere string",
        [(1, at("10:00"), 0, "a"), (1, at("10:00"), 0, "b")],
    )
    spec = training_set({"table": feature_table(source), "join_keys": {"k": "elsewhere"}}, entity_keys=["n"])
    built = collected(build_frame(spark, spec, events, conf_dir="/nowhere"))
    assert {row["elsewhere"]: row["r__v"] for row in built} == {"a": "value", "b": None}


def test_join_keys_name_label_columns_whatever_the_case(spark: SparkSession, source: str) -> None:
    events = frame(spark, "Elsewhere string, t timestamp, Y int", [("a", at("10:00"), 0)])
    spec = training_set(
        {"table": feature_table(source), "join_keys": {"K": "ELSEWHERE"}}, entity_keys=["elsewhere"]
    )
    (built,) = collected(build_frame(spark, spec, events, conf_dir="/nowhere"))
    assert built["r__v"] == "value"


def test_keys_that_join_keys_leave_out_join_by_the_same_name(spark: SparkSession, source: str) -> None:
    events = frame(
        spark, "z string, n bigint, t timestamp, y int", [("a", 1, at("10:00"), 0), ("a", 2, at("10:00"), 0)]
    )
    table = feature_table(source, entity_keys=["k", "n"])
    spec = training_set({"table": table, "join_keys": {"k": "z"}}, entity_keys=["z"])
    built = collected(build_frame(spark, spec, events, conf_dir="/nowhere"))
    assert {row["n"]: row["r__v"] for row in built} == {1: "value", 2: None}


def test_a_misspelt_join_key_is_refused_with_the_nearest_label_column(
    spark: SparkSession, source: str
) -> None:
    events = labels(spark, "elsewhere string, t timestamp, y int")
    spec = training_set(
        {"table": feature_table(source), "join_keys": {"k": "elswhere"}}, entity_keys=["elsewhere"]
    )
    assert problems(spec, events) == [
        "feature table 'r': key 'k' joins 'elswhere', no column of the label events; "
        "did you mean 'elsewhere'?"
    ]


def test_local_times_without_a_zone_are_refused_in_every_role(spark: SparkSession, source: str) -> None:
    table = feature_table(source, event_timestamp="local", available_at="local", valid_until="local")
    events = labels(spark, "k string, t timestamp_ntz, y int, known timestamp_ntz")
    reason = "is TIMESTAMP_NTZ, a clock time without a zone; declare timezone: Area/City"
    assert problems(training_set(table, label_available_at="known"), events) == [
        f"label events: time column 't' {reason}",
        f"label events: time column 'known' {reason}",
        f"feature table 'r': time column 'local' (event_timestamp) {reason}",
        f"feature table 'r': time column 'local' (available_at) {reason}",
        f"feature table 'r': time column 'local' (valid_until) {reason}",
    ]


def test_a_time_column_that_is_no_time_is_refused(spark: SparkSession, source: str) -> None:
    assert problems(training_set(feature_table(source, event_timestamp="n")), labels(spark)) == [
        "feature table 'r': time column 'n' (event_timestamp) is int; a time column is a timestamp, or a date"
    ]


def test_a_missing_column_is_refused_in_every_role(spark: SparkSession, source: str) -> None:
    table = feature_table(source, entity_keys=["tail"], event_timestamp="att", columns=["v", "wind"])
    spec = training_set({"table": table, "join_keys": {"tail": "k"}}, label_columns=["z"])
    assert problems(spec, labels(spark)) == [
        "label events: no column 'z' (label_columns); it has d, k, n, t, y",
        "feature table 'r': no column 'tail' (entity_keys); it has at, d, day, k, local, n, price, v",
        "feature table 'r': no column 'wind' (columns); it has at, d, day, k, local, n, price, v",
        "feature table 'r': no column 'att' (event_timestamp); did you mean 'at'?",
    ]


def test_local_label_times_with_a_zone_join_as_instants(spark: SparkSession, source: str) -> None:
    table = feature_table(source, event_timestamp="local", timezone="America/New_York")
    ten_in_berlin = datetime(2024, 7, 1, 18)
    events = frame(
        spark,
        "k string, t timestamp_ntz, y int",
        [("a", ten_in_berlin, 0), ("a", datetime(2024, 7, 1, 17, 59), 0)],
    )
    built = collected(
        build_frame(spark, training_set(table, timezone="Europe/Berlin"), events, conf_dir="/nowhere")
    )
    assert {row["t"]: row["r__v"] for row in built} == {
        ten_in_berlin: "value",
        datetime(2024, 7, 1, 17, 59): None,
    }


def test_a_key_that_joins_a_floating_point_column_by_name_is_refused(
    spark: SparkSession, source: str
) -> None:
    spec = training_set(
        {"table": feature_table(source, entity_keys=["k", "n"]), "join_keys": {"k": "z"}}, entity_keys=["z"]
    )
    assert problems(spec, labels(spark, "z string, n double, t timestamp, y int")) == [
        "feature table 'r': key 'n' is int but label column 'n' is double; cast one of them"
    ]
