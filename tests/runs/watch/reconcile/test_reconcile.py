"""`skewless reconcile` from end to end: a small project's log with two planted faults, and records without inputs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from skewless import InputError, reconcile
from skewless.parts.log.table import OWNER
from skewless.parts.log.table import RECORDS as RECORDS_HELD
from tests.helpers.browser import opened
from tests.helpers.project import Project, Ran

TRAINING_SET = """
    name: delays
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [flight, origin]
      event_timestamp: predict_at
      label_columns: [late]
    feature_tables: [weather]
    features: tests.helpers.reconcile_features
    output: ${WAREHOUSE}/delays
    reconcile: {alert_above: 0.0, features: {weather__wind: 0.9}}
"""
WEATHER = """
    name: weather
    source: ${WAREHOUSE}/weather
    entity_keys: [origin]
    event_timestamp: at
    delay: 0s
    columns: [temp, wind]
    aggregations: [{name: mean_temp, function: mean, column: temp, window: 6h}]
"""
RECORDS = 60


@pytest.fixture(scope="module")
def project(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    files = {"feature_tables/weather.yml": WEATHER, "training_sets/delays.yml": TRAINING_SET}
    project = Project(tmp_path_factory.mktemp("reconcile"), spark).conf(files)
    start = "TIMESTAMP '2024-03-01 00:00:00Z'"
    hours = [
        f"('EWR', {start} + INTERVAL '{hour}' HOUR, {_temp(hour)}, {hour % 7})" for hour in range(RECORDS)
    ]
    project.table("weather", "origin STRING, at TIMESTAMP, temp DOUBLE, wind INT", *hours)
    project.table(
        "labels",
        "flight BIGINT, origin STRING, predict_at TIMESTAMP, distance DOUBLE, late INT",
        "(1, 'EWR', '2024-03-01 08:30:00Z', 250.0, 0)",
        "(2, 'EWR', '2024-03-01 09:30:00Z', 1.0, 0)",
        "(2, 'EWR', '2024-03-01 09:30:00Z', 2.0, 0)",
    )
    _write_log(project)
    return project


def _temp(hour: int) -> float:
    return round(40 + (hour * 7919 % 97) / 3, 6)


def _write_log(project: Project) -> None:
    """Record r was made half past hour 7 + r; temp is one row behind and wind is null logged as 0 for calm hours."""
    assert project.spark is not None
    rows = []
    for place in range(RECORDS - 7):
        hour = place + 7
        mean = sum(_temp(each) for each in range(hour - 5, hour + 1)) / 6
        wind = "NULL" if hour % 7 == 3 else str(hour % 7)
        logged = (
            f"{_temp(hour - 1)}D AS weather__temp, {wind} AS WEATHER__WIND, {mean!r}D AS weather__mean_temp"
        )
        functions = (
            f"{_temp(hour - 1) * 2!r}D AS doubled, {250.0 if hour == 8 else 7.0}D AS km, 1 AS stranger"
        )
        moment = f"TIMESTAMP '2024-03-01 00:30:00Z' + INTERVAL '{hour}' HOUR"
        record = f"'r{place}' AS record_id, 'web-{place % 2}' AS host, '7' AS model_version"
        entity = f"named_struct('flight', {hour - 7}L, 'origin', 'EWR') AS entity"
        features = f"(SELECT struct(*) FROM (SELECT {logged}, {functions})) AS features"
        types = "CAST(NULL AS STRING) AS types"
        times = f"{moment} AS event_timestamp, CAST({moment} AS DATE) AS event_date"
        times += f", {moment} - INTERVAL '45' MINUTE AS materialized_at"
        rows.append(f"SELECT {record}, {times}, {entity}, {features}, {types}")
    log = project.spark.sql(" UNION ALL ".join(rows))
    path = str(project.warehouse / "log")
    log.coalesce(1).write.format("delta").save(path)
    project.spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('{OWNER}' = '{RECORDS_HELD}')")


@pytest.fixture(scope="module")
def ran(project: Project) -> Ran:
    log, report = str(project.warehouse / "log"), str(project.root / "report.html")
    return project.run("reconcile", "delays", "--log", log, "--json", "--report", report)


def test_skew_is_exit_code_4_and_one_json_object(ran: Ran) -> None:
    assert ran.code == 4, ran.err
    assert list(ran.document) == ["training_set", "rows", "unmatched", "features"]
    assert (ran.document["training_set"], ran.document["rows"], ran.document["unmatched"]) == (
        "delays",
        53,
        0,
    )


def test_each_feature_has_the_keys_of_the_contract_and_its_likely_cause(ran: Ran) -> None:
    assert ran.document["features"]["weather__temp"] == {
        "compared": 53, "mismatched": 53, "mismatch_rate": 1.0,
        "cause": "stale_value", "confidence": 1.0, "detail": "weather: the rows of the store, 0.75 hours old",
    }  # fmt: skip


def test_a_function_of_what_was_logged_wrong_has_its_cause(ran: Ran) -> None:
    doubled = ran.document["features"]["doubled"]
    assert (doubled["mismatched"], doubled["cause"]) == (53, "stale_value")
    assert doubled["detail"].startswith("through weather__temp")


def test_null_against_a_value_is_a_mismatch_whatever_the_case_of_the_name(ran: Ran) -> None:
    """S5."""
    wind = ran.document["features"]["weather__wind"]
    assert (wind["compared"], wind["mismatched"], wind["cause"]) == (53, 8, "null_handling")


def test_a_mean_added_in_another_order_agrees(ran: Ran) -> None:
    assert ran.document["features"]["weather__mean_temp"] == {
        "compared": 53, "mismatched": 0, "mismatch_rate": 0.0, "cause": None, "confidence": 0.0, "detail": "",
    }  # fmt: skip


def test_an_input_of_the_label_event_is_that_of_the_one_with_those_keys_and_t(ran: Ran) -> None:
    """Flight 1 has one label event, flight 2 has two, the others none."""
    km = ran.document["features"]["km"]
    assert (km["compared"], km["mismatched"]) == (1, 0)


def test_the_report_has_rates_causes_examples_and_the_rows_behind_them(
    ran: Ran, project: Project, tmp_path: Path
) -> None:
    page = (project.root / "report.html").read_text()
    for told in ("SKEW", "stale_value", "weather: row used: event 2024-03-0", "By host: web-0", "stranger"):
        assert told in page, told
    assert opened(page, tmp_path)[1] == []


def test_a_record_is_named_by_every_key_and_its_id_also_by_a_key_that_no_table_is_joined_on(
    ran: Ran, project: Project
) -> None:
    assert ran.code == 4, ran.err
    page = (project.root / "report.html").read_text()
    records = re.findall(r">(T = [^<]*)<", page)
    assert records
    assert all(", origin = EWR, " in record for record in records)
    assert all(re.search(r", flight = (\d+), record_id = r\1$", record) for record in records)


def test_a_range_takes_its_records_alone_and_a_configured_rate_is_no_alert(project: Project) -> None:
    log = str(project.warehouse / "log")
    result = project.root / "result.json"
    day = ("--date", "2024-03-02", "--verbose")
    ran = project.run("reconcile", "delays", "--log", log, *day, "--result", str(result))
    assert ran.code == 4, ran.err
    assert json.loads(result.read_text())["rows"] == 24
    assert "allowed  weather__wind" in ran.out
    assert "ALERT    weather__temp: 24 of 24" in ran.out


def test_the_function_gives_what_the_command_gives(ran: Ran, project: Project) -> None:
    settings, conf = {"WAREHOUSE": str(project.warehouse)}, project.root / "conf"
    log = str(project.warehouse / "log")
    called = reconcile("delays", log, conf_dir=conf, settings=settings, spark=project.spark)
    assert called.to_dict() == ran.document
    assert called.html == (project.root / "report.html").read_text()
    assert repr(called).startswith("delays: SKEW: ")
    assert (called.is_alert, called.exit_code, called.rows) == (True, 4, 53)
    assert called.features == ran.document["features"]
    with pytest.raises(InputError, match="is no table that ingest-log made"):
        reconcile("delays", str(project.root / "nowhere"), conf_dir=conf, settings=settings)


def test_no_log_table_is_one_line(project: Project, tmp_path: Path) -> None:
    ran = project.run("reconcile", "delays", "--log", str(tmp_path / "nowhere"))
    assert (ran.code, len(ran.problems)) == (2, 1)
    assert "is no table that ingest-log made" in ran.problems[0]


def test_a_label_table_that_cannot_be_read_is_not_taken_for_no_label_events_yet(project: Project) -> None:
    columns = "flight BIGINT, origin STRING, predict_at TIMESTAMP, distance DOUBLE, late INT"
    project.table("unreadable", columns)
    (project.warehouse / "unreadable" / "_delta_log" / f"{0:020d}.json").write_text("{")
    project.forget_snapshots()
    text = TRAINING_SET.replace("name: delays", "name: unreadable").replace("/labels", "/unreadable")
    project.conf({"training_sets/unreadable.yml": text})
    ran = project.run("reconcile", "unreadable", "--log", str(project.warehouse / "log"))
    assert ran.code == 2, ran.err
    (line,) = ran.problems
    assert line.startswith(f"skewless: labels: cannot read {project.warehouse / 'unreadable'}")
