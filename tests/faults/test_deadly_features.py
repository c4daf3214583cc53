"""A feature that ends its process, or never comes back, is named with its label event, and nothing is published."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from skewless import FeatureSet
from skewless.parts.functions.arrow_pass import features_of_batch
from skewless.parts.functions.overrun import SETTING
from skewless.serving.errors import FeatureError
from tests.helpers.project import Project

SET = """
    name: deadly
    labels: {source: '${WAREHOUSE}/labels', entity_keys: [k], event_timestamp: t, label_columns: [y]}
    feature_tables: [facts]
    features: tests.helpers.deadly_features
    output: ${WAREHOUSE}/deadly
"""
FACTS = "{name: facts, source: '${WAREHOUSE}/facts', entity_keys: [k], event_timestamp: at, delay: 0s}"
LABEL_EVENT = (
    "inputs twice=5.0, facts__how='{how}'; label event k='c', t=datetime.datetime(2024, 1, 1, 10, 0, "
)


def deadly(project: Project, how: str) -> Project:
    """Label events of four entities, of which one has this fate."""
    fates = [("a", "none"), ("b", "none"), ("c", how), ("d", "none")]
    rows = [
        f"('{key}', '2024-01-01 09:00:00Z', {2.5 if fate == how else 1.0}, '{fate}')" for key, fate in fates
    ]
    return project.table("facts", "k STRING, at TIMESTAMP, v DOUBLE, how STRING", *rows)


@pytest.fixture(scope="module")
def project(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("deadly"), spark)
    labels = [f"('{key}', '2024-01-01 10:00:00Z', 1)" for key in "abcd"]
    project.table("labels", "k STRING, t TIMESTAMP, y INT", *labels)
    return project.conf({"training_sets/deadly.yml": SET, "feature_tables/facts.yml": FACTS})


def refusal(project: Project, tmp_path: Path) -> str:
    """The one line of a build that publishes nothing, on standard error and in its result."""
    ran = project.run("build", "deadly", "--json", "--result", str(tmp_path / "result.json"))
    assert (ran.code, ran.out) == (2, ""), ran.err
    [line] = [each for each in ran.problems if each.startswith("skewless: ")]
    result = json.loads((tmp_path / "result.json").read_text())
    assert result == {"errors": [line.removeprefix("skewless: ")], "exit_code": 2}
    assert not (project.warehouse / "deadly" / "_delta_log").exists()
    assert not list(project.warehouse.glob("deadly_staging/*"))
    return line.removeprefix("skewless: ")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        pytest.param("leave", "ended its process with exit code 0", marks=pytest.mark.share),
        ("abort", "crashed its process with SIGABRT"),
        ("interrupt", "raised KeyboardInterrupt"),
    ],
)
def test_a_feature_that_ends_its_worker_is_named(
    project: Project, tmp_path: Path, how: str, said: str
) -> None:
    """F6."""
    line = refusal(deadly(project, how), tmp_path)
    assert line.startswith(f"feature 'fate': {said}; {LABEL_EVENT.format(how=how)}")


@pytest.mark.share
@pytest.mark.parametrize(("how", "said"), [("exit", "SystemExit: 3"), ("hoard", "MemoryError")])
def test_an_end_that_python_can_catch_is_an_error_of_the_feature_in_its_worker(how: str, said: str) -> None:
    """F6: what the worker computes of a batch, called here; `on_error` is for exceptions alone."""
    features = FeatureSet.from_module("tests.helpers.deadly_features")
    values = {"facts__v": [1.0, 2.5], "facts__how": ["none", how]}
    inputs = {name: pa.array(values[name]) for name in features.inputs}
    with pytest.raises(
        FeatureError, match=f"feature 'fate': {said}; inputs twice=5.0, facts__how='{how}'; "
    ) as told:
        features_of_batch(features, inputs, {"k": pa.array(["b", "c"])}, 2, 60.0)
    assert "label event k='c'" in str(told.value)


@pytest.mark.share
def test_a_feature_that_never_comes_back_is_named(project: Project, tmp_path: Path) -> None:
    assert project.spark is not None
    project.spark.conf.set(SETTING, "2s")
    try:
        line = refusal(deadly(project, "loop"), tmp_path)
        assert line.startswith(f"feature 'fate': Overrun: did not come back within 2 s ({SETTING}); ")
        assert LABEL_EVENT.format(how="loop") in line
        project.spark.conf.set(SETTING, "soon")
        assert refusal(project, tmp_path).startswith(f"{SETTING}: ")
    finally:
        project.spark.conf.unset(SETTING)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        pytest.param("serving", "crashed its process with SIGABRT", marks=pytest.mark.share),
        ("serving for ever", "did not come back within 2 s"),
    ],
)
def test_a_feature_that_ends_servings_process_alone_is_named(
    project: Project, tmp_path: Path, how: str, said: str
) -> None:
    """The audit replays through serving: C code that looks at no signal is ended there too."""
    assert project.spark is not None
    project.spark.conf.set(SETTING, "2s")
    try:
        line = refusal(deadly(project, how), tmp_path)
    finally:
        project.spark.conf.unset(SETTING)
    assert line.startswith(f"parity audit: feature 'fate': {said}; {LABEL_EVENT.format(how=how)}")


def test_a_worker_that_a_feature_does_not_end_is_no_feature_s(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where functions come through when they run apart, the failure is told as it was."""
    monkeypatch.setattr("skewless.training_set.rows._fatal_call", lambda opened, spine: None)
    ran = deadly(project, "abort").run("build", "deadly")
    assert ran.code == 1
    assert "feature" not in ran.problems[-1]
