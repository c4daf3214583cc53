"""`skewless build`: the JSON object, the published table, and what is beside it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow.parquet as pq
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pyspark.sql import SparkSession

from tests.helpers.project import Delays

COLUMNS = [
    "flight", "origin", "dest", "predict_at", "clock", "late", "arrived_at",
    "weather__temp", "weather__wind", "dest_weather__temp", "dest_weather__wind",
    "planes__seats", "strikes__severity", "world__oil",
    "is_freezing", "wind_or_zero", "hour_in_utc", "is_cold_night", "event_date",
]  # fmt: skip


STEPS = [
    "reading the configuration", "reading the suite", "opening tables", "checking freshness",
    "counting label events", "planning", "comparing definitions", "staging rows", "parity audit",
    "validating staged rows", "profiling rows", "profiling what stands", "checksum", "comparing with what stands",
    "publishing", "writing the report",
]  # fmt: skip


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]


@pytest.fixture(scope="module")
def rows(delays: Delays) -> dict[int, list[dict[str, Any]]]:
    """The published rows by flight."""
    by_flight: dict[int, list[dict[str, Any]]] = {}
    for row in delays.project.rows("delays"):
        by_flight.setdefault(row["flight"], []).append(row)
    return by_flight


def test_standard_output_is_one_json_object_on_one_line_and_standard_error_is_empty(delays: Delays) -> None:
    assert delays.ran.out.count("\n") == 1
    assert delays.ran.err == ""


def test_the_object_has_the_keys_of_the_contract_and_no_others(delays: Delays) -> None:
    assert list(delays.ran.document) == [
        "training_set", "run_id", "status", "version", "rejected_path", "rows", "columns", "strategy",
        "feature_tables", "parity", "expectations", "started_at", "seconds", "steps",
    ]  # fmt: skip


def test_the_object_says_what_was_published(delays: Delays) -> None:
    document = delays.ran.document
    assert isinstance(document.pop("run_id"), str)
    assert isinstance(document.pop("strategy"), str)
    for name in ("started_at", "seconds", "steps"):
        del document[name]
    tables = document.pop("feature_tables")
    assert document == {
        "training_set": "delays",
        "status": "published",
        "version": 0,
        "rejected_path": None,
        "rows": 5,
        "columns": COLUMNS,
        "parity": {"rows": 5, "mismatches": 0},
        "expectations": {"evaluated": 2, "failed": 0},
    }
    assert list(tables) == ["weather", "dest_weather", "planes", "strikes", "world"]


def test_the_object_says_when_the_run_began_and_what_its_steps_took(delays: Delays) -> None:
    document = delays.ran.document
    assert datetime.fromisoformat(document["started_at"]).utcoffset() == timedelta()
    assert [each["step"] for each in document["steps"]] == STEPS
    assert sum(each["seconds"] for each in document["steps"]) <= document["seconds"] + 0.01


def test_the_manifest_says_the_same_until_the_commit_and_on_which_spark(
    delays: Delays, spark: SparkSession
) -> None:
    manifest = json.loads(delays.project.commits("delays")[0]["commitInfo"]["userMetadata"])
    document = delays.ran.document
    assert manifest["started_at"] == document["started_at"] <= manifest["ended_at"]
    assert 0 < manifest["seconds"] <= document["seconds"]
    assert [each["step"] for each in manifest["steps"]] == STEPS[: STEPS.index("comparing with what stands")]
    application = spark.sparkContext.applicationId
    assert manifest["spark"] == {"version": spark.version, "application_id": application}


def test_metrics_tell_rows_versions_and_match_rates(delays: Delays) -> None:
    families = text_string_to_metric_families(delays.metrics)
    found = {(each.name, each.labels.get("table")): each for family in families for each in family.samples}
    own = {"command": "build", "training_set": "delays"}
    assert found["skewless_exit_code", None].labels == own
    assert (found["skewless_rows", None].value, found["skewless_version", None].value) == (5, 0)
    assert found["skewless_table_match_rate", "weather"].value == 3 / 5
    assert found["skewless_table_match_rate", "weather"].labels == {**own, "table": "weather"}


def test_each_joined_table_has_its_version_rows_null_rows_and_match_rate(delays: Delays) -> None:
    tables = delays.ran.document["feature_tables"]
    assert tables["weather"] == {"version": 0, "rows_read": 5, "null_rows": 3, "match_rate": 3 / 5, "at_t": 2}
    assert tables["dest_weather"]["match_rate"] == 0
    assert tables["strikes"] == {"version": 0, "rows_read": 0, "null_rows": 0, "match_rate": 0, "at_t": 0}
    assert tables["planes"] == {"version": 0, "rows_read": 3, "null_rows": 0, "match_rate": 2 / 5, "at_t": 0}
    assert tables["world"] == {"version": 0, "rows_read": 1, "null_rows": 0, "match_rate": 4 / 5, "at_t": 0}


def test_the_columns_stand_in_the_order_of_the_contract(delays: Delays) -> None:
    schema = json.loads(delays.project.commits("delays")[0]["metaData"]["schemaString"])
    assert [field["name"] for field in schema["fields"]] == COLUMNS


def test_each_label_event_is_there_once_and_duplicates_stay_duplicates(
    rows: dict[int, list[dict[str, Any]]],
) -> None:
    assert {flight: len(found) for flight, found in rows.items()} == {1: 2, 2: 1, 3: 1, 4: 1}


def test_label_events_pass_through_untouched(rows: dict[int, list[dict[str, Any]]]) -> None:
    row = rows[2][0]
    assert {name: row[name] for name in COLUMNS[:7]} == {
        "flight": 2,
        "origin": "EWR",
        "dest": None,
        "predict_at": utc(2024, 2, 29, 23, 59, 59, 999999),
        "clock": datetime(2024, 3, 10, 2, 30),
        "late": 0,
        "arrived_at": utc(2024, 3, 1, 6),
    }


def test_a_row_is_visible_from_its_availability_plus_the_delay_on(
    rows: dict[int, list[dict[str, Any]]],
) -> None:
    assert (rows[1][0]["weather__temp"], rows[1][0]["weather__wind"]) == (40.0, 7)
    assert (rows[2][0]["weather__temp"], rows[2][0]["weather__wind"]) == (20.5, None)


def test_a_null_key_sees_no_row_of_its_tables_but_those_about_the_world(
    rows: dict[int, list[dict[str, Any]]],
) -> None:
    assert rows[3][0]["weather__temp"] is None
    assert str(rows[3][0]["world__oil"]) == "81.25"


def test_a_null_time_sees_nothing_static_tables_included(rows: dict[int, list[dict[str, Any]]]) -> None:
    row = rows[4][0]
    assert {row[name] for name in COLUMNS if "__" in name} == {None}
    assert row["event_date"] is None


def test_several_rows_of_a_static_key_are_settled_by_the_greatest(
    rows: dict[int, list[dict[str, Any]]],
) -> None:
    assert [row["planes__seats"] for row in rows[1]] == [180, 180]


def test_features_follow_their_null_rule(rows: dict[int, list[dict[str, Any]]]) -> None:
    names = ("is_freezing", "wind_or_zero", "hour_in_utc", "is_cold_night")
    assert {flight: tuple(found[0][name] for name in names) for flight, found in rows.items()} == {
        1: (False, 7, 0, False),
        2: (True, 0, 23, True),
        3: (None, 0, 12, None),
        4: (None, 0, None, None),
    }


def test_event_date_is_the_utc_date_of_t_and_the_partition_column(
    delays: Delays, rows: dict[int, list[dict[str, Any]]]
) -> None:
    assert delays.project.commits("delays")[0]["metaData"]["partitionColumns"] == ["event_date"]
    assert {flight: found[0]["event_date"] for flight, found in rows.items()} == {
        1: "2024-03-01",
        2: "2024-02-29",
        3: "2024-03-01",
        4: None,
    }


def test_the_table_asks_no_more_of_readers_than_its_clock_times_do(delays: Delays) -> None:
    protocol = delays.project.commits("delays")[0]["protocol"]
    assert set(protocol.get("readerFeatures", [])) <= {"timestampNtz"}
    configuration = delays.project.commits("delays")[0]["metaData"]["configuration"]
    assert configuration.get("delta.enableDeletionVectors", "false") == "false"
    assert configuration.get("delta.columnMapping.mode", "none") == "none"
    assert configuration.get("delta.checkpointPolicy", "classic") == "classic"


def test_instants_are_stored_as_microseconds_not_as_int96(delays: Delays) -> None:
    file = next((delays.project.warehouse / "delays").glob("event_date=*/*.parquet"))
    schema = pq.ParquetFile(file).schema
    kinds = {schema.column(place).name: schema.column(place).physical_type for place in range(len(schema))}
    assert (kinds["predict_at"], kinds["clock"]) == ("INT64", "INT64")


def test_a_table_property_says_whose_the_table_is(delays: Delays) -> None:
    assert (
        delays.project.commits("delays")[0]["metaData"]["configuration"]["skewless.training_set"] == "delays"
    )


def test_the_manifest_is_in_the_commit_and_beside_it_with_every_input_pinned(delays: Delays) -> None:
    [commit] = delays.project.commits("delays")
    manifest = json.loads(commit["commitInfo"]["userMetadata"])
    files = list((delays.project.warehouse / "delays" / "_skewless" / "manifests").glob("*.json"))
    assert [json.loads(file.read_text()) for file in files] == [manifest]
    assert manifest["run_id"] == delays.ran.document["run_id"]
    assert {name: source["version"] for name, source in manifest["inputs"].items()} == {
        "labels": 0,
        "feature_tables.weather": 0,
        "feature_tables.dest_weather": 0,
        "feature_tables.planes": 0,
        "feature_tables.strikes": 0,
        "feature_tables.world": 0,
    }


def test_nothing_staged_is_left(delays: Delays) -> None:
    assert not list((delays.project.warehouse / "delays_staging").glob("*"))


def test_the_report_is_one_page_that_fetches_nothing(delays: Delays) -> None:
    assert "published version 0" in delays.report
    assert "http" not in delays.report.replace("http-equiv", "")


def test_the_result_is_the_object_and_the_exit_code(delays: Delays) -> None:
    assert delays.result == {**delays.ran.document, "exit_code": 0}
