"""A failure of Spark, Hadoop or the machine is told by its cause, with the table and file, and whose fault it is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession
from pyspark.sql.types import LongType, StringType, StructType

from skewless.ground.errors import InputError, MachineError, SkewlessError
from skewless.ground.run.steps import doing
from skewless.lake.delta_rs import DeltaRsTable
from skewless.lake.failures import plainly, raised_in_a_task
from skewless.lake.jvm.causes import reason_of
from skewless.lake.sources import open_source
from skewless.lake.storage import Hadoop
from skewless.lake.tables import Place
from skewless.parts.publish import Output, SparkHistory, refuse_foreign_table, standing_of
from skewless.serving.errors import FeatureError
from skewless.serving.store.errors import StoreConflictError, StoreError
from tests.helpers import by_hand
from tests.helpers.frames import at, delta

DAYS = StructType().add("n", LongType()).add("event_date", StringType())


def written(spark: SparkSession, path: Path) -> Path:
    """A table of one file, which it gives; without checksums, which other writers do not make."""
    delta(
        spark, str(path), "origin string, at timestamp, n bigint", [("EWR", at("00:00"), n) for n in range(3)]
    )
    [file] = path.glob("*.parquet")
    return file


def told(act: Callable[[], object]) -> SkewlessError:
    with pytest.raises(Exception) as caught:
        act()
    plain = plainly(caught.value)
    assert plain is not None, caught.value
    return plain


def gone(file: Path) -> None:
    file.unlink()


def torn(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def overwritten(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:4] + b"\xff" * 200 + content[204:])


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def in_nanoseconds(file: Path) -> None:
    table = pq.read_table(file)
    column = table["at"].cast(pa.timestamp("ns", "UTC"))
    pq.write_table(table.set_column(1, "at", column), file)


NOT_WHOLE = "it is not a whole Parquet file, but torn, overwritten or empty; restore the file, or the table"


@pytest.mark.parametrize(
    ("harm", "name", "reason"),
    [
        (gone, "with space", "the file is gone; restore the file, or the table"),
        (torn, "a%20b", NOT_WHOLE),
        (emptied, "ü", NOT_WHOLE),
        (overwritten, "with space", ""),
        (a_folder, "a%20b", ""),
        (in_nanoseconds, "weather", "column 'at' is stored as INT64 and not as a time in microseconds"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_file_that_shows_late_that_it_cannot_be_read_is_named_with_its_table(
    spark: SparkSession, tmp_path: Path, name: str, harm: Callable[[Path], None], reason: str
) -> None:
    file = written(spark, tmp_path / name)
    rows = open_source(spark, str(tmp_path / name), "feature table 'weather'").rows
    harm(file)
    error = told(lambda: rows.orderBy("n", "at").toArrow())
    assert isinstance(error, InputError)
    [line] = error.problems
    assert line.startswith(f"feature table 'weather': cannot read {file}: {reason}")


def test_of_a_table_inside_the_folder_of_another_it_is_the_inner_one(
    spark: SparkSession, tmp_path: Path
) -> None:
    outer, inner = written(spark, tmp_path / "t"), written(spark, tmp_path / "t" / "inner")
    written(spark, tmp_path / "t2")
    frames = {
        name: open_source(spark, str(path), f"feature table '{name}'").rows
        for name, path in {"t": outer.parent, "inner": inner.parent, "t2": tmp_path / "t2"}.items()
    }
    inner.unlink()
    assert "feature table 'inner': " in str(told(frames["inner"].collect))


def test_a_file_of_no_opened_table_is_no_input(spark: SparkSession, tmp_path: Path) -> None:
    rows = spark.read.format("delta").load(str(written(spark, tmp_path / "t").parent))
    gone(next((tmp_path / "t").glob("*.parquet")))
    with pytest.raises(Exception, match="parquet") as caught:
        rows.collect()
    assert plainly(caught.value) is None
    assert reason_of(caught.value).startswith("FileNotFoundException: File file:")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "[DELTA_STATE_RECOVER_ERROR]"),
        (b'{"add": {"path"', "JsonEOFException: Unexpected end-of-input"),
        (b"{nope}\n", "JsonParseException: Unexpected character"),
        (b"\xff\xfe\x00", "JsonParseException: "),
    ],
)
def test_a_broken_file_of_a_tables_log_is_named(
    spark: SparkSession, tmp_path: Path, content: bytes, reason: str
) -> None:
    commit = written(spark, tmp_path / "t").parent / "_delta_log" / "00000000000000000000.json"
    commit.write_bytes(content)
    _without_checksums(commit.parent)
    _forget(spark)
    with pytest.raises(InputError) as caught:
        open_source(spark, str(tmp_path / "t"), "labels")
    assert str(caught.value).startswith(f"labels: cannot read {commit}: {reason}")


def _without_checksums(log: Path) -> None:
    """Where a writer has noted what the table is like beside a commit, the log is only read for its files."""
    for file in [*log.glob("*.crc"), *log.glob(".*.crc")]:
        file.unlink(missing_ok=True)  # a checksum of a checksum is found by both


def test_a_commit_or_checkpoint_that_is_gone_is_named(spark: SparkSession, tmp_path: Path) -> None:
    for place in ("commit", "checkpoint"):
        written(spark, tmp_path / place)
        spark.range(1).selectExpr("'JFK' AS origin", "current_timestamp() AS at", "id AS n").write.format(
            "delta"
        ).mode("append").save(str(tmp_path / place))
    (tmp_path / "commit" / "_delta_log" / "00000000000000000000.json").unlink()
    jvm: Any = spark._jvm
    jvm.org.apache.spark.sql.delta.DeltaLog.forTable(
        spark._jsparkSession, str(tmp_path / "checkpoint")
    ).checkpoint()
    log = tmp_path / "checkpoint" / "_delta_log"
    [checkpoint] = log.glob("*.checkpoint*.parquet")
    (log / "00000000000000000000.json").unlink()
    _without_checksums(log)
    checkpoint.write_bytes(os.urandom(1000))
    _forget(spark)
    for place, named in {"commit": "00000000000000000000.json", "checkpoint": checkpoint.name}.items():
        with pytest.raises(InputError) as caught:
            open_source(spark, str(tmp_path / place), "labels").rows.collect()
        [line] = caught.value.problems
        assert line.startswith(f"labels: cannot read {tmp_path / place}")
        assert named in line


COMMIT = "00000000000000000001.json"


@pytest.mark.parametrize(
    ("torn", "says"),
    [
        (lambda content: b"", "the file is empty, and the rows of its commit are missing"),
        (lambda content: content[: len(content) // 2], "JsonEOFException: Unexpected end-of-input"),
    ],
)
def test_a_torn_commit_of_a_table_of_ours_is_named_whatever_is_asked_of_it(
    spark: SparkSession, tmp_path: Path, torn: Callable[[bytes], bytes], says: str
) -> None:
    place = tmp_path / "t"
    for day in range(3):
        by_hand.append(place, DAYS, pa.table({"n": [day], "event_date": ["2024-03-01"]}))
    commit = place / "_delta_log" / COMMIT
    commit.write_bytes(torn(commit.read_bytes()))
    _without_checksums(commit.parent)
    output = Output.at(spark, str(place))
    asked: list[Callable[[], object]] = [
        lambda: refuse_foreign_table(spark, output, "trips"),
        lambda: standing_of(spark, output),
        SparkHistory(spark, output).dates,
        lambda: [*open_source(spark, str(place), f"output '{place}'").rows.collect()],
    ]
    for ask in asked:
        _forget(spark)
        [line] = told(ask).problems
        assert line.endswith("; restore the file, or the table")
        assert re.match(rf"(table|output) '{place}': cannot read {commit}: {re.escape(says)}", line), line


@pytest.mark.parametrize("torn", [lambda content: b"", lambda content: content[: len(content) // 2]])
def test_a_torn_commit_is_named_without_spark_too(tmp_path: Path, torn: Callable[[bytes], bytes]) -> None:
    place = tmp_path / "t"
    for day in range(3):
        by_hand.append(place, DAYS, pa.table({"n": [day], "event_date": ["2024-03-01"]}))
    commit = place / "_delta_log" / COMMIT
    commit.write_bytes(torn(commit.read_bytes()))
    assert DeltaRsTable.at(str(place), 0).version == 0
    with pytest.raises(
        InputError, match=rf"^table '{place}':.* cannot read _delta_log/{COMMIT}: .*; restore"
    ):
        DeltaRsTable.at(str(place))


def _forget(spark: SparkSession) -> None:
    jvm: Any = spark._jvm
    jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("s3a://lost/x", "ClassNotFoundException: Class org.apache.hadoop.fs.s3a.S3AFileSystem not found"),
        ("gs://lost/x", 'UnsupportedFileSystemException: No FileSystem for scheme "gs"'),
        ("nowhere://host/x", 'UnsupportedFileSystemException: No FileSystem for scheme "nowhere"'),
    ],
)
def test_a_file_system_that_is_not_there_is_told_by_its_cause(
    spark: SparkSession, location: str, reason: str
) -> None:
    with pytest.raises(InputError) as caught:
        open_source(spark, location, "labels")
    assert str(caught.value).startswith(f"labels: cannot read {location}: {reason}")
    with pytest.raises(InputError) as caught:
        Place.at(spark, location)
    assert str(caught.value) == f"table '{location}': {reason}"


def thrown(spark: SparkSession, *wrapped: tuple[str, str]) -> Py4JJavaError:
    """What Py4J raises of Java's errors, each around the next."""
    jvm: Any = spark._jvm
    cause = None
    for name, message in reversed(wrapped):
        java = jvm
        for part in name.split("."):
            java = getattr(java, part)
        inner = cause
        cause = java(message) if inner is None else java(message, inner)
    return Py4JJavaError("An error occurred while calling o852.save.\n", cause)


TEMPORARY = "/t/blockmgr-0a1b2c3d-1/0c/temp (No space left on device)"
IO, FAILED = "java.io.IOException", "org.apache.spark.SparkException"
LOST_TASK = (
    "Job aborted due to stage failure: Task 0 in stage 3.0 failed 4 times, most recent failure: Lost task 0.3 in stage "
    "3.0 (TID 9) (10.0.0.2 executor 1): org.apache.spark.SparkException: Task failed while writing\n\tat a.b(c:1)\n"
    "Caused by: java.io.IOException: No space left on device\n\tat d.e(f:2)\n\nDriver stacktrace:"
)


@pytest.mark.parametrize(
    ("wrapped", "line"),
    [
        (
            (
                (FAILED, "Job aborted"),
                (FAILED, "Task failed while writing rows"),
                (IO, "No space left on device"),
            ),
            "No space left on device; free some space, or write somewhere else",
        ),
        (((FAILED, LOST_TASK),), "No space left on device; free some space, or write somewhere else"),
        (
            (
                (FAILED, "x"),
                ("java.io.FileNotFoundException", TEMPORARY),
            ),
            "Spark's own folder /t/blockmgr-0a1b2c3d-1/0c/temp (spark.local.dir): FileNotFoundException: "
            "/t/blockmgr-0a1b2c3d-1/0c/temp (No space left on device); free some space, or write somewhere else",
        ),
        (((IO, "Read-only file system"),), "Read-only file system; mend the disk, or write somewhere else"),
        (((IO, "Disk quota exceeded"),), "Disk quota exceeded; free some space, or write somewhere else"),
        (
            ((FAILED, "x"), ("java.lang.OutOfMemoryError", "Java heap space")),
            "OutOfMemoryError: Java heap space; give the driver more memory",
        ),
        (
            ((FAILED, "Job aborted due to stage failure: ExecutorLostFailure (executor 1 exited)"),),
            "Job aborted due to stage failure: ExecutorLostFailure (executor 1 exited); see its log",
        ),
        (
            (("java.lang.IllegalStateException", "Cannot call methods on a stopped SparkContext."),),
            "IllegalStateException: Cannot call methods on a stopped SparkContext.; run again",
        ),
        (
            (("java.io.FileNotFoundException", "/out/x (Permission denied)"),),
            "FileNotFoundException: /out/x (Permiss",
        ),
        (((IO, "Mkdirs failed to create file:/out/x"),), "Mkdirs failed to create file:/out/x"),
        (
            ((IO, "[DELTA_CANNOT_CREATE_LOG_PATH] Cannot create file:/out"),),
            "[DELTA_CANNOT_CREATE_LOG_PATH] Cannot",
        ),
    ],
)
def test_what_the_machine_does_not_do_is_its_own_fault_with_what_was_being_done(
    spark: SparkSession, wrapped: tuple[tuple[str, str], ...], line: str
) -> None:
    def fail() -> None:
        with doing("staging rows in /out_staging/1"):
            raise thrown(spark, *wrapped)

    error = told(fail)
    assert isinstance(error, MachineError)
    assert str(error).startswith(f"staging rows in /out_staging/1: {line}")


def test_a_full_disk_is_no_fault_of_the_input_that_was_being_read(
    spark: SparkSession, tmp_path: Path
) -> None:
    file = written(spark, tmp_path / "t")
    open_source(spark, str(tmp_path / "t"), "labels")
    error = thrown(spark, (FAILED, f"reading {file}"), (IO, "No space left on device"))
    assert isinstance(plainly(error), MachineError)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(13, "Permission denied", "/root/x"), "/root/x: Permission denied"),
        (
            OSError(28, "No space left on device", "/tmp/x"),
            "/tmp/x: No space left on device; free some space",
        ),
        (MemoryError(), "the driver's Python is out of memory"),
    ],
)
def test_failures_of_the_drivers_own_python_are_the_machines(error: Exception, line: str) -> None:
    plain = plainly(error)
    assert isinstance(plain, MachineError)
    assert str(plain).startswith(line)


def test_what_is_neither_keeps_its_stack_and_tells_its_cause(spark: SparkSession) -> None:
    error = thrown(spark, (FAILED, "Job aborted"), ("java.lang.RuntimeException", "what it is"))
    assert (plainly(error), reason_of(error)) == (None, "what it is")
    assert (
        reason_of(thrown(spark, (FAILED, "Job aborted"), ("java.lang.RuntimeException", ""))) == "Job aborted"
    )
    assert (plainly(KeyError("k")), reason_of(KeyError("k"))) == (None, "KeyError: 'k'")


def test_a_file_that_is_no_table_is_told_by_its_cause(spark: SparkSession, tmp_path: Path) -> None:
    files = Hadoop(spark)
    (tmp_path / "file").write_text("")
    for act in (
        lambda: files.read(str(tmp_path / "none")),
        lambda: files.write(str(tmp_path / "file" / "x"), "text"),
        lambda: files.list("nowhere://h/x"),
    ):
        with pytest.raises(OSError, match=r"none|file|nowhere"):
            act()


TRACEBACK = """An exception was thrown from the Python worker:
Traceback (most recent call last):
  File "shop.py", line 3, in ratio
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

skewless.serving.errors.FeatureError: feature 'ratio': a first one
skewless.serving.store.errors.StoreConflictError: online store x: no run 7; run it again
  at org.apache.spark.api.python.BasePythonRunner
"""


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        ((FeatureError,), (FeatureError, "feature 'ratio': a first one")),
        (
            (FeatureError, StoreConflictError),
            (StoreConflictError, "online store x: no run 7; run it again"),
        ),
        ((StoreError,), None),  # the kind itself, and none below it
    ],
)
def test_what_a_task_raised_is_found_in_its_traceback_by_kind(
    kinds: tuple[type[Exception], ...], found: tuple[type[Exception], str] | None
) -> None:
    assert raised_in_a_task(RuntimeError(TRACEBACK), *kinds) == found
