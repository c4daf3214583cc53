"""What is at the place of a table, and whose it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from skewless.lake.tables import Found, Place

OURS, OTHERS = "skewless.ours", "skewless.others"


def test_a_table_is_ours_by_the_property_that_it_was_made_with(spark: SparkSession, tmp_path: Path) -> None:
    place = Place.at(spark, str(tmp_path / "table"))
    assert place.found(spark, OURS) == Found("nothing", None)
    place.create(spark.range(3).selectExpr("id", "id % 2 AS part"), OURS, "numbers", "part")
    assert place.found(spark, OURS) == Found("a table", "numbers")
    assert not place.found(spark, OURS).is_foreign
    assert place.found(spark, OTHERS).is_foreign
    assert {path.name for path in tmp_path.glob("table/part=*")} == {"part=0", "part=1"}


@pytest.mark.parametrize(
    ("names", "what", "is_foreign"),
    [
        ((), "nothing", False),
        (("_SUCCESS", ".crc"), "nothing", False),
        (("_SUCCESS", "part-0.parquet"), "something", True),
    ],
)
def test_files_that_are_no_table_are_somebody_elses_unless_they_are_hidden(
    spark: SparkSession, tmp_path: Path, names: tuple[str, ...], what: str, is_foreign: bool
) -> None:
    for name in names:
        (tmp_path / name).touch()
    found = Place.at(spark, str(tmp_path)).found(spark, OURS)
    assert (found.what, found.holds, found.is_foreign) == (what, None, is_foreign)
