"""Rows of two definitions in one training set: refused by name, allowed on request, told of, and mended by `--each`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Project

CONF = {
    "feature_tables/clicks.yml": """
        name: clicks
        source: ${WAREHOUSE}/clicks
        entity_keys: [k]
        event_timestamp: at
        delay: ${DELAY:-0s}
        columns: []
        aggregations: [{name: views, function: count, window: "${WINDOW:-7d}"}]
    """,
    "training_sets/s.yml": """
        name: s
        labels: {source: '${WAREHOUSE}/labels', entity_keys: [k], event_timestamp: t, label_columns: [y]}
        feature_tables: [clicks]
        features: ["${FEATURES:-tests.helpers.first_definition}"]
        output: ${WAREHOUSE}/s
    """,
}
DAYS = ("2024-05-01", "2024-05-02", "2024-05-03")
SECOND = "FEATURES=tests.helpers.second_definition"


def project_of(root: Path, spark: SparkSession, *more: str) -> Project:
    """Three days of label events with a click a day since ten days before; 7 and 14 days differ on all of them."""
    labels = [f"({at}, '{day} 12:00:00Z', {at})" for at, day in enumerate((*DAYS, *more))]
    clicks = [f"({k}, '2024-04-{day} 06:00:00Z')" for k in range(len(labels)) for day in range(19, 31)]
    project = Project(root, spark).conf(CONF)
    project.table("labels", "k INT, t TIMESTAMP, y INT", *labels)
    return project.table("clicks", "k INT, at TIMESTAMP", *clicks)


@pytest.fixture
def built(spark: SparkSession, tmp_path: Path) -> Project:
    project = project_of(tmp_path, spark)
    project.built("s")
    return project


def views(project: Project) -> dict[int, int]:
    return {row["k"]: row["clicks__views"] for row in project.rows("s")}


SEVEN, FOURTEEN = {0: 6, 1: 5, 2: 4}, {0: 12, 1: 12, 2: 11}


def test_a_day_by_another_window_is_refused_with_what_changed_the_dates_and_the_backfill(
    built: Project,
) -> None:
    ran = built.run("build", "s", "--date", "2024-05-03", "--set", "WINDOW=14d")
    assert (ran.code, ran.out) == (2, "")
    assert ran.problems == [
        "skewless: training set 's': 2024-05-01 to 2024-05-02: the rows are of another definition, that of version 0; "
        "changed since: aggregation 'clicks.views' (window 7d, now 14d); build them again too with skewless build s "
        "--each month --start 2024-05-01 --end 2024-05-04, or publish beside them with --allow-mixed"
    ]
    assert views(built) == SEVEN
    assert len(built.commits("s")) == 1


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        (["DELAY=1h"], "feature table 'clicks' (delay 0s, now 1h)"),
        ([SECOND], "feature 'doubled' (module tests.helpers.first_definition, now tests.helpers.second_definition); "
                   "feature 'halved' (new)"),
        (["WINDOW=8d", "DELAY=5m"], "feature table 'clicks' (delay 0s, now 5m); "
                                    "aggregation 'clicks.views' (window 7d, now 8d)"),
    ],
    ids=["a delay", "a function", "both"],
)  # fmt: skip
def test_whatever_decides_a_value_is_named(built: Project, settings: list[str], changed: str) -> None:
    sets = [part for setting in settings for part in ("--set", setting)]
    (line,) = built.run("build", "s", "--date", "2024-05-01", *sets).problems
    assert f"changed since: {changed}; build" in line
    assert built.run("build", "s", "--explain", "--date", "2024-05-01", *sets).problems == [line]


def test_allowed_rows_of_two_definitions_are_told_of_everywhere(built: Project, tmp_path: Path) -> None:
    ran = built.run("build", "s", "--date", "2024-05-03", "--set", "WINDOW=14d", "--allow-mixed")
    assert ran.code == 0, ran.err
    assert views(built) == {**SEVEN, 2: FOURTEEN[2]}
    told = "version 0: 2024-05-01 to 2024-05-02; this version: 2024-05-03"
    assert told in ran.out
    shown = built.run("show", "s", "--json").document
    held = [(each["version"], each["dates"]) for each in shown["definitions"]]
    assert held == [(0, ["2024-05-01", "2024-05-02"]), (1, ["2024-05-03"])]
    text = built.run("show", "s").out
    assert "version 0: 2024-05-01 to 2024-05-02; version 1: 2024-05-03" in text
    assert "from version 0 to 1: aggregation 'clicks.views' (window 7d, now 14d)" in text
    manifest = built.run("show", "s", "--version", "1", "--json").document
    assert [each["dates"] for each in manifest["definitions"]] == [
        ["2024-05-01", "2024-05-02"],
        ["2024-05-03"],
    ]
    exported = built.run("export", "s", "--to", str(tmp_path / "plan.json"))
    assert "version 0: 2024-05-01 to 2024-05-02; version 1: 2024-05-03" in exported.out


def test_the_older_definition_is_mixed_too_where_a_day_is_built_by_it_again(built: Project) -> None:
    built.built("s", "--date", "2024-05-03", "--set", "WINDOW=14d", "--allow-mixed")
    (line,) = built.run("build", "s", "--date", "2024-05-02").problems
    assert "2024-05-03: the rows are of another definition, that of version 1" in line
    again = built.built("s", "--date", "2024-05-02", "--allow-mixed")
    assert again["status"] == "unchanged"
    assert built.built("s", "--date", "2024-05-03")["version"] == 2
    assert len(built.run("show", "s", "--json").document["definitions"]) == 1


def test_a_range_that_holds_all_standing_rows_and_a_build_without_one_need_no_flag(built: Project) -> None:
    whole = built.built("s", "--start", "2024-05-01", "--end", "2024-05-04", "--set", "WINDOW=14d")
    assert (whole["version"], views(built)) == (1, FOURTEEN)
    assert built.built("s")["version"] == 2
    assert views(built) == SEVEN


def test_hours_of_a_day_without_rows_hold_no_other_definition(spark: SparkSession, tmp_path: Path) -> None:
    project = project_of(tmp_path, spark)
    project.built("s", "--date", "2024-05-01")
    noon = ("--start", "2024-05-01T12:00", "--end", "2024-05-02T00:00")
    assert project.built("s", *noon, "--set", "WINDOW=14d")["version"] == 1
    morning = ("--start", "2024-05-01T00:00", "--end", "2024-05-01T12:00", "--allow-empty")
    (line,) = project.run("build", "s", *morning).problems
    assert "2024-05-01: the rows are of another definition" in line


def test_each_builds_what_one_build_would_by_pieces_and_show_says_what_is_where_until_it_is_through(
    built: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = ("s", "--each", "day", "--start", "2024-05-01", "--end", "2024-05-04", "--set", "WINDOW=14d")
    killed_after(monkeypatch, 2)
    assert built.run("build", *each).code == 1
    held = built.run("show", "s", "--json").document["definitions"]
    assert [(one["version"], one["dates"]) for one in held] == [
        (0, ["2024-05-03"]),
        (2, ["2024-05-01", "2024-05-02"]),
    ]
    monkeypatch.undo()
    ran = built.run("build", *each, "--json")
    assert ran.code == 0, ran.err
    assert [line.rpartition(": ")[0] for line in ran.problems] == [
        "s: 2024-05-01: built before the stop, version 1",
        "s: 2024-05-02: built before the stop, version 2",
        "s: 2024-05-03: published, version 3",
    ]
    document = ran.document
    assert (document["status"], document["version"], document["rows"]) == ("published", 3, 3)
    assert document["parity"] == {"rows": 3, "mismatches": 0}
    assert [piece["version"] for piece in document["pieces"]] == [1, 2, 3]
    assert views(built) == FOURTEEN
    assert len(built.run("show", "s", "--json").document["definitions"]) == 1
    assert built.run("build", *each, "--json").document["status"] == "unchanged"


def killed_after(monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    """The process dies, as far as the third piece is concerned, before it does anything."""
    from skewless.runs.build.each import each

    build_slice, built = each.build_slice, []

    def dying(*arguments: Any, **options: Any) -> Any:
        if len(built) == pieces:
            raise RuntimeError("killed")
        built.append(1)
        return build_slice(*arguments, **options)

    monkeypatch.setattr(each, "build_slice", dying)


def test_new_columns_are_null_and_old_ones_stay_until_the_last_piece(built: Project) -> None:
    """By a definition with a feature more, day by day, and back again by a whole range of it."""
    each = ("--set", SECOND, "--allow-mixed")
    before = [field for field in schema(built) if field != "event_date"]
    built.built("s", "--date", "2024-05-01", *each)
    assert set(schema(built)) == {*before, "halved", "event_date"}
    assert {row["k"]: row["halved"] for row in built.rows("s")} == {0: 3.0, 1: None, 2: None}
    ran = built.run("build", "s", "--each", "day", "--set", SECOND, "--json")
    assert ran.code == 0, ran.err
    assert schema(built) == ran.document["columns"]
    assert {row["k"]: row["halved"] for row in built.rows("s")} == {0: 3.0, 1: 2.5, 2: 2.0}
    assert built.run("build", "s", "--each", "day", "--json").document["status"] == "published"
    assert schema(built) == [*before, "event_date"]


def test_a_piece_of_a_mixed_table_is_rebuilt_and_served_by_its_own_columns(built: Project) -> None:
    built.built("s", "--date", "2024-05-01", "--set", SECOND, "--allow-mixed")
    rebuilt = built.run("rebuild", "s", "--version", "1", "--set", SECOND, "--json")
    assert (rebuilt.code, rebuilt.document["identical"]) == (0, True)


def test_a_column_of_another_type_is_refused_while_rows_of_the_old_one_stay(built: Project) -> None:
    third = ("--set", "FEATURES=tests.helpers.third_definition", "--allow-mixed")
    (line,) = built.run("build", "s", "--date", "2024-05-01", *third).problems
    assert "column 'doubled' is bigint in the rows that stay and would be string in those of this run" in line
    assert built.built("s", *third)["version"] == 1


def test_rows_without_a_t_are_of_the_last_whole_build_and_a_piece_of_their_own(
    spark: SparkSession, tmp_path: Path
) -> None:
    project = project_of(tmp_path, spark)
    project.table("labels", "k INT, t TIMESTAMP, y INT", "(0, '2024-05-01 12:00:00Z', 0)", "(1, NULL, 1)",
                  "(2, '2024-05-03 12:00:00Z', 2)")  # fmt: skip
    project.built("s")
    ranged = ("build", "s", "--start", "2024-05-01", "--end", "2024-05-04", "--set", "WINDOW=14d")
    (line,) = project.run(*ranged).problems
    assert "rows without a T: the rows are of another definition" in line
    assert line.endswith("with skewless build s --each month, or publish beside them with --allow-mixed")
    ran = project.run("build", "s", "--each", "day", "--set", "WINDOW=14d", "--json")
    assert ran.code == 0, ran.err
    assert [(piece["start"], piece["rows"]) for piece in ran.document["pieces"]] == [
        (None, 1), ("2024-05-03T00:00:00+00:00", 1), (None, 1),
    ]  # fmt: skip
    assert len(project.run("show", "s", "--json").document["definitions"]) == 1
    assert {row["k"] for row in project.rows("s")} == {0, 1, 2}
    last = project.run("rebuild", "s", "--version", "3", "--set", "WINDOW=14d", "--json").document
    assert (last["rows"], last["identical"]) == (1, True)


def test_pieces_that_fail_do_not_keep_the_others_and_decide_the_exit_code(
    spark: SparkSession, tmp_path: Path
) -> None:
    project = project_of(tmp_path, spark)
    failing = ("--set", "FEATURES=tests.helpers.failing_definition")
    ran = project.run("build", "s", "--each", "day", *failing, "--result", str(tmp_path / "result.json"))
    assert ran.code == 2
    assert ran.problems[-1].startswith("skewless: s: 2024-05-02: feature 'no_fives': ")
    assert {row["k"] for row in project.rows("s")} == {0, 2}
    assert json.loads((tmp_path / "result.json").read_text())["exit_code"] == 2
    again = project.run("build", "s", "--each", "day", *failing)
    assert [line.split(": ")[2].split(",")[0] for line in again.problems[:3]] == [
        "built before the stop", "refused", "built before the stop",
    ]  # fmt: skip


def test_a_restored_version_brings_its_definitions_back(built: Project, spark: SparkSession) -> None:
    built.built("s", "--start", "2024-05-01", "--end", "2024-05-04", "--set", "WINDOW=14d")
    spark.sql(f"RESTORE TABLE delta.`{built.warehouse / 's'}` TO VERSION AS OF 0")
    assert built.run("build", "s", "--date", "2024-05-03", "--set", "WINDOW=14d").code == 2
    assert built.built("s", "--date", "2024-05-03")["status"] == "unchanged"


def schema(project: Project) -> list[str]:
    made = [commit["metaData"] for commit in project.commits("s") if "metaData" in commit]
    return [field["name"] for field in json.loads(made[-1]["schemaString"])["fields"]]
