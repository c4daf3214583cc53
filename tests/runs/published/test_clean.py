"""`skewless clean`, on places made by hand as dead runs leave them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Project

SET = """
    name: s
    labels: {source: '${WAREHOUSE}/labels', entity_keys: [k], event_timestamp: t, label_columns: [y]}
    output: ${WAREHOUSE}/s
"""
OLD = "20240701T060000Z-1f0c93ab"


@pytest.fixture
def left(spark: SparkSession, tmp_path: Path) -> Project:
    project = Project(tmp_path, spark).conf({"training_sets/s.yml": SET})
    for place in (f"s_staging/{OLD}", f"s_rejected/{OLD}"):
        (project.warehouse / place).mkdir(parents=True)
        (project.warehouse / place / "part-0.parquet").write_bytes(b"x" * 1500)
    return project


def files_of(project: Project) -> set[str]:
    found = (path for path in project.warehouse.rglob("*") if path.is_file())
    return {str(path.relative_to(project.warehouse)) for path in found}


def test_a_dry_run_says_what_would_go_and_removes_nothing(left: Project) -> None:
    before = files_of(left)
    ran = left.run("clean", "s", "--dry-run", "--json")
    assert (ran.code, files_of(left)) == (0, before)
    document = ran.document
    assert (document["dry_run"], document["older_than"], document["bytes"]) == (True, "7d", 3000)
    assert [(each["kind"], each["bytes"]) for each in document["removed"]] == [
        ("staging", 1500),
        ("rejected", 1500),
    ]
    assert document["removed"][0]["since"] == "2024-07-01T06:00:00+00:00"


def test_what_is_left_is_removed_and_said_with_its_bytes(left: Project) -> None:
    assert left.run("clean", "s", "--older-than", "100000d").out.startswith("s: nothing older than 100000d")
    ran = left.run("clean", "s")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0] == "s: 2 removed, 3,000 bytes, older than 7d"
    assert f"1,500 bytes  {left.warehouse}/s_staging/{OLD}" in ran.out
    assert files_of(left) == set()


def test_a_place_that_is_somebody_elses_is_left_alone(left: Project) -> None:
    (left.warehouse / "s").mkdir()
    (left.warehouse / "s" / "photo.jpg").write_text("")
    ran = left.run("clean", "s")
    assert (ran.code, len(files_of(left))) == (2, 3)
    assert "did not make" in ran.err


def test_what_runs_of_score_left_is_removed_where_its_places_are_named(left: Project) -> None:
    for place in (f"a_staging/{OLD}", f"b_rejected/{OLD}", f"c_staging/{OLD}"):
        (left.warehouse / place).mkdir(parents=True)
        (left.warehouse / place / "part-0.parquet").write_bytes(b"x" * 100)
    scores = [option for name in "ab" for option in ("--scores", f"{left.warehouse}/{name}")]
    ran = left.run("clean", "s", *scores, "--json")
    removed = [(each["kind"], each["bytes"]) for each in ran.document["removed"]]
    assert removed == [("staging", 1500), ("rejected", 1500), ("staging", 100), ("rejected", 100)]
    assert files_of(left) == {f"c_staging/{OLD}/part-0.parquet"}


def test_a_place_of_scores_that_is_somebody_elses_is_refused_before_anything_goes(left: Project) -> None:
    (left.warehouse / "a").mkdir()
    (left.warehouse / "a" / "photo.jpg").write_text("")
    before = files_of(left)
    ran = left.run("clean", "s", "--scores", f"{left.warehouse}/a")
    assert (ran.code, files_of(left)) == (2, before)
    assert f"output '{left.warehouse}/a' holds" in ran.err
    assert left.run("clean", "s", "--scores", "a table").code == 2


def test_an_age_that_is_none_is_bad_usage(project: Project) -> None:
    ran = project.run("clean", "s", "--older-than", "soon")
    assert ran.code == 2
    assert "soon" in ran.err


def test_only_the_newest_versions_are_shown_where_that_is_asked(left: Project) -> None:
    """Of versions that Delta's log has forgotten, as their manifests beside the table tell."""
    folder = left.warehouse / "s" / "_skewless" / "manifests"
    folder.mkdir(parents=True)
    for version in range(1000):
        run = {"run_id": f"r{version}", "rows": 1, "as_of": "2024-07-01T06:00:00+00:00"}
        text = json.dumps({**run, "training_set": "s", "start": None, "end": None})
        (folder / f"{version:020d}.json").write_text(text)
    shown = left.run("show", "s", "--limit", "2", "--json").document
    assert [each["version"] for each in shown["versions"]] == [998, 999]
    assert len(left.run("show", "s", "--json").document["versions"]) == 1000
    assert "version 999" in left.run("show", "s", "--limit", "1").out
