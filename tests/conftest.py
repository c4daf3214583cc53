"""One small Spark session for every test: UTC, two shuffle partitions, no UI."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.helpers.project import Delays, Project, delays_in

ROOT = Path(__file__).parent.parent
FAULTS = ROOT / "tests" / "faults"
SHARED = re.compile(r"\b(delays|served): (?:Delays|Project)\b")
"""Projects that many files look at, each made by a build: once, if one process runs those files."""

settings.register_profile("deterministic", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("deterministic")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a Spark session and what looks for faults: `make test-fast` and `make test` leave it out."""
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()):
            item.add_marker("spark")
        if FAULTS in item.path.parents and item.get_closest_marker("share") is None:
            item.add_marker("fault")


class ByProject(LoadScopeScheduling):  # type: ignore[misc]
    """A file's tests run in one process, as with `--dist loadfile`, and so do all files that share a project."""

    def _split_scope(self, nodeid: str) -> str:
        return project_of(nodeid.partition("::")[0])


@cache
def project_of(file: str) -> str:
    """The shared project that a file's tests ask for, or the file."""
    asked = set(SHARED.findall((ROOT / file).read_text(encoding="utf-8")))
    return min(asked, default=file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return ByProject(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    from delta import configure_spark_with_delta_pip
    from pyspark.sql import SparkSession

    from skewless.lake.jvm.callers import DELTA_CATALOG, DELTA_EXTENSION

    os.environ["PYSPARK_PYTHON"] = sys.executable
    warehouse = tmp_path_factory.mktemp("warehouse")
    builder = (
        SparkSession.builder.master("local[2]")
        .appName("skewless tests")
        .config("spark.sql.extensions", DELTA_EXTENSION)
        .config("spark.sql.catalog.spark_catalog", DELTA_CATALOG)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", str(warehouse))
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "FATAL")
        .config("spark.driver.memory", "2g")
        # Delta reads its log with 50 tasks unless told otherwise; the tables here have a handful of commits.
        .config("spark.databricks.delta.snapshotPartitions", "1")
        # Every test plans many small queries: compiling each, or its expressions, costs more than running it.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        # What a query's page shows in Spark's UI, which is off; "formatted" goes through each plan once more.
        .config("spark.sql.ui.explainMode", "simple")
        .config("spark.python.sql.dataFrameDebugging.enabled", "false")
        # The JVM's second compiler never pays off here: it took a third of all work. The first alone would have a cache
        # of 48 MB, which fills up. No pause of the collector matters.
        .config(
            "spark.driver.extraJavaOptions",
            "-XX:+UseParallelGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m "
            f"-Dderby.system.home={warehouse}",
        )
    )
    session = configure_spark_with_delta_pip(builder).getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def warehouse(tmp_path: Path) -> str:
    """A place for this test's tables."""
    return str(tmp_path / "warehouse")


@pytest.fixture(scope="session")
def delays(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Delays:
    project = delays_in(tmp_path_factory.mktemp("delays"), spark)
    result, report, metrics = (
        project.root / "out" / name for name in ("result.json", "report.html", "m.prom")
    )
    places = ["--result", str(result), "--report", f"file://{report}", "--metrics", str(metrics)]
    ran = project.run("build", "delays", "--json", *places)
    assert ran.code == 0, ran.err
    return Delays(project, ran, json.loads(result.read_text()), report.read_text(), metrics.read_text())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without Spark, for what is refused before anything runs."""
    return Project(tmp_path)


@pytest.fixture(scope="session")
def served(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Label events with a log of what was served; each test gives its training set a name of its own."""
    from tests.helpers.served import served_in  # which is made of projects

    return served_in(tmp_path_factory.mktemp("served"), spark)
