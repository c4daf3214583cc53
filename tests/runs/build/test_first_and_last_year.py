"""T in the first and in the last year that Python has: joins and windows are the same in Spark and in serving."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Project

WINDOWS = [
    ("d_ny", "{calendar: day, length: 1, timezone: America/New_York}", 0),
    ("d_tokyo", "{calendar: day, length: 1, timezone: Asia/Tokyo}", 0),
    ("w_sydney", "{calendar: week, length: 2, timezone: Australia/Sydney}", 1),
    ("m_ny", "{calendar: month, length: 1, timezone: America/New_York}", 0),
    ("m_utc", "{calendar: month, length: 1, timezone: UTC}", 1),
    ("m_long", "{calendar: month, length: 100000, timezone: UTC}", 0),
    ("rolling", "7d", "1h"),
]
MOMENTS = [
    "0001-01-01 00:00:00Z",
    "0001-01-01 00:00:01Z",
    "0001-01-02 04:56:01Z",
    "0001-02-01 05:00:00Z",
    "2024-07-01 12:00:00Z",
    "9999-12-31 14:59:59Z",
    "9999-12-31 23:59:59.999999Z",
]
EVENTS = [
    "0001-01-01 00:00:00Z",
    "0001-01-01 12:00:00Z",
    "0001-01-31 23:59:59Z",
    "2024-06-30 12:00:00Z",
    "9999-11-30 12:00:00Z",
    "9999-12-31 05:00:00Z",
    "9999-12-31 15:00:00Z",
]
LABELS = "source: '${WAREHOUSE}/labels', entity_keys: [k], event_timestamp: t, label_columns: [y]"


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("years"), spark)
    project.table("labels", "k INT, t TIMESTAMP, y INT", *[f"(1, '{moment}', 0)" for moment in MOMENTS])
    project.table("before", "k INT, t TIMESTAMP, y INT", "(1, '0000-12-31 23:59:59Z', 0)")
    rows = [f"(1, '{moment}', {place})" for place, moment in enumerate(EVENTS)]
    return project.table("clicks", "k INT, at TIMESTAMP, v INT", *rows)


def files(labels: str = LABELS) -> dict[str, str]:
    aggregations = "".join(
        f"\n              - {{name: {name}, function: count, window: {window}, offset: {offset}}}"
        for name, window, offset in WINDOWS
    )
    return {
        "training_sets/s.yml": f"""
            name: s
            labels: {{{labels}}}
            feature_tables: [clicks]
            output: ${{WAREHOUSE}}/out
        """,
        "feature_tables/clicks.yml": f"""
            name: clicks
            source: ${{WAREHOUSE}}/clicks
            entity_keys: [k]
            event_timestamp: at
            delay: 1h
            max_age: 30d
            aggregations:{aggregations}
        """,
    }


def test_windows_of_the_first_and_the_last_year_are_the_same_in_spark_and_in_serving(tables: Project) -> None:
    """J2, W1 to W3."""
    document = tables.conf(files()).built("s", "--as-of", "9999-12-31T23:59:59.999999Z")
    assert document["parity"] == {"rows": len(MOMENTS), "mismatches": 0}
    columns = ["clicks__v", *[f"clicks__{name}" for name, _, _ in WINDOWS]]
    rows = sorted(tables.rows("out"), key=lambda row: row["t"])
    columns = ["clicks__v", *[f"clicks__{name}" for name, _, _ in WINDOWS]]
    assert [[row[name] for name in columns] for row in rows] == [
        [None, 0, 0, 0, 0, 0, 0, 0],
        [None, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 1, 0, 2, 2],
        [2, 0, 1, 0, 0, 3, 3, 1],
        [3, 0, 0, 1, 0, 1, 4, 1],
        [5, 1, 1, 0, 1, 1, 3, 1],
        [6, 2, 1, 0, 2, 1, 4, 2],
    ]


def test_a_t_that_python_cannot_hold_is_refused_by_name(tables: Project) -> None:
    """J9: serving could not be asked for it. One after the year 9999 is after every --as-of, and so left out."""
    ran = tables.conf(files(LABELS.replace("/labels'", "/before'"))).run("build", "s")
    assert ran.code == 2
    assert ran.problems == [
        "skewless: label events: T (column 't') is 0000-12-31T23:59:59Z, outside the years 1 to 9999 that Python, and "
        "so serving, can hold; leave such rows out with labels.where"
    ]
