"""`skewless check --tables`: what no file alone can tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Project

TABLE = "{{name: {name}, source: '${{WAREHOUSE}}/{name}', entity_keys: [k], event_timestamp: at, delay: 1h}}"
SET = """
    name: {name}
    labels: {{source: '${{WAREHOUSE}}/labels', entity_keys: [k], event_timestamp: t, label_columns: [{label}]}}
    feature_tables: [a]
    output: ${{WAREHOUSE}}/{name}
"""


@pytest.fixture(scope="module")
def project(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("checked"), spark).conf(
        {
            "feature_tables/a.yml": TABLE.format(name="a"),
            "training_sets/s.yml": SET.format(name="s", label="y"),
        }
    )
    project.table("labels", "k INT, t TIMESTAMP, y INT")
    return project.table("a", "k INT, at TIMESTAMP, v DOUBLE")


def test_tables_that_fit_are_said_to_be_sound(project: Project) -> None:
    ran = project.run("check", "--tables", "--json")
    assert (ran.code, ran.document["training_sets"]) == (0, ["s"]), ran.err


def test_problems_of_tables_stand_beside_those_of_files_and_modules(project: Project, tmp_path: Path) -> None:
    files = {
        "feature_tables/a.yml": TABLE.format(name="a").replace("event_timestamp: at", "event_timestamp: aat"),
        "feature_tables/unused.yml": TABLE.format(name="nowhere").replace("name: nowhere", "name: unused"),
        "training_sets/s.yml": SET.format(name="s", label="yy"),
        "training_sets/t.yml": SET.format(name="t", label="y"),
        "training_sets/u.yml": SET.format(name="u", label="y").replace("output", "outptu"),
    }
    other = Project(tmp_path, project.spark)
    other.conf({name: text.replace("${WAREHOUSE}", str(project.warehouse)) for name, text in files.items()})
    ran = other.run("check", "--tables")
    assert (ran.code, ran.out) == (2, ""), ran.err
    lines = [line.removeprefix("skewless: ") for line in ran.problems]
    [line] = [line for line in lines if line.startswith("feature table 'a': ")]
    assert "no column 'aat'" in line
    assert any(line.startswith("training set 's': ") and "yy" in line for line in lines), lines
    assert any(line.startswith("feature table 'unused': no Delta table at path") for line in lines)
    assert any("u.yml" in line and "outptu" in line for line in lines)
    assert not any(line.startswith("training set 't'") for line in lines)
