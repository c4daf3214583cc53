"""J2 in whole builds: the row that a label event wrote itself, at T, is no feature of it unless a table says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Project, Ran

VISITS = ("(1, '2024-05-01 10:00:00', 0)", "(1, '2024-05-03 10:00:00', 1)", "(2, '2024-05-02 09:30:00', 1)")
"""A stream of visits, each also a label event: user, when, and how it ended."""
SPECS = {
    "nothing": "",
    "strict": "strict: true",
    "inclusive": "strict: false",
    "delay": "delay: 0s",
    "available": "available_at: at",
}


def project_of(root: Path, spark: SparkSession, time: str = "timestamp") -> Project:
    project = Project(root, spark).table("visits", f"user_id int, at {time}, bought int", *VISITS)
    tables = {
        f"feature_tables/{name}.yml": f"""
            name: {name}
            source: ${{WAREHOUSE}}/visits
            entity_keys: [user_id]
            event_timestamp: at
            columns: [bought]
            aggregations: [{{name: visits, function: count, window: 30d}}]
            {line}
        """
        for name, line in SPECS.items()
    }
    training_set = f"""
        name: churn
        labels:
          source: ${{WAREHOUSE}}/visits
          entity_keys: [user_id]
          event_timestamp: at
          label_columns: [bought]
        feature_tables: [{", ".join(SPECS)}]
        output: ${{WAREHOUSE}}/churn
    """
    return project.conf({**tables, "training_sets/churn.yml": training_set})


@pytest.mark.parametrize("time", ["timestamp", "date"])
def test_j2_a_label_event_does_not_join_its_own_row_unless_its_table_says_so(
    time: str, spark: SparkSession, tmp_path: Path
) -> None:
    project = project_of(tmp_path, spark, time)
    report, result = tmp_path / "report.html", tmp_path / "result.json"
    ran = project.run("build", "churn", "--report", str(report), "--result", str(result))
    assert ran.code == 0, ran.err
    built = json.loads(result.read_text())
    found = {
        (row["user_id"], row["bought"]): {name: row[f"{name}__bought"] for name in SPECS}
        for row in project.rows("churn")
    }
    others = dict.fromkeys(("inclusive", "delay", "available"))
    assert found == {
        (1, 0): {"nothing": None, "strict": None, **dict.fromkeys(others, 0)},
        (1, 1): {"nothing": 0, "strict": 0, **dict.fromkeys(others, 1)},
        (2, 1): {"nothing": None, "strict": None, **dict.fromkeys(others, 1)},
    }
    at_t = {name: use["at_t"] for name, use in built["feature_tables"].items()}
    assert at_t == {"nothing": 0, "strict": 0, **dict.fromkeys(others, 3)}
    assert built["parity"] == {"rows": 3, "mismatches": 0}
    assert all(
        row[f"{name}__visits"] == row["user_id"] % 2 * row["bought"]
        for row in project.rows("churn")
        for name in SPECS
    )
    said_of_rows_at_t(project, ran, report.read_text())


def said_of_rows_at_t(project: Project, ran: Ran, report: str) -> None:
    """Summary, report, manifest and plan say what was at T."""
    told = [line for line in ran.out.splitlines() if "exactly T" in line]
    assert [line.split("'")[1] for line in told] == ["inclusive", "delay", "available"]
    assert report.count("joined a row of exactly T") == 3
    manifest: dict[str, Any] = project.run("show", "churn", "--version", "0", "--json").document
    assert manifest["feature_tables"]["delay"]["at_t"] == 3
    strict = {table["name"]: table["strict"] for table in manifest["serving_plan"]["feature_tables"]}
    assert strict == {"nothing": True, "strict": True, "inclusive": False, "delay": False, "available": False}
