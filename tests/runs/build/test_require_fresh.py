"""`require_fresh`: a build that comes before its inputs ends with exit code 5, and the same one later succeeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from skewless import build_frame
from tests.helpers.project import Project

TABLE = "{{name: {0}, source: '${{WAREHOUSE}}/{0}', entity_keys: [k], event_timestamp: at, delay: 0s{1}}}"
SET = """
    name: {0}
    labels: {{source: '${{WAREHOUSE}}/labels', entity_keys: [k], event_timestamp: t, label_columns: [y]}}
    feature_tables: [{1}]
    output: ${{WAREHOUSE}}/{0}
    parity_sample: 0
    {2}
"""
COLUMNS = "k INT, at TIMESTAMP, v INT"
DAY = ("--date", "2024-03-01", "--as-of", "2024-03-02T09:00:00Z")


@pytest.fixture(scope="module")
def nightly(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Label events of 1 March, and tables whose newest row is of that evening, of that noon, of never."""
    project = Project(tmp_path_factory.mktemp("nightly"), spark)
    project.table("labels", "k INT, t TIMESTAMP, y INT", "(1, '2024-03-01 10:00:00Z', 1)")
    project.table("evening", COLUMNS, "(1, '2024-03-01 20:00:00Z', 1)")
    project.table("noon", COLUMNS, "(1, '2024-03-01 12:00:00Z', 1)", "(1, '2024-03-02 08:00:00Z', 2)")
    project.table("never", COLUMNS)
    project.table("planes", "k INT, seats INT", "(1, 100)")
    for name in ("evening", "noon", "never"):
        project.conf({f"feature_tables/{name}.yml": TABLE.format(name, "")})
    planes = "{name: planes, source: '${WAREHOUSE}/planes', entity_keys: [k], static: true}"
    return project.conf({"feature_tables/planes.yml": planes})


def asking(project: Project, name: str, tables: str, rest: str = "require_fresh: 6h") -> Project:
    return project.conf({f"training_sets/{name}.yml": SET.format(name, tables, rest)})


WAITING = [
    "skewless: feature table 'noon': require_fresh 6h needs a row of 2024-03-01T17:59:59.999999Z or later that is "
    "visible at 2024-03-01T23:59:59.999999Z; the newest is of 2024-03-01T12:00:00Z (available "
    "2024-03-01T12:00:00Z); run again when it has landed",
    "skewless: feature table 'never': require_fresh 6h needs a row of 2024-03-01T17:59:59.999999Z or later that is "
    "visible at 2024-03-01T23:59:59.999999Z; there is none at all; run again when it has landed",
]


def test_all_tables_that_are_not_fresh_are_told_together_and_nothing_else_is_written(
    nightly: Project, tmp_path: Path
) -> None:
    tables = "evening, noon, {table: noon, as: again}, never, planes"
    result = tmp_path / "result.json"
    ran = asking(nightly, "waiting", tables).run("build", "waiting", *DAY, "--json", "--result", str(result))
    assert (ran.code, ran.out, ran.problems) == (5, "", WAITING)
    assert json.loads(result.read_text()) == {
        "errors": [line.removeprefix("skewless: ") for line in WAITING],
        "exit_code": 5,
    }
    assert not list(nightly.warehouse.glob("waiting*"))


def test_a_table_that_lands_later_is_built_from_then_on(nightly: Project) -> None:
    nightly.table("landing", COLUMNS, "(1, '2024-03-01 09:00:00Z', 1)")
    nightly.conf({"feature_tables/landing.yml": TABLE.format("landing", ", require_fresh: 6h")})
    asking(nightly, "patient", "evening, landing", "")
    assert nightly.run("build", "patient", *DAY).code == 5
    nightly.table("landing", COLUMNS, "(1, '2024-03-01 09:00:00Z', 1)", "(1, '2024-03-01 23:00:00Z', 2)")
    assert nightly.built("patient", *DAY)["rows"] == 1


def test_a_tables_own_length_stands_before_that_of_the_training_set(nightly: Project) -> None:
    table = TABLE.format("rare", ", require_fresh: 12h").replace("}/rare", "}/noon")
    asking(nightly.conf({"feature_tables/rare.yml": table}), "patience", "rare")
    assert nightly.built("patience", *DAY)["rows"] == 1


def test_inputs_that_are_not_ready_are_told_before_label_events_that_are_not_there(nightly: Project) -> None:
    ran = asking(nightly, "early", "never").run("build", "early", "--date", "2031-01-01")
    assert ran.code == 5


def test_the_key_decides_no_value_so_that_the_same_rows_are_unchanged(nightly: Project) -> None:
    assert asking(nightly, "same", "evening", "").built("same", *DAY)["status"] == "published"
    assert asking(nightly, "same", "evening").built("same", *DAY)["status"] == "unchanged"


def test_a_plan_tells_what_is_not_ready_and_ends_well(nightly: Project) -> None:
    asking(nightly, "planned", "evening, noon, planes")
    ran = nightly.run("build", "planned", *DAY, "--explain", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.document["ready"] is False
    assert {name: table["fresh"] for name, table in ran.document["feature_tables"].items()} == {
        "evening": {
            "require_fresh": "6h",
            "since": "2024-03-01T17:59:59.999999Z",
            "visible_at": "2024-03-01T23:59:59.999999Z",
            "ready": True,
            "problem": None,
        },
        "noon": {
            "require_fresh": "6h",
            "since": "2024-03-01T17:59:59.999999Z",
            "visible_at": "2024-03-01T23:59:59.999999Z",
            "ready": False,
            "problem": WAITING[0].removeprefix("skewless: "),
        },
        "planes": None,
    }
    lines = nightly.run("build", "planned", *DAY, "--explain").out.splitlines()
    assert f"  NOT READY     {WAITING[0].removeprefix('skewless: ')}" in lines


def test_a_notebook_does_not_wait(nightly: Project, spark: SparkSession) -> None:
    asking(nightly, "explored", "never")
    frame = build_frame(
        spark,
        "explored",
        conf_dir=str(nightly.root / "conf"),
        settings={"WAREHOUSE": str(nightly.warehouse)},
    )
    assert frame.count() == 1
