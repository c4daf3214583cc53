"""A suite of a published version: of its rows and those beside them, and the version passes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from skewless.ground.instants import literal
from skewless.lake.session import private_session
from skewless.lake.sources import read_version
from skewless.parts.validation import validate
from tests.helpers.project import Project
from tests.helpers.published import NAME, manifest_of, publish

NEW_YEAR = datetime(2024, 1, 1, tzinfo=timezone.utc)
SECOND = NEW_YEAR + timedelta(days=1)
CONF = f"""
    name: {NAME}
    labels:
      source: ${{WAREHOUSE}}/labels
      entity_keys: [origin]
      event_timestamp: predict_at
      label_columns: [late]
    output: ${{WAREHOUSE}}/{NAME}
    expectations: {NAME}
"""


def rows(days: Sequence[int]) -> pa.Table:
    """48 label events a day; on the second day the weather is missing in half of them."""
    ats = [NEW_YEAR + timedelta(days=day, minutes=30 * place) for day in days for place in range(48)]
    temp = [None if at >= SECOND and at.minute else at.hour * 1.5 for at in ats]
    return pa.table(
        {
            "origin": ["EWR", "JFK"] * (len(ats) // 2),
            "predict_at": pa.array(ats, pa.timestamp("us", "UTC")),
            "late": pa.array([0, 0, 1, 0] * (len(ats) // 4), pa.int32()),
            "weather__temp": pa.array(temp, pa.float64()),
            "weather__ratio": pa.array([float("nan"), 1.0] * (len(ats) // 2)),
            "weather__sky": ["clear"] * len(ats),
            "planes__price": pa.array([Decimal(at.hour) / 4 for at in ats], pa.decimal128(9, 2)),
            "planes__tags": pa.array([["a"], None] * (len(ats) // 2), pa.list_(pa.string())),
            "is_hot": pa.array([at.hour > 12 for at in ats]),
            "event_date": pa.array([at.date() for at in ats]),
        }
    )


@pytest.fixture(scope="module")
def project(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("suite"), spark).conf({f"training_sets/{NAME}.yml": CONF})
    manifest = manifest_of(rows([0]).column_names, event_timestamp="predict_at", entity_keys=["origin"])
    manifest |= {"as_of": "2025-01-01T00:00:00+00:00", "start": SECOND.isoformat(), "end": None}
    publish(project.warehouse / NAME, rows([0, 1]), manifest)
    return project


@pytest.fixture(scope="module")
def drafted(project: Project) -> dict[str, Any]:
    """Also where the configuration names the suite already, whose file is not there yet."""
    ran = project.run("init-suite", NAME, "--json")
    assert ran.code == 0, ran.err
    return ran.document


def kwargs(drafted: dict[str, Any], kind: str, column: str) -> dict[str, Any]:
    [found] = [
        item["kwargs"]
        for item in drafted["suite"]["expectations"]
        if item["type"] == f"expect_column_values_to_{kind}" and item["kwargs"]["column"] == column
    ]
    return {key: value for key, value in found.items() if key != "column"}


def test_the_rows_that_a_version_wrote_decide_beside_all_that_stand(drafted: dict[str, Any]) -> None:
    assert (drafted["training_set"], drafted["version"], drafted["rows"]) == (NAME, 0, 96)
    # A quarter of all is null, half of the second day.
    assert kwargs(drafted, "not_be_null", "weather__temp") == {"mostly": 0.2}
    assert kwargs(drafted, "be_between", "weather__temp") == {"min_value": 0.0, "max_value": 60.0}
    assert kwargs(drafted, "be_in_set", "weather__sky")["value_set"] == ["clear"]
    assert kwargs(drafted, "be_in_set", "late") == {"value_set": [0, 1]}
    assert drafted["proposed"]["ranges"] == ["weather__temp", "planes__price"]


def test_the_version_itself_passes_all_of_it(
    spark: SparkSession, project: Project, drafted: dict[str, Any]
) -> None:
    suite = json.dumps(drafted["suite"])
    own = private_session(spark)
    staged = read_version(own, str(project.warehouse / NAME), 0)
    staged = staged.where(staged["predict_at"] >= literal(SECOND))
    verdict = validate(staged, suite, {"label_events": 48})
    assert (verdict.evaluated, verdict.failures) == (len(drafted["suite"]["expectations"]), ())


def test_a_file_is_written_once_and_the_summary_says_what_is_in_it(project: Project) -> None:
    target = project.root / "conf" / "expectations" / f"{NAME}.json"
    ran = project.run("init-suite", NAME, "--to", str(target))
    assert ran.code == 0, ran.err
    assert f"{NAME}: a suite in {target} from version 0, 96 rows, 48 of them its own" in ran.out
    assert "  ranges       2 columns" in ran.out
    assert project.run("check").code == 0
    again = project.run("init-suite", NAME, "--to", str(target))
    assert (again.code, again.problems) == (
        2,
        [f"skewless: --to {target}: is there already; give another file, or remove it"],
    )


def test_another_version_than_there_is_is_refused(project: Project) -> None:
    ran = project.run("init-suite", NAME, "--version", "7")
    assert (ran.code, ran.problems) == (
        2,
        [f"skewless: training set '{NAME}': no version 7 of skewless; there are 0"],
    )
