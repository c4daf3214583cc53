"""The log of a Delta table, as Spark and Hadoop see it → the file of it that is torn."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from skewless.config.values import without_file_scheme
from skewless.ground.errors import InputError
from skewless.ground.run.commits import EMPTY, RESTORED, is_torn_commit, manifest_files
from skewless.lake.storage import Hadoop


def refuse_empty_commit(snapshot: Any, subject: str) -> None:
    """InputError where a commit that a snapshot is read from holds nothing, as after a torn write.

    By the sizes in the listing that Delta has made of the log for the snapshot, so that nothing more is asked.
    """
    deltas = snapshot.logSegment().deltas()
    listed = [deltas.apply(at) for at in range(deltas.size())]
    empty = [file.getPath().toString() for file in listed if not file.getLen()]
    if empty:
        raise InputError(f"{subject}: cannot read {without_file_scheme(str(empty[0]))}: {EMPTY}; {RESTORED}")


def broken_commit(spark: SparkSession, root: str) -> str | None:
    """The file of the log of the table at a path that is empty or no JSON: Spark's own error only says what it met."""
    folder = f"{root.rstrip('/')}/_delta_log"
    files = Hadoop(spark)
    try:
        names = list(manifest_files(files.list(folder)).values())
        texts = files.read_all(folder, names)
    except OSError:  # then it is not one file that is broken
        return None
    return next((f"{folder}/{name}" for name in sorted(names) if is_torn_commit(texts[name])), None)
