"""What a training set's place tells without Spark, and when Spark is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from skewless.ground.errors import InputError
from skewless.parts.publish import history_of


class AskedForSpark(Exception):
    """Spark was asked for."""


def no_spark() -> None:
    raise AskedForSpark


@pytest.mark.parametrize("text", [b'{"torn', b"\xff\xfe", b'{"add": {"path"'])
def test_a_log_that_cannot_be_read_is_refused_by_its_table(tmp_path: Path, text: bytes) -> None:
    commit = tmp_path / "s" / "_delta_log" / f"{0:020d}.json"
    commit.parent.mkdir(parents=True)
    commit.write_bytes(text)
    with pytest.raises(
        InputError, match=f"table '{tmp_path / 's'}': cannot read _delta_log/0+.json: .*; restore the file"
    ):
        history_of(str(tmp_path / "s"), no_spark)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", ["{}/nothing", "{}/empty", "{}/file", "hdfs://host/s", "a.catalog.table"])
def test_spark_is_asked_of_what_delta_rs_does_not_find(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty" / "_delta_log").mkdir(parents=True)  # as a first publication that died leaves it
    (tmp_path / "file").touch()
    with pytest.raises(AskedForSpark):
        history_of(place.format(tmp_path), no_spark)  # type: ignore[arg-type]
