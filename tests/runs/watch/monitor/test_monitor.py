"""`skewless monitor` from end to end: a small project, a clean day of its log, and one with planted drift."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from skewless.parts.log.table import OWNER, RECORDS
from tests.helpers.browser import opened
from tests.helpers.project import Project, Ran

TRAINING_SET = """
    name: trips
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [trip]
      event_timestamp: predict_at
      label_columns: [late]
    feature_tables: [facts]
    features: tests.helpers.monitor_features
    output: ${WAREHOUSE}/trips
    parity_sample: 0
"""
FACTS = """
    name: facts
    source: ${WAREHOUSE}/facts
    entity_keys: [trip]
    event_timestamp: at
    delay: 0s
    columns: [temp, carrier, gust, at]
"""
WATCH = """
    name: trips
    segments: [host]
    features: {facts__temp: {bins: 5}}
    webhook: {url: "${HOOK:-}", retries: 0, timeout: 1s}
    textfile: "${TEXTFILE:-}"
"""
TRIPS = 900
CLEAN, DRIFTED = "2024-04-01", "2024-04-02"

# What a trip is, as SQL over its number: hashes, so that the same in every run.
TEMP = "CAST(pmod(xxhash64(n, 'temp'), 1000) / 10 AS DOUBLE)"
CARRIER = "element_at(array('UA', 'AA', 'DL'), CAST(pmod(xxhash64(n, 'carrier'), 3) AS INT) + 1)"
GUST = "CASE WHEN pmod(xxhash64(n, 'gust'), 20) > 0 THEN CAST(pmod(xxhash64(n), 50) AS INT) END"


@pytest.fixture(scope="module")
def project(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    files = {
        "feature_tables/facts.yml": FACTS,
        "training_sets/trips.yml": TRAINING_SET,
        "monitoring/trips.yml": WATCH,
    }
    project = Project(tmp_path_factory.mktemp("monitor"), spark).conf(files)
    at = "TIMESTAMP '2024-03-01 00:00:00Z' + make_interval(0, 0, 0, CAST(n % 3 AS INT))"
    for name, columns in {
        "labels": f"n AS trip, {at} AS predict_at, 0 AS late",
        "facts": f"n AS trip, {at} - INTERVAL 2 HOURS AS at, {TEMP} AS temp, {CARRIER} AS carrier, {GUST} AS gust",
    }.items():
        rows = spark.sql(f"SELECT {columns} FROM range({TRIPS}) AS t(n)")
        rows.coalesce(1).write.format("delta").save(str(project.warehouse / name))
    project.built("trips")
    write_log(project, "log")
    return project


def write_log(project: Project, name: str, fingerprint: str = "CAST(NULL AS STRING)") -> None:
    """A clean day, and one with two of three temps 60 degrees higher, fewer gusts and a carrier that is new."""
    assert project.spark is not None
    days = []
    for day, temp, carrier, gust in (
        (CLEAN, TEMP, CARRIER, GUST),
        (
            DRIFTED,
            f"{TEMP} + IF(n % 3 > 0, 60, 0)",
            f"IF(n % 20 = 0, 'ZZ', {CARRIER})",
            f"IF(n % 5 = 0, NULL, {GUST})",
        ),
    ):
        at = f"TIMESTAMP '{day} 12:00:00Z'"
        features = (
            f"named_struct('facts__temp', {temp}, 'FACTS__carrier', {carrier}, 'facts__gust', {gust}, "
            f"'facts__at', {at} - INTERVAL 2 HOURS, 'warm', {temp} > 50) AS features"
        )
        days.append(
            f"SELECT concat('{day}-', n) AS record_id, 'web-' || n % 2 AS host, '7' AS model_version, "
            f"{fingerprint} AS fingerprint, {at} AS event_timestamp, CAST('{day}' AS DATE) AS event_date, "
            f"named_struct('trip', n) AS entity, {features}, CAST(NULL AS STRING) AS types "
            f"FROM range(5000, 5600) AS t(n)"
        )
    rows = project.spark.sql(" UNION ALL ".join(days))
    path = str(project.warehouse / name)
    rows.coalesce(1).write.format("delta").partitionBy("event_date").save(path)
    project.spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('{OWNER}' = '{RECORDS}')")


def monitored(project: Project, *arguments: str, log: str = "log") -> Ran:
    return project.run("monitor", "trips", "--log", str(project.warehouse / log), *arguments)


@pytest.fixture(scope="module")
def clean(project: Project) -> Ran:
    return monitored(project, "--date", CLEAN, "--json")


@pytest.fixture(scope="module")
def drifted(project: Project, clean: Ran) -> Ran:
    report = str(project.root / "report.html")
    return monitored(project, "--start", CLEAN, "--end", "2024-04-03", "--json", "--report", report)


def test_a_clean_day_raises_no_alert_and_has_the_keys_of_the_contract(clean: Ran) -> None:
    assert clean.code == 0, clean.err
    assert list(clean.document) == ["training_set", "reference_rows", "current_rows", "features"]
    assert (clean.document["reference_rows"], clean.document["current_rows"]) == (TRIPS, 600)
    features = clean.document["features"]
    assert list(features) == ["facts__temp", "facts__carrier", "facts__gust", "facts__at", "warm"]
    keys = ["psi", "kl", "js", "null_rate_reference", "null_rate_current", "alert", "reason"]
    assert all(list(each) == keys for each in features.values())
    assert not any(each["alert"] for each in features.values())


def test_drift_is_exit_code_4_and_the_reason_says_which(drifted: Ran) -> None:
    assert drifted.code == 4, drifted.err
    features = drifted.document["features"]
    alerting = {name for name, each in features.items() if each["alert"]}
    assert alerting == {"facts__temp", "facts__carrier", "facts__gust", "warm"}
    assert "distribution: PSI" in features["facts__temp"]["reason"]
    assert "new categories: 2.50% against 0.00% expected" in features["facts__carrier"]["reason"]
    assert "nulls: " in features["facts__gust"]["reason"]


def test_the_age_of_a_time_is_what_is_held_and_not_the_time(drifted: Ran) -> None:
    age = drifted.document["features"]["facts__at"]
    assert (age["psi"], age["alert"]) == (0, False)


def test_the_reference_profile_is_kept_with_its_version_and_used_again(
    project: Project, drifted: Ran
) -> None:
    (kept,) = (project.warehouse / "trips" / "_skewless" / "profiles").glob("*.json")
    whole = json.loads(kept.read_text())
    assert (whole["version"], whole["rows"]) == (0, TRIPS)
    before = kept.stat().st_mtime_ns
    again = monitored(project, "--start", CLEAN, "--end", "2024-04-03", "--json")
    assert (again.document, kept.stat().st_mtime_ns) == (drifted.document, before)


def test_the_history_has_a_row_for_each_feature_segment_and_day(project: Project, drifted: Ran) -> None:
    rows = project.rows("trips_monitoring")
    temps = [
        row
        for row in rows
        if row["feature"] == "facts__temp" and row["span"].endswith("04-03T00:00:00+00:00)")
    ]
    assert {(row["dimension"], row["value"]) for row in temps} == {
        ("", ""), ("host", "web-0"), ("host", "web-1"), ("day", CLEAN), ("day", DRIFTED),
    }  # fmt: skip
    by_day = {row["value"]: row for row in temps if row["dimension"] == "day"}
    assert (by_day[CLEAN]["alert"], by_day[DRIFTED]["alert"]) == (False, True)
    assert by_day[CLEAN]["current_rows"] == by_day[DRIFTED]["current_rows"] == 600


def test_the_report_has_the_verdict_the_reasons_and_the_days(
    project: Project, drifted: Ran, tmp_path: Path
) -> None:
    page = (project.root / "report.html").read_text()
    verdict = f"DRIFT: 1 cause since {DRIFTED}, 4 features have drifted"
    for told in (verdict, "values of facts", "new categories: 2.50%", "host", DRIFTED, "volume: "):
        assert told in page, told
    assert opened(page, tmp_path)[1] == []


def test_a_default_logged_for_one_of_many_cities_was_no_drift_on_one_host_nor_on_all(
    spark: SparkSession, tmp_path: Path
) -> None:
    """200 cities; one host logs the one of them always. On all records it is half of the values."""
    files = {
        "feature_tables/facts.yml": FACTS.replace("temp, carrier, gust, at", "city"),
        "training_sets/trips.yml": TRAINING_SET.replace("    features: tests.helpers.monitor_features\n", ""),
        "monitoring/trips.yml": "name: trips\nsegments: [host]\n",
    }
    project = Project(tmp_path, spark).conf(files)
    at = "TIMESTAMP '2024-03-01 00:00:00Z'"
    for name, columns in {
        "labels": f"n AS trip, {at} AS predict_at, 0 AS late",
        "facts": f"n AS trip, {at} - INTERVAL 2 HOURS AS at, 'city ' || n % 200 AS city",
    }.items():
        rows = spark.sql(f"SELECT {columns} FROM range(4000) AS t(n)")
        rows.coalesce(1).write.format("delta").save(str(project.warehouse / name))
    project.built("trips")
    city = "CASE WHEN n % 2 = 1 THEN 'city 8' ELSE 'city ' || pmod(xxhash64(n), 200) END"
    rows = spark.sql(
        "SELECT 'r' || n AS record_id, 'web-' || n % 2 AS host, '7' AS model_version, CAST(NULL AS STRING) AS "
        f"fingerprint, {at} AS event_timestamp, DATE '2024-03-01' AS event_date, named_struct('trip', n) AS entity, "
        f"named_struct('facts__city', {city}) AS features, CAST(NULL AS STRING) AS types FROM range(800) AS t(n)"
    )
    path = str(project.warehouse / "log")
    rows.write.format("delta").partitionBy("event_date").save(path)
    spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('{OWNER}' = '{RECORDS}')")
    ran = monitored(project, "--json", "--report", str(tmp_path / "report.html"))
    assert ran.code == 4, ran.err
    reason = ran.document["features"]["facts__city"]["reason"]
    assert reason.startswith("one value: 'city 8' is ")
    assert "where host = web-1: one value: 'city 8' is 100.00% of values against at most 0.50%" in reason
    assert "host = web-0" not in reason
    assert "Concentration" in (tmp_path / "report.html").read_text()
    again = monitored(project, "--json")
    assert again.document == ran.document  # by the profile that was kept


def test_what_cannot_be_told_from_is_refused_in_a_line(project: Project) -> None:
    write_log(project, "strange", fingerprint="'sha256:0'")
    other = monitored(project, log="strange")
    nothing = monitored(project, "--date", "2024-05-01")
    assert (other.code, nothing.code) == (2, 2)
    assert other.problems == [
        "skewless: log: its records carry the fingerprint sha256:0, which no published version of training set "
        "'trips' has; give the log of its own serving, or build from the code that serves"
    ]
    assert "no record with T in [2024-05-01" in nothing.problems[0]


def test_a_delivery_that_fails_is_said_and_fails_nothing(project: Project) -> None:
    textfile = project.root / "trips.prom"
    hook = "http://127.0.0.1:9/services/secret"  # the discard port: nobody listens
    ran = monitored(
        project, "--date", DRIFTED, "--set", f"HOOK={hook}", "--set", f"TEXTFILE={textfile}", "--json"
    )
    assert ran.code == 4
    assert ran.problems == ["skewless: webhook 127.0.0.1: cannot be reached; the monitoring stands"]
    history, webhook, file = ran.document["deliveries"]
    assert "trips_monitoring: 20 rows" in history
    assert webhook == "NOT DELIVERED: webhook 127.0.0.1: cannot be reached"
    assert file == f"textfile {textfile}: written"
    assert 'skewless_monitor_alerts{training_set="trips"} 4.0' in textfile.read_text()


def test_what_is_no_log_of_this_training_set_is_refused_feature_by_feature(project: Project) -> None:
    assert project.spark is not None
    for name, features in {
        "other": "named_struct('clicks', 1)",
        "text": "named_struct('facts__temp', 'warm', 'facts__gust', 1L)",
    }.items():
        rows = project.spark.sql(
            f"SELECT current_timestamp() AS at, n AS trip, {features} AS features FROM range(50) AS t(n)"
        )
        rows.write.format("delta").save(str(project.warehouse / name))
        columns = {"other": "{clicks: features.clicks}", "text": "{facts__temp: features.facts__temp}"}[name]
        mapping = f"name: {name}\nsource: ${{WAREHOUSE}}/{name}\nentity: [trip]\nevent_timestamp: at\n"
        project.conf({f"logs/{name}.yml": f"{mapping}features: {columns}\n"})
    other = project.run("monitor", "trips", "--log", "other")
    text = project.run("monitor", "trips", "--log", "text")
    assert (other.code, text.code) == (2, 2)
    assert other.problems == [
        "skewless: log: none of its features (clicks) is one of training set 'trips' (facts__temp, facts__carrier, "
        "facts__gust, facts__at, warm); give the log of its own serving"
    ]
    assert text.problems == [
        "skewless: log: feature 'facts__temp' is logged as string, a category, but a number in the training set; "
        "give the log of its own serving"
    ]


def test_too_few_records_and_unlogged_are_refused(project: Project) -> None:
    few = monitored(project, "--start", "2024-04-02T11:59:59Z", "--end", "2024-04-02T12:00:00Z")
    assert few.code == 2
    project.conf({"monitoring/trips.yml": "name: trips\nsegments: [hots]\nfeatures: {facts__tmep: {}}\n"})
    wrong = monitored(project)
    project.conf({"monitoring/trips.yml": WATCH.replace("[host]", "[host]\n    min_rows: 601")})
    too_few = monitored(project, "--date", CLEAN)
    project.conf({"monitoring/trips.yml": WATCH})
    assert (wrong.code, too_few.code) == (2, 2)
    assert [problem.partition("; ")[2] for problem in wrong.problems] == [
        "did you mean 'facts__temp'?", "did you mean 'host'?",
    ]  # fmt: skip
    assert "are 600 records; fewer than 601 tell nothing" in too_few.problems[0]


def test_a_training_set_that_was_never_built_is_refused(project: Project) -> None:
    project.conf({"training_sets/new.yml": TRAINING_SET.replace("trips", "new")})
    ran = project.run("monitor", "new", "--log", str(project.warehouse / "log"))
    assert (ran.code, ran.problems) == (
        2,
        ["skewless: training set 'new': nothing is published to compare with; build it first"],
    )


def test_a_version_whose_files_are_gone_is_refused_in_a_line(project: Project) -> None:
    """Other bins than those of the profile that is kept, so that the version has to be read."""
    files = {file: file.with_suffix(".away") for file in (project.warehouse / "trips").rglob("*.parquet")}
    project.conf({"monitoring/trips.yml": "{name: trips, bins: 7}"})
    for file, away in files.items():
        file.rename(away)
    try:
        ran = monitored(project, "--date", CLEAN)
    finally:
        for file, away in files.items():
            away.rename(file)
        project.conf({"monitoring/trips.yml": WATCH})
    assert (ran.code, len(ran.problems)) == (2, 1), ran.err
    assert "training set: version 0 cannot be read any more: " in ran.err
