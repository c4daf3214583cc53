"""A share of a table's files stands for all of it; a version is read as long as its files are there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.ground.errors import InputError
from skewless.lake.jvm.listed_files import spread_files
from skewless.lake.session import private_session
from skewless.lake.sources import Versions, read_version, run_query, why_unreadable


def written(spark: SparkSession, path: Path, days: int) -> str:
    rows = spark.range(days * 10).select(
        "id", F.expr("date_add(date'2024-01-01', int(id div 10))").alias("day")
    )
    rows.repartition("day").write.format("delta").partitionBy("day").save(str(path))
    return str(path)


@pytest.mark.parametrize(
    "days, read", [(3, range(3)), (15, range(15)), (17, range(0, 17, 2)), (70, range(0, 70, 8))]
)
def test_of_many_files_one_in_eight_is_read_at_even_steps_of_days(
    spark: SparkSession, tmp_path: Path, days: int, read: range
) -> None:
    rows = read_version(spark, written(spark, tmp_path / "table", days), 0)
    found = {row["id"] // 10 for row in spread_files(rows).select("id").collect()}
    assert found == set(read)


@pytest.mark.parametrize("name", ["with space", "a%20b", "[ab]{c,d}*?", "ü"])
def test_a_share_of_files_is_found_under_any_name(spark: SparkSession, tmp_path: Path, name: str) -> None:
    rows = read_version(spark, written(spark, tmp_path / name, 16), 0)
    assert spread_files(rows).count() == 80


def test_a_version_is_read_whatever_its_age_as_long_as_its_files_are_there(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Delta refuses one whose commit is older than delta.deletedFileRetentionDuration, a week."""
    for rows in (3, 5):
        spark.range(rows).write.format("delta").mode("overwrite").save(str(tmp_path / "new"))
    old = shutil.copytree(tmp_path / "new", tmp_path / "old") / "_delta_log"
    for commit in old.glob("*.json"):
        os.utime(commit, (0, 0))
    with pytest.raises(AnalysisException, match="Cannot time travel beyond"):
        read_version(spark, str(old.parent), 0)
    own = private_session(spark)
    assert read_version(own, str(old.parent), 0).count() == 3
    assert why_unreadable(own, str(old.parent), 0, with_files=True) is None


def test_why_a_version_cannot_be_read(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "a table")
    for rows in (3, 5):
        spark.range(rows).coalesce(1).write.format("delta").mode("overwrite").save(path)
    [file] = read_version(spark, path, 0).inputFiles()
    assert why_unreadable(spark, path, 0, with_files=True) is None
    Path(unquote(urlparse(file).path)).unlink()
    assert why_unreadable(spark, path, 0, with_files=False) is None
    assert why_unreadable(spark, path, 0, with_files=True) == f"file {file} is gone"
    assert why_unreadable(spark, path, 1, with_files=True) is None
    assert "version 2" in str(why_unreadable(spark, path, 2, with_files=False))
    assert why_unreadable(spark, f"{path}/nowhere", 0, with_files=False) is not None
    assert "no_such_table" in str(why_unreadable(spark, "no_such_table", 0, with_files=False))


def test_where_versions_are_recorded_an_input_without_one_is_refused() -> None:
    assert (Versions({"labels": 3}).of("labels"), Versions().of("labels")) == (3, None)
    with pytest.raises(InputError, match=r"input 'log': no version of it is recorded; recorded are labels"):
        Versions({"labels": 3}).of("log")


@pytest.fixture(scope="module")
def places(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name → path of a table of each format, beside a source `l`; views and functions read them, too."""
    root = tmp_path_factory.mktemp("places")
    changes = ("delta.enableChangeDataFeed", "true")
    for name in ("l", "extra", "changed"):
        writer = spark.range(3).coalesce(1).write.format("delta")
        (writer.option(*changes) if name == "changed" else writer).save(str(root / name))
    spark.range(3).write.parquet(str(root / "files"))
    spark.range(3).write.csv(str(root / "texts"))
    return {path.name: str(path) for path in root.iterdir()}


@pytest.fixture
def callers(spark: SparkSession, places: dict[str, str]) -> Iterator[SparkSession]:
    """A clone of a caller's session that has views, a table and a function of its own."""
    spark.range(5).createOrReplaceTempView("mine")
    spark.range(5).createOrReplaceTempView("l")
    spark.range(5).createOrReplaceGlobalTempView("l")
    spark.sql(f"CREATE TABLE beside USING delta AS SELECT * FROM delta.`{places['extra']}`")
    spark.sql(f"CREATE VIEW seen AS SELECT * FROM delta.`{places['extra']}`")
    body = f"(SELECT max(id) FROM delta.`{places['extra']}`)"
    spark.sql(f"CREATE TEMPORARY FUNCTION newest(x BIGINT) RETURNS BIGINT RETURN x + {body}")
    yield private_session(spark)
    spark.sql("DROP TEMPORARY FUNCTION newest")
    spark.sql("DROP VIEW seen")
    spark.sql("DROP TABLE beside")
    spark.catalog.dropGlobalTempView("l")
    for view in ("mine", "l"):
        spark.catalog.dropTempView(view)


BESIDE = [
    ("SELECT * FROM l JOIN delta.`{extra}` USING (id)", "{extra}"),
    ("SELECT * FROM l JOIN `DELTA` /* by path */ . `{extra}` USING (id)", "{extra}"),
    ("SELECT * FROM l WHERE id IN (SELECT id FROM parquet.`{files}`)", "{files}"),
    ("SELECT *, (SELECT max(id) FROM delta.`{extra}` e WHERE e.id = l.id) AS m FROM l", "{extra}"),
    ("WITH l AS (SELECT * FROM csv.`{texts}`) SELECT * FROM l", "{texts}"),
    ("SELECT * FROM l, LATERAL (SELECT id AS other FROM delta.`{extra}` e WHERE e.id = l.id)", "{extra}"),
    ("SELECT * FROM l UNION ALL FROM delta.`{extra}` |> WHERE EXISTS (SELECT 1)", "{extra}"),
    ("SELECT id FROM table_changes_by_path('{changed}', 0)", "changes of {changed}"),
    ("SELECT * FROM delta.`{l}` VERSION AS OF 0", "{l}"),
    ("SELECT * FROM delta.`{l}@v0`", "{l}"),
    ("SELECT * FROM l JOIN mine USING (id)", "view mine"),
    ("SELECT * FROM global_temp.l", "view global_temp.l"),
    ("SELECT * FROM l JOIN seen USING (id)", "view spark_catalog.default.seen"),
    ("SELECT * FROM l JOIN beside USING (id)", "table spark_catalog.default.beside"),
    ("SELECT newest(id) AS id FROM l", "{extra}"),
]


def test_what_a_label_query_reads_beside_its_sources_is_refused_by_name(
    callers: SparkSession, places: dict[str, str]
) -> None:
    said = {}
    for query, _ in BESIDE:
        with pytest.raises(InputError) as refused:
            run_query(callers, query.format(**places), {"l": places["l"]})
        said[query] = [problem.replace("file:/", "/") for problem in refused.value.problems]
    assert said == {
        query: [
            f"labels.query: reads {name.format(**places)} beside labels.sources (l), at no recorded version; "
            "add it to labels.sources, and read it by its view"
        ]
        for query, name in BESIDE
    }


def test_everything_that_a_label_query_reads_beside_its_sources_is_named_once(
    callers: SparkSession, places: dict[str, str]
) -> None:
    query = (
        "SELECT * FROM l JOIN mine USING (id) JOIN delta.`{extra}` USING (id) JOIN delta.`{extra}` USING (id)"
    )
    with pytest.raises(InputError) as refused:
        run_query(callers, query.format(**places), {"l": places["l"]})
    assert [problem.split(" beside ")[0].replace("file:/", "/") for problem in refused.value.problems] == [
        "labels.query: reads view mine",
        f"labels.query: reads {places['extra']}",
    ]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM L",
        "WITH mine AS (SELECT * FROM l) SELECT a.* FROM mine a JOIN mine b USING (id)",
        "SELECT * FROM l JOIN VALUES (0L), (1L), (2L) AS t(id) USING (id) JOIN range(3) USING (id)",
        "SELECT * FROM l WHERE id <= (SELECT max(id) FROM l) AND EXISTS (SELECT 1)",
        "WITH RECURSIVE r(id) AS (SELECT 0L UNION ALL SELECT id + 1 FROM r WHERE id < 2) SELECT * FROM r",
    ],
)
def test_a_label_query_may_read_its_sources_as_often_as_it_likes_and_rows_written_in_it(
    callers: SparkSession, places: dict[str, str], query: str
) -> None:
    rows, opened = run_query(callers, query, {"l": places["l"]})
    assert sorted(row["id"] for row in rows.collect()) == [0, 1, 2]
    assert list(opened) == ["l"]
