"""A share of a table's files stands for all of it; a version is read as long as its files are there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.ground.errors import InputError
from skewless.lake.session import private_session
from skewless.lake.sources import Versions, read_version, spread_files, why_unreadable


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
