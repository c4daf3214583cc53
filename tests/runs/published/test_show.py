"""`skewless show`: versions, refused runs and manifests, also after a suite has refused a run."""

from __future__ import annotations

import json
import shutil

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Delays, Project, Ran

BAD = """
    {"name": "bad", "expectations": [
      {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "late", "value_set": [0]}},
      {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "dest"}, "severity": "warning"}]}
"""


@pytest.fixture(scope="module")
def refused(delays: Delays) -> Ran:
    """A run over the standing table that its suite refuses."""
    delays.project.conf({"expectations/bad.json": BAD})
    return delays.project.run("build", "delays", "--json", "--set", "SUITE=bad")


def test_a_failing_suite_is_exit_code_3_and_publishes_nothing(delays: Delays, refused: Ran) -> None:
    assert refused.code == 3
    assert refused.document["status"] == "rejected"
    assert refused.document["version"] is None
    assert refused.document["expectations"] == {"evaluated": 2, "failed": 2}
    assert len(delays.project.commits("delays")) == 1


def test_the_rejected_rows_are_kept_as_a_table_where_the_result_says(delays: Delays, refused: Ran) -> None:
    place = refused.document["rejected_path"].removeprefix(f"{delays.project.warehouse}/")
    rows = delays.project.rows(place)
    assert sorted(row["flight"] for row in rows) == [1, 1, 2, 3, 4]
    assert list(rows[0]) == refused.document["columns"]


def test_nothing_staged_is_left_after_a_refusal(delays: Delays, refused: Ran) -> None:
    assert refused.code == 3
    assert not list((delays.project.warehouse / "delays_staging").glob("*"))


def test_a_first_build_that_is_refused_leaves_no_table_and_a_summary_that_names_why(
    delays: Delays, refused: Ran
) -> None:
    delays.project.conf(
        {
            "training_sets/first.yml": """
                name: first
                labels:
                  source: ${WAREHOUSE}/labels
                  entity_keys: [flight]
                  event_timestamp: predict_at
                  label_columns: [late]
                output: ${WAREHOUSE}/first
                expectations: bad
            """
        }
    )
    ran = delays.project.run("build", "first")
    assert ran.code == 3
    assert not (delays.project.warehouse / "first" / "_delta_log").exists()
    assert "nothing published" in ran.out
    assert "expect_column_values_to_be_in_set" in ran.out
    assert "late where " in ran.out
    assert "1 different value: --show-rows" in ran.out
    assert str(delays.project.warehouse / "first_rejected") in ran.out


def test_versions_and_refused_runs_are_listed(delays: Delays, refused: Ran) -> None:
    ran = delays.project.run("show", "delays", "--json")
    assert ran.code == 0
    document = ran.document
    assert document["training_set"] == "delays"
    assert [(item["version"], item["run_id"]) for item in document["versions"]] == [
        (0, delays.ran.document["run_id"])
    ]
    assert refused.document["run_id"] in [item["run_id"] for item in document["refused"]]


def test_the_list_for_a_person_names_each_run(delays: Delays, refused: Ran) -> None:
    ran = delays.project.run("show", "delays")
    (line,) = [each for each in ran.out.splitlines() if each.startswith("  column        weather__temp ")]
    assert line.split()[2:5] == ["double", "40.00%", "null"]
    assert line.endswith("temp of the newest row of weather visible at T, at most 3 hours old")
    assert ran.code == 0
    assert delays.ran.document["run_id"] in ran.out
    assert refused.document["run_id"] in ran.out
    assert "expect_column_values_to_be_in_set" in ran.out


def test_one_versions_manifest_is_shown(delays: Delays) -> None:
    ran = delays.project.run("show", "delays", "--version", "0", "--json")
    committed = json.loads(delays.project.commits("delays")[0]["commitInfo"]["userMetadata"])
    assert committed.items() <= ran.document.items()
    assert ran.document["version"] == 0
    assert json.loads(delays.project.run("show", "delays", "--version", "0").out) == ran.document


def test_a_version_that_is_not_there_is_refused(delays: Delays) -> None:
    ran = delays.project.run("show", "delays", "--version", "7", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "no version 7" in ran.err
    assert "there are 0" in ran.err


def test_manifests_outlive_the_log(
    delays: Delays, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Delta forgets old commits in time: what is beside the table still says what they were made from."""
    root = tmp_path_factory.mktemp("forgotten")
    copy = Project(root, spark)
    shutil.copytree(delays.project.root / "conf", root / "conf")
    shutil.copytree(
        delays.project.warehouse / "delays" / "_skewless", copy.warehouse / "delays" / "_skewless"
    )
    ran = copy.run("show", "delays", "--json")
    assert [item["version"] for item in ran.document["versions"]] == [0]


def test_a_training_set_never_built_has_no_versions(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, delays: Delays
) -> None:
    copy = Project(tmp_path_factory.mktemp("unbuilt"), spark)
    shutil.copytree(delays.project.root / "conf", copy.root / "conf")
    ran = copy.run("show", "delays", "--json")
    assert (ran.code, ran.document["versions"], ran.document["refused"]) == (0, [], [])
    (copy.warehouse / "delays" / "_delta_log").mkdir(
        parents=True
    )  # as a first publication that died leaves it
    assert copy.run("show", "delays", "--json").document == ran.document
