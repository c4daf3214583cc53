"""A share of a table's files stands for all of it, whatever the table's place is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.pit.sources import read_version, spread_files


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
