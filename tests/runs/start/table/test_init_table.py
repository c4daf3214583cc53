"""`skewless init-table` on tables, and on what is none."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from skewless.lake.jvm.few_rows import few_rows
from skewless.lake.session import private_session
from skewless.lake.sources import open_source
from tests.helpers import by_hand
from tests.helpers.project import Project

TRAINING_SET = """
    name: clicks
    labels:
      source: ${WAREHOUSE}/files
      entity_keys: [nobody]
      event_timestamp: at
      label_columns: [n]
    feature_tables: [files]
    output: ${WAREHOUSE}/published
"""
TABLE = (
    "{name: files, source: '${WAREHOUSE}/files', entity_keys: [nobody], event_timestamp: at, columns: [none]}"
)


@pytest.fixture(scope="module")
def project(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("drafts"), spark)
    project.table(
        "clicks",
        "user_id BIGINT, at TIMESTAMP, seen TIMESTAMP_NTZ, price DECIMAL(9,2), page STRING",
        *(
            f"({place % 3}, '2024-01-01 {place:02}:00:00Z', '2024-01-01 {place:02}:00:00', {place}.25, 'p{place}')"
            for place in range(10)
        ),
    )
    files = project.warehouse / "files"
    rows = spark.range(4).select(F.timestamp_seconds("id").alias("at"), "id", F.lit("x").alias("day"))
    rows.coalesce(1).write.partitionBy("day").parquet(str(files))
    (project.warehouse / "texts").mkdir()
    (project.warehouse / "texts" / "a.csv").write_text("a,b\n1,2\n")
    return project


def test_the_yaml_alone_is_on_standard_output_and_check_takes_it(project: Project) -> None:
    ran = project.run("init-table", "${WAREHOUSE}/clicks")
    assert ran.code == 0, ran.err
    assert yaml.safe_load(ran.out) == {
        "name": "clicks",
        "source": "${WAREHOUSE}/clicks",
        "entity_keys": ["user_id"],
        "event_timestamp": "at",
        "columns": ["seen", "price", "page"],
    }
    assert ran.problems[-1].startswith("skewless: clicks: a feature table from all 10 rows; ")
    assert "it belongs into conf/feature_tables/clicks.yml" in ran.problems[-1]


def test_a_file_has_the_name_that_is_in_it_and_is_never_written_over(project: Project) -> None:
    target = project.root / "drafts" / "hits.yml"
    ran = project.run("init-table", str(project.warehouse / "clicks"), "--to", str(target), "--json")
    assert ran.code == 0, ran.err
    document = ran.document
    assert (document["name"], document["path"], document["rows"]) == ("hits", str(target), 10)
    assert document["proposal"] == yaml.safe_load(target.read_text())
    assert len(document["questions"]) > 2
    target.write_text("mine")
    again = project.run("init-table", str(project.warehouse / "clicks"), "--to", str(target))
    assert (again.code, again.problems) == (
        2,
        [f"skewless: --to {target}: is there already; give another file, or remove it"],
    )
    assert target.read_text() == "mine"


def converted(project: Project) -> str:
    path = f"parquet.`file:{project.warehouse}/files`"
    return (
        f"'{project.warehouse}/files' is Parquet and no Delta table; make it one where it lies, by CONVERT TO DELTA "
        f"{path} PARTITIONED BY (day STRING), or in Python: from delta.tables import DeltaTable; "
        f'DeltaTable.convertToDelta(spark, "{path}", "day STRING")'
    )


def test_parquet_is_refused_with_how_to_make_it_a_delta_table(project: Project) -> None:
    ran = project.run("init-table", f"{project.warehouse}/files")
    assert (ran.code, ran.problems) == (
        2,
        [f"skewless: table '{project.warehouse}/files': {converted(project)}"],
    )


def test_a_build_says_all_else_that_is_wrong_beside_it(project: Project) -> None:
    project.conf({"feature_tables/files.yml": TABLE, "training_sets/clicks.yml": TRAINING_SET})
    ran = project.run("build", "clicks")
    assert ran.code == 2
    assert f"skewless: feature table 'files': {converted(project)}" in ran.problems
    assert f"skewless: labels: {converted(project)}" in ran.problems
    rest = "\n".join(ran.problems)
    assert "feature table 'files': no column 'nobody' (entity_keys)" in rest
    assert "feature table 'files': no column 'none' (columns)" in rest
    assert "'n'" in rest


@pytest.mark.parametrize(
    "place, problem",
    [
        ("texts", "but a folder with csv files; load it into a Delta table"),
        ("texts/a.csv", "but a file; load it into a Delta table"),
        ("nowhere", "check source and --set"),
    ],
)
def test_what_else_is_there_instead_of_a_table_is_said_in_a_line(
    project: Project, place: str, problem: str
) -> None:
    ran = project.run("init-table", f"{project.warehouse}/{place}")
    assert ran.code == 2
    [line] = ran.problems
    assert line.startswith(f"skewless: table '{project.warehouse}/{place}': no Delta table at path ")
    assert problem in line


def test_so_many_rows_at_most_are_read_the_same_ones_each_time(spark: SparkSession, tmp_path: Path) -> None:
    own = private_session(spark)
    parts = [pa.table({"id": range(part * 30, part * 30 + 30), "part": [part] * 30}) for part in range(3)]
    schema = T.StructType([T.StructField(name, T.LongType()) for name in ("id", "part")])
    by_hand.overwrite(tmp_path / "t", schema, *parts)
    table = open_source(own, str(tmp_path / "t"), "t").rows
    columns = [F.col("id"), F.col("part")]
    few = few_rows(table, columns, 30)
    found = sorted(few.rows.collect())
    assert (few.total, len(found)) == (90, 30)
    assert {row["part"] for row in found} == {0, 1, 2}
    assert sorted(few_rows(table, columns, 30).rows.collect()) == found
    assert len(few_rows(table, columns, 100).rows.collect()) == 90
