"""A feature that ends its worker while records are recomputed is named, as in a build."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from skewless.parts.log.table import OWNER, RECORDS
from tests.helpers.project import Project

SET = """
    name: deadly
    labels: {source: '${WAREHOUSE}/labels', entity_keys: [k], event_timestamp: t, label_columns: [y]}
    feature_tables: [facts]
    features: tests.helpers.deadly_features
    output: ${WAREHOUSE}/deadly
"""
FACTS = "{name: facts, source: '${WAREHOUSE}/facts', entity_keys: [k], event_timestamp: at, delay: 0s}"


@pytest.fixture(scope="module")
def project(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Records of three entities, of which one ends whatever computes it."""
    project = Project(tmp_path_factory.mktemp("deadly"), spark)
    project.conf({"training_sets/deadly.yml": SET, "feature_tables/facts.yml": FACTS})
    project.table("labels", "k STRING, t TIMESTAMP, y INT")
    facts = [f"('{key}', '2024-01-01 09:00:00Z', {v}, '{how}')" for key, v, how in FATES]
    project.table("facts", "k STRING, at TIMESTAMP, v DOUBLE, how STRING", *facts)
    moment = "TIMESTAMP '2024-01-01 10:00:00Z' AS event_timestamp, DATE '2024-01-01' AS event_date"
    records = [
        f"SELECT 'r{key}' AS record_id, 'web' AS host, '7' AS model_version, {moment}, "
        f"named_struct('k', '{key}') AS entity, "
        f"named_struct('twice', {v * 2}D, 'fate', {v * 2}D) AS features, CAST(NULL AS STRING) AS types"
        for key, v, _ in FATES
    ]
    path = str(project.warehouse / "log")
    spark.sql(" UNION ALL ".join(records)).coalesce(1).write.format("delta").save(path)
    spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('{OWNER}' = '{RECORDS}')")
    return project


FATES = [("a", 1.0, "none"), ("b", 2.5, "abort"), ("c", 1.0, "none")]


def test_a_feature_that_crashes_its_worker_is_named(project: Project) -> None:
    """F6."""
    ran = project.run("reconcile", "deadly", "--log", str(project.warehouse / "log"), "--json")
    assert (ran.code, ran.out) == (2, ""), ran.err
    [line] = [each for each in ran.problems if each.startswith("skewless: ")]
    assert line.startswith(
        "skewless: feature 'fate': crashed its process with SIGABRT; inputs twice=5.0, facts__how='abort'; "
        "label event k='b', t=datetime.datetime(2024, 1, 1, 10, 0, "
    )
