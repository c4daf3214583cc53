"""Files that are put in place whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from skewless.lake.storage import Hadoop, read_text, write_whole


def no_spark() -> SparkSession:
    raise AssertionError("a file on this machine needs no Spark")


@pytest.mark.parametrize("scheme", ["", "file:", "file://"])
def test_a_file_is_replaced_in_one_move_and_leaves_nothing_beside_it(tmp_path: Path, scheme: str) -> None:
    place = f"{scheme}{tmp_path}/deep/m.prom"
    assert read_text(place, no_spark) == ""
    for text in ("old\n" * 1000, "new\n"):
        write_whole(place, text, no_spark)
        assert read_text(place, no_spark) == text
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["m.prom"]


def test_a_file_that_cannot_be_replaced_stays_and_no_draft_with_it(tmp_path: Path) -> None:
    (tmp_path / "m.prom").mkdir()
    with pytest.raises(OSError, match=r"m\.prom"):
        write_whole(str(tmp_path / "m.prom"), "new\n", no_spark)
    assert [path.name for path in tmp_path.iterdir()] == ["m.prom"]


def test_the_same_through_a_file_system_of_hadoops(spark: SparkSession, tmp_path: Path) -> None:
    files, place = Hadoop(spark), f"file:{tmp_path}/m.prom"
    for text in ("old\n" * 1000, "new\n"):
        files.write_whole(place, text)
        assert files.read(place) == text
    # Its local file system keeps a checksum beside each file.
    assert {path.name for path in tmp_path.iterdir()} <= {"m.prom", ".m.prom.crc"}
    with pytest.raises(OSError, match=r"m\.prom"):
        files.write_whole("file:/proc/self/m.prom", "new\n")
