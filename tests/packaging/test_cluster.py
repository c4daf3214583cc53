"""A build submitted to a standalone master and two workers, whose Python knows neither skewless nor the features."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.helpers.cluster import Cluster, standalone_cluster
from tests.helpers.environments import ROOT, SMALL, empty_environment, lend_libraries
from tests.helpers.frames import at, collected, delta

pytestmark = pytest.mark.slow

FILES = {
    "mycompany/fraud.py": """
        from skewless.serving import errors
        from mycompany.limits import LIMIT
        from rates import in_euros as _in_euros

        def euros(amount: float) -> float:
            return _in_euros(amount)

        def is_large(euros: float, r__v: int | None) -> bool:
            return euros > LIMIT and r__v is not None

        def file_of_features(amount: float | None) -> str:
            return __file__

        def file_of_skewless(amount: float | None) -> str:
            return errors.__file__
        """,
    "mycompany/limits.py": "LIMIT = 100",
    "rates.py": """
        def in_euros(amount: float) -> float:
            return amount / 2
        """,
    "conf/feature_tables/r.yml": """
        name: r
        source: ${WAREHOUSE}/r
        entity_keys: [k]
        event_timestamp: at
        delay: 1m
        columns: [v]
        aggregations:
          - {name: mean_1h, function: mean, column: v, window: 1h}
        """,
    "conf/training_sets/fraud.yml": """
        name: fraud
        labels:
          source: ${WAREHOUSE}/labels
          entity_keys: [k]
          event_timestamp: t
          label_columns: [y]
        feature_tables: [r]
        features: mycompany.fraud
        parity_sample: 0    # two of the functions say where they run, which no audit accepts
        output: ${WAREHOUSE}/fraud
        """,
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path_factory.mktemp("cluster"), workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the libraries that a platform brings, and without skewless."""
    python = empty_environment(tmp_path_factory.mktemp("platform"))
    lend_libraries(python)
    return python


@pytest.fixture(scope="module")
def project(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of a submit: configuration, feature modules, one script, and a warehouse."""
    root = tmp_path_factory.mktemp("project")
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(dedent(text))
    (root / "scripts").mkdir()
    shutil.copy(ROOT / "jobs" / "build_training_set.py", root / "scripts")
    labels = [("a", at("10:00"), 250.0, 1), ("a", at("10:01"), 150.0, 0), ("b", at("10:00"), None, 0)]
    delta(spark, str(root / "lake" / "labels"), "k string, t timestamp, amount double, y int", labels)
    history = [("a", at("09:00"), 2), ("a", at("09:30"), 4), ("a", at("10:00"), 9)]
    delta(spark, str(root / "lake" / "r"), "k string, at timestamp, v int", history)
    return root


def submitted(cluster: Cluster, project: Path, archive: Path, python: Path) -> list[str]:
    """The lines that the build prints, which has to succeed."""
    conf = ["--properties-file", str(ROOT / "conf" / "spark" / "cluster.conf"), "--py-files", str(archive)]
    for name, value in SMALL.items():
        conf += ["--conf", f"{name}={value}"]
    build = ["scripts/build_training_set.py", "fraud", "--set", f"WAREHOUSE={project}/lake"]
    ran = cluster.submit([*conf, *build, "--report", "fraud.html"], project, python)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def published(spark: SparkSession, project: Path) -> list[dict[str, Any]]:
    rows = collected(spark.read.format("delta").load(str(project / "lake" / "fraud")))
    return sorted(rows, key=lambda row: (row["k"], row["t"]))


def test_executors_get_skewless_from_py_files_and_features_from_the_working_directory(
    cluster: Cluster, python: Path, project: Path, wheel: Path, spark: SparkSession
) -> None:
    archive = wheel.with_suffix(".zip")
    shutil.copy(wheel, archive)
    said = submitted(cluster, project, archive, python)
    assert said[0].startswith("fraud: published version 0: 3 label events")
    assert (project / "fraud.html").exists()
    rows = published(spark, project)
    values = [(row["r__v"], row["r__mean_1h"], row["euros"], row["is_large"]) for row in rows]
    assert values == [(4, 3.0, 125.0, True), (9, 6.5, 75.0, False), (None, None, None, None)]
    # A worker's files lie in its working directory, a driver's in an absolute place.
    assert {re.sub("[0-9a-f]{16}", "…", row["file_of_features"]) for row in rows} == {
        "./skewless-code-….zip/mycompany/fraud.py"
    }
    assert {row["file_of_skewless"] for row in rows} == {f"./{archive.name}/skewless/serving/errors.py"}
