"""Rows of two definitions in one training set: refused by name, allowed on request, told of, and mended by `--each`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless.parts.publish import Output, SparkHistory, checksum, held_in, history_of, read_manifests
from skewless.runs.build import build
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
        parity_sample: 0
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


@pytest.fixture(scope="module")
def standing(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A whole build, which refused runs leave as it is."""
    project = project_of(tmp_path_factory.mktemp("standing"), spark)
    project.built("s")
    return project


def views(project: Project) -> dict[int, int]:
    return {row["k"]: row["clicks__views"] for row in project.rows("s")}


SEVEN, FOURTEEN = {0: 6, 1: 5, 2: 4}, {0: 12, 1: 12, 2: 11}
BEFORE = ["k", "t", "y", "clicks__views", "doubled", "event_date"]


def is_told_alike(project: Project) -> bool:
    """Whether delta-rs tells of the training set's commits what Spark tells, and something."""
    spark, place = project.spark, str(project.warehouse / "s")
    assert spark is not None
    by_spark = SparkHistory(spark, Output.at(spark, place))
    by_files = history_of(place, lambda: pytest.fail("Spark was asked for"))
    assert by_files.output.manifests == by_spark.output.manifests
    assert held_in(by_files) == held_in(by_spark) != []
    assert read_manifests(by_files, 2) == read_manifests(by_spark, 2)
    return read_manifests(by_files) == read_manifests(by_spark) != ([], [])


def test_a_day_by_another_window_is_refused_with_what_changed_the_dates_and_the_backfill(
    standing: Project,
) -> None:
    ran = standing.run("build", "s", "--date", "2024-05-03", "--set", "WINDOW=14d")
    assert (ran.code, ran.out) == (2, "")
    assert ran.problems == [
        "skewless: training set 's': 2024-05-01 to 2024-05-02: the rows are of another definition, that of version 0; "
        "changed since: aggregation 'clicks.views' (window 7d, now 14d); build them again too with skewless build s "
        "--each month --start 2024-05-01 --end 2024-05-04, or publish beside them with --allow-mixed"
    ]
    assert views(standing) == SEVEN
    assert len(standing.commits("s")) == 1


def test_a_run_that_is_overtaken_by_one_of_another_definition_tries_again(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are let through: the one because its day's rows would be the table's only ones, the other by what stands."""
    project = project_of(tmp_path, spark)
    project.built("s", "--date", DAYS[0])
    hashed = checksum

    def overtaken(rows: DataFrame) -> str:
        monkeypatch.setattr(build, "checksum", hashed)
        project.built("s", "--date", DAYS[0], "--set", "WINDOW=14d")
        return hashed(rows)

    monkeypatch.setattr(build, "checksum", overtaken)
    ran = project.run("build", "s", "--date", DAYS[1])
    assert ran.code == 5, ran.err
    assert ran.problems == [
        f"skewless: output '{project.warehouse}/s': another run published rows of another definition meanwhile "
        "(2024-05-01); nothing of this run is visible, run it again"
    ]
    assert views(project) == {0: 12}


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        (["DELAY=1h"], "feature table 'clicks' (delay 0s, now 1h)"),
        (
            [SECOND],
            "feature 'doubled' (module tests.helpers.first_definition, now tests.helpers.second_definition); "
            "feature 'halved' (new)",
        ),
        (
            ["WINDOW=8d", "DELAY=5m"],
            "feature table 'clicks' (delay 0s, now 5m); aggregation 'clicks.views' (window 7d, now 8d)",
        ),
    ],
    ids=["a delay", "a function", "both"],
)
def test_whatever_decides_a_value_is_named_before_anything_runs(
    standing: Project, settings: list[str], changed: str
) -> None:
    sets = [part for setting in settings for part in ("--set", setting)]
    (line,) = standing.run("build", "s", "--explain", "--date", "2024-05-01", *sets).problems
    assert f"changed since: {changed}; build" in line


def test_hours_of_a_day_hold_another_definition_only_with_rows_in_them(standing: Project) -> None:
    """The last label event is at noon of 3 May: the range ends there without it, or a microsecond later with it."""
    till = ("build", "s", "--explain", "--start", "2024-05-01T12:00", "--set", "WINDOW=14d", "--end")
    (line,) = standing.run(*till, "2024-05-03T12:00").problems
    assert "training set 's': 2024-05-03: the rows are of another definition" in line
    assert standing.run(*till, "2024-05-03T12:00:00.000001").code == 0


def test_a_column_of_another_type_is_refused_while_rows_of_the_old_one_stay(standing: Project) -> None:
    third = ("--set", "FEATURES=tests.helpers.third_definition", "--allow-mixed")
    (line,) = standing.run("build", "s", "--date", "2024-05-01", *third).problems
    assert "column 'doubled' is bigint in the rows that stay and would be string in those of this run" in line


@pytest.fixture(scope="module")
def mixed(standing: Project, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One day by a definition with a feature more; the tests below go on from there, in their order."""
    root = tmp_path_factory.mktemp("mixed")
    shutil.copytree(standing.root, root, dirs_exist_ok=True)
    project = Project(root, spark)
    ran = project.run("build", "s", "--date", "2024-05-03", "--set", SECOND, "--allow-mixed")
    assert ran.code == 0, ran.err
    assert "version 0: 2024-05-01 to 2024-05-02; this version: 2024-05-03" in ran.out
    return project


def test_allowed_rows_of_two_definitions_are_told_of_everywhere(mixed: Project, tmp_path: Path) -> None:
    held = "version 0: 2024-05-01 to 2024-05-02; version 1: 2024-05-03"
    dates = [["2024-05-01", "2024-05-02"], ["2024-05-03"]]
    shown = mixed.run("show", "s", "--json").document
    assert [each["dates"] for each in shown["definitions"]] == dates
    assert is_told_alike(mixed)
    text = mixed.run("show", "s").out
    assert held in text
    assert "from version 0 to 1: feature 'doubled' (module " in text
    assert [each["dates"] for each in shown["versions"][1]["definitions"]] == dates
    assert held in mixed.run("export", "s", "--to", str(tmp_path / "plan.json")).out


def test_new_columns_are_null_in_slices_not_built_again(mixed: Project) -> None:
    assert schema(mixed) == [*BEFORE[:-1], "event_date", "halved"]
    assert {row["k"]: row.get("halved") for row in mixed.rows("s")} == {0: None, 1: None, 2: 2.0}


def test_a_slice_of_a_mixed_table_is_rebuilt_by_its_own_columns(mixed: Project) -> None:
    rebuilt = mixed.run("rebuild", "s", "--version", "1", "--set", SECOND, "--json")
    assert (rebuilt.code, rebuilt.document["identical"]) == (0, True)


def test_the_older_definition_is_refused_beside_the_newer_one_too(mixed: Project) -> None:
    (line,) = mixed.run("build", "s", "--date", "2024-05-02").problems
    assert "2024-05-03: the rows are of another definition, that of version 1" in line


def test_each_goes_on_where_it_stopped_and_show_says_what_is_where_until_it_is_through(
    mixed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = ("build", "s", "--each", "day", "--start", "2024-05-01", "--end", "2024-05-04", "--set", SECOND)
    killed_after(monkeypatch, 1)
    assert mixed.run(*each).code == 1
    held = mixed.run("show", "s", "--json").document["definitions"]
    assert [one["dates"] for one in held] == [["2024-05-02"], ["2024-05-01", "2024-05-03"]]
    monkeypatch.undo()
    ran = mixed.run(*each, "--json")
    assert ran.code == 0, ran.err
    assert [line.rpartition(": ")[0] for line in ran.problems] == [
        "s: 2024-05-01: built before the stop, version 2",
        "s: 2024-05-02: published, version 3",
        "s: 2024-05-03: unchanged, version 3",
    ]
    document = ran.document
    assert (document["status"], document["version"], document["rows"]) == ("published", 3, 3)
    assert [piece["rows"] for piece in document["pieces"]] == [1, 1, 1]
    assert len(mixed.run("show", "s", "--json").document["definitions"]) == 1
    assert schema(mixed) == document["columns"] == [*BEFORE[:-1], "halved", "event_date"]
    assert {row["k"]: row["halved"] for row in mixed.rows("s")} == {0: 3.0, 1: 2.5, 2: 2.0}


def test_a_range_that_holds_all_standing_rows_needs_no_flag_and_columns_that_went_go(mixed: Project) -> None:
    ends = ("--start", "2024-05-01T12:00", "--end", "2024-05-03T12:00:00.000001")
    assert mixed.built("s", *ends, "--set", "WINDOW=14d")["version"] == 4
    assert views(mixed) == FOURTEEN
    assert schema(mixed) == BEFORE


def test_a_restored_version_brings_its_definition_back(mixed: Project, spark: SparkSession) -> None:
    spark.sql(f"RESTORE TABLE delta.`{mixed.warehouse / 's'}` TO VERSION AS OF 0")
    (line,) = mixed.run("build", "s", "--date", "2024-05-03", "--set", "WINDOW=14d").problems
    assert "2024-05-01 to 2024-05-02: the rows are of another definition, that of version 0" in line
    assert mixed.built("s", "--date", "2024-05-03")["status"] == "unchanged"
    assert is_told_alike(mixed)


def killed_after(monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    """The process dies, as far as later pieces are concerned, before it does anything."""
    from skewless.runs.build import build
    from skewless.runs.build.each import each

    built: list[int] = []

    def dying(*arguments: Any, **options: Any) -> Any:
        if len(built) == pieces:
            raise RuntimeError("killed")
        built.append(1)
        return build.build_slice(*arguments, **options)

    monkeypatch.setattr(each, "build_slice", dying)


def test_rows_without_a_t_are_of_the_last_whole_build_and_a_piece_of_their_own(
    spark: SparkSession, tmp_path: Path
) -> None:
    project = project_of(tmp_path, spark)
    labels = ("(0, '2024-05-01 12:00:00Z', 0)", "(1, NULL, 1)", "(2, '2024-05-03 12:00:00Z', 2)")
    project.table("labels", "k INT, t TIMESTAMP, y INT", *labels)
    project.built("s")
    ranged = ("build", "s", "--start", "2024-05-01", "--end", "2024-05-04", "--set", "WINDOW=14d")
    (line,) = project.run(*ranged).problems
    assert "rows without a T: the rows are of another definition" in line
    assert line.endswith("with skewless build s --each month, or publish beside them with --allow-mixed")
    ran = project.run("build", "s", "--each", "day", "--set", "WINDOW=14d", "--json")
    assert ran.code == 0, ran.err
    assert [(piece["start"], piece["rows"]) for piece in ran.document["pieces"]] == [
        (None, 1),
        ("2024-05-03T00:00:00+00:00", 1),
        (None, 1),
    ]
    assert len(project.run("show", "s", "--json").document["definitions"]) == 1
    assert is_told_alike(project)
    assert {row["k"] for row in project.rows("s")} == {0, 1, 2}


def test_pieces_that_fail_do_not_keep_the_others_and_decide_the_exit_code(
    spark: SparkSession, tmp_path: Path
) -> None:
    project = project_of(tmp_path, spark)
    days = ("--each", "day", "--start", DAYS[1], "--end", "2024-05-04")
    failing = ("build", "s", *days, "--set", "FEATURES=tests.helpers.failing_definition")
    ran = project.run(*failing, "--result", str(tmp_path / "result.json"))
    assert ran.code == 2
    assert ran.problems[-1].startswith("skewless: s: 2024-05-02: feature 'no_fives': ")
    assert {row["k"] for row in project.rows("s")} == {2}
    assert json.loads((tmp_path / "result.json").read_text())["exit_code"] == 2
    again = project.run(*failing)
    assert [line.split(": ")[2].split(",")[0] for line in again.problems[:2]] == [
        "refused",
        "built before the stop",
    ]


def schema(project: Project) -> list[str]:
    made = [commit["metaData"] for commit in project.commits("s") if "metaData" in commit]
    return [field["name"] for field in json.loads(made[-1]["schemaString"])["fields"]]
