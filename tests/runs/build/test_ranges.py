"""Ranges, --as-of and samples: which label events a build takes, and which rows it replaces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Project

SETS = {
    "feature_tables/facts.yml": """
        {name: facts, source: '${WAREHOUSE}/facts', entity_keys: [k], event_timestamp: at, available_at: seen}
    """,
    "training_sets/s.yml": """
        name: s
        labels:
          source: ${WAREHOUSE}/${LABELS:-labels}
          entity_keys: [k]
          event_timestamp: t
          label_columns: [y]
          label_available_at: known
        feature_tables: [facts]
        output: ${WAREHOUSE}/${OUT:-s}
        parity_sample: 0
    """,
    "training_sets/local.yml": """
        name: local
        labels:
          source: ${WAREHOUSE}/local_labels
          entity_keys: [k]
          event_timestamp: t
          label_columns: [y]
          timezone: America/New_York
        output: ${WAREHOUSE}/local
        parity_sample: 0
    """,
    "training_sets/days.yml": """
        name: days
        labels:
          source: ${WAREHOUSE}/day_labels
          entity_keys: [k]
          event_timestamp: t
          label_columns: [y]
          timezone: America/New_York
        output: ${WAREHOUSE}/days
        parity_sample: 0
    """,
}
COLUMNS = "k INT, t TIMESTAMP, y INT, known TIMESTAMP"


def labels(project: Project, y: int) -> Project:
    """Label events around the instants at which ranges begin and end, all with the same label."""
    return project.table(
        "labels",
        COLUMNS,
        f"(1, '2024-03-01 05:59:59.999999Z', {y}, '2024-03-01 06:00:00Z')",
        f"(2, '2024-03-01 06:00:00Z', {y}, '2024-03-01 06:00:00Z')",
        f"(3, '2024-03-01 23:59:59.999999Z', {y}, '2024-03-02 00:00:00Z')",
        f"(4, '2024-03-02 00:00:00Z', {y}, '2024-03-02 00:00:00Z')",
        f"(5, '2024-03-02 05:59:59.999999Z', {y}, '2024-03-02 06:00:00Z')",
        f"(6, '2024-03-02 06:00:00Z', {y}, '2024-03-02 06:00:00Z')",
        f"(7, NULL, {y}, '2024-03-02 06:00:00Z')",
        f"(8, '2024-03-05 06:00:00Z', {y}, '2098-03-02 06:00:00Z')",
    )


def published(project: Project, name: str = "s") -> Mapping[int, int]:
    rows = project.rows(name)
    by_key = {row["k"]: row["y"] for row in rows}
    assert len(by_key) == len(rows), "each label event once"
    return by_key


@pytest.fixture(scope="module")
def ranged(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A whole build of labels 0, to be replaced in parts by the tests below, in their order."""
    project = labels(Project(tmp_path_factory.mktemp("ranges"), spark).conf(SETS), 0)
    project.table(
        "facts",
        "k INT, at TIMESTAMP, seen TIMESTAMP, v INT",
        "(1, '2024-03-01 01:00:00Z', '2024-03-01 01:00:00Z', 1)",
        "(1, '2024-03-01 02:00:00Z', '2024-03-01 02:30:00Z', 2)",
    )
    project.built("s")
    assert published(project) == {1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0}
    return project


def test_a_range_replaces_exactly_the_rows_with_t_in_it_in_one_commit(ranged: Project) -> None:
    result = labels(ranged, 1).built("s", "--start", "2024-03-01T06:00", "--end", "2024-03-02T06:00:00Z")
    assert (result["rows"], result["version"]) == (4, 1)
    assert published(ranged) == {1: 0, 2: 1, 3: 1, 4: 1, 5: 1, 6: 0, 7: 0}


def test_the_same_content_again_is_unchanged_and_adds_no_version(ranged: Project) -> None:
    report = ranged.root / "report.html"
    options = ("--start", "2024-03-01T06:00", "--end", "2024-03-02T06:00:00Z", "--report", str(report))
    result = ranged.built("s", *options)
    assert (result["status"], result["rows"], result["version"]) == ("unchanged", 4, 1)
    assert len(ranged.commits("s")) == 2
    page = report.read_text()
    assert "Changed against the rows of the same T in version 1" in page
    assert "rows: 4, before 4" in page


def test_a_date_is_one_utc_day(ranged: Project) -> None:
    result = labels(ranged, 2).built("s", "--date", "2024-03-02")
    assert (result["rows"], result["version"]) == (3, 2)
    assert published(ranged) == {1: 0, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 0}


def test_an_end_alone_reaches_back_to_the_beginning_and_leaves_null_times(ranged: Project) -> None:
    result = labels(ranged, 3).built("s", "--end", "2024-03-01T01:00:00-05:00")
    assert (result["rows"], result["version"]) == (1, 3)
    assert not [each for each in result["steps"] if "profiling" in each["step"]], "no report was asked for"
    assert published(ranged) == {1: 3, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 0}


def test_a_range_whose_label_events_are_all_immature_builds_no_rows_and_succeeds(ranged: Project) -> None:
    file = ranged.root / "result.json"
    ran = ranged.run("build", "s", "--date", "2024-03-05", "--result", str(file))
    assert ": unchanged, version 3 stands: " in ran.out
    result = json.loads(file.read_text())
    assert (result["rows"], result["version"], result["status"]) == (0, 3, "unchanged")
    assert len(published(ranged)) == 7


def test_an_empty_range_is_an_error_unless_allowed_and_then_clears(ranged: Project) -> None:
    ranged.table("labels", COLUMNS, "(1, '2024-03-01 05:59:59.999999Z', 9, '2024-03-01 06:00:00Z')")
    ran = ranged.run("build", "s", "--start", "2024-03-02")
    assert (ran.code, ran.out) == (2, "")
    assert "2024-03-02" in ran.err
    assert len(ranged.commits("s")) == 4
    result = ranged.built("s", "--start", "2024-03-02", "--allow-empty")
    assert (result["rows"], result["version"]) == (0, 4)
    assert published(ranged) == {1: 3, 2: 1, 3: 1, 7: 0}


def test_other_columns_under_a_range_are_refused_and_a_whole_build_takes_them(ranged: Project) -> None:
    ranged.table(
        "labels", f"{COLUMNS}, more INT", "(1, '2024-03-01 06:00:00Z', 9, '2024-03-01 06:00:00Z', 1)"
    )
    ran = ranged.run("build", "s", "--date", "2024-03-01")
    assert (ran.code, ran.out) == (2, "")
    assert "'more'" in ran.err
    assert len(ranged.commits("s")) == 5
    assert ranged.built("s")["columns"] == ["k", "t", "y", "known", "more", "facts__v", "event_date"]
    assert published(ranged) == {1: 9}


def test_a_table_without_label_events_is_an_error_unless_allowed(ranged: Project) -> None:
    ranged.table("none", COLUMNS)
    ran = ranged.run("build", "s", "--set", "LABELS=none", "--set", "OUT=none_out")
    assert ran.code == 2
    result = ranged.built("s", "--set", "LABELS=none", "--set", "OUT=none_out", "--allow-empty")
    assert (result["rows"], result["version"]) == (0, 0)
    assert result["feature_tables"]["facts"]["match_rate"] is None
    assert ranged.rows("none_out") == []


def test_as_of_bounds_t_outcomes_and_availability_and_keeps_null_times(ranged: Project) -> None:
    ranged.table(
        "aged",
        COLUMNS,
        "(1, '2024-03-01 02:29:59.999999Z', 0, '2024-03-01 02:30:00Z')",
        "(2, '2024-03-01 02:30:00Z', 0, '2024-03-01 02:30:00Z')",
        "(3, '2024-03-01 02:30:00.000001Z', 0, '2024-03-01 01:00:00Z')",
        "(4, '2024-03-01 01:00:00Z', 0, '2024-03-01 02:30:00.000001Z')",
        "(5, '2024-03-01 01:00:00Z', 0, NULL)",
        "(6, NULL, 0, '2024-03-01 02:30:00Z')",
    )
    options = ["--as-of", "2024-03-01T02:30:00Z", "--set", "LABELS=aged", "--set", "OUT=aged_out"]
    assert ranged.built("s", *options)["rows"] == 3
    assert {row["k"]: row["facts__v"] for row in ranged.rows("aged_out")} == {1: 1, 2: None, 6: None}


def test_a_range_bounds_the_instant_of_a_clock_time(ranged: Project) -> None:
    """02:30 does not exist on 10 March 2024 in New York: it is 03:30 EDT, 07:30 UTC; 01:59:59 is 06:59:59 UTC."""
    columns = "k INT, t TIMESTAMP_NTZ, y INT"

    def clock_labels(y: int) -> None:
        ranged.table(
            "local_labels",
            columns,
            f"(1, '2024-03-10 01:59:59.999999', {y})",
            f"(2, '2024-03-10 02:30:00', {y})",
            f"(3, '2024-03-10 03:29:59.999999', {y})",
            f"(4, '2024-03-09 20:00:00', {y})",
        )

    clock_labels(0)
    ranged.built("local", "--date", "2024-03-10")
    clock_labels(1)
    assert ranged.built("local", "--start", "2024-03-10T07:30:00Z")["rows"] == 1
    assert published(ranged, "local") == {1: 0, 2: 1, 3: 0, 4: 0}
    assert {row["k"]: (row["t"], row["event_date"]) for row in ranged.rows("local")} == {
        1: (datetime(2024, 3, 10, 1, 59, 59, 999999), "2024-03-10"),
        2: (datetime(2024, 3, 10, 2, 30), "2024-03-10"),
        3: (datetime(2024, 3, 10, 3, 29, 59, 999999), "2024-03-10"),
        4: (datetime(2024, 3, 9, 20, 0), "2024-03-10"),
    }


def test_a_range_bounds_the_midnight_of_a_date(ranged: Project) -> None:
    """Midnight in New York is 05:00 UTC before 10 March 2024 and 04:00 UTC after."""

    def day_labels(y: int) -> None:
        days = ("2024-03-09", "2024-03-10", "2024-03-11")
        ranged.table(
            "day_labels", "k INT, t DATE, y INT", *(f"({n}, '{day}', {y})" for n, day in enumerate(days))
        )

    day_labels(0)
    ranged.built("days")
    day_labels(1)
    result = ranged.built("days", "--start", "2024-03-10T05:00:00Z", "--end", "2024-03-11T04:00:00Z")
    assert result["rows"] == 1
    assert published(ranged, "days") == {0: 0, 1: 1, 2: 0}


def test_a_sample_is_the_same_rows_whatever_the_width_of_its_keys(ranged: Project) -> None:
    ranged.conf(
        {
            "training_sets/sampled.yml": """
                name: sampled
                labels:
                  query: >
                    SELECT CAST(id AS ${WIDTH}) AS k, TIMESTAMP '2024-01-01 00:00:00' AS t, 1 AS y, id % 7 AS z
                    FROM ids
                  sources: {ids: '${WAREHOUSE}/ids'}
                  entity_keys: [z]
                  event_timestamp: t
                  label_columns: [y]
                sample: {fraction: 0.25, keys: [k]}
                output: ${WAREHOUSE}/sampled_${WIDTH}
                parity_sample: 0
            """
        }
    )
    ranged.table("ids", "id INT", *(f"({n})" for n in range(400)))
    for width in ("INT", "BIGINT"):
        ranged.built("sampled", "--set", f"WIDTH={width}")
    narrow, wide = ({row["k"] for row in ranged.rows(f"sampled_{width}")} for width in ("INT", "BIGINT"))
    assert narrow == wide
    assert 60 < len(narrow) < 140
