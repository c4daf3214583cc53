"""Rows of files of a Delta table that are already known: nobody looks for them again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from skewless.ground.run.commits import file_name
from skewless.lake.jvm.not_delta import literally
from skewless.lake.storage import Hadoop

SPREAD = 8
"""Of so many files of a table one is read where a share of its rows is enough."""


def found_rows(rows: DataFrame, condition: Column | None) -> DataFrame:
    """The rows of a version of a Delta table for which the condition holds, all of them without one.

    Delta looks for the files of a table in a Spark job of its own before each query; here it does so once, now, by
    partitions and file statistics, for all queries over these rows. What a later query asks beside the condition rules
    out no file by its statistics any more.
    """
    kept = rows if condition is None else rows.where(condition)
    location = _scanned(kept)
    if location is None:
        return kept
    scan = location.preparedScan()
    found = _of_files(rows, scan.scannedSnapshot(), scan.files())
    # Of a table whose columns are told otherwise here, such as one of CHAR, the rows stay as Delta itself reads them.
    if found.schema != rows.schema:
        return kept
    return found if condition is None else found.where(condition)


def _scanned(rows: DataFrame) -> Any:
    """Where Delta has found the files of the plan, None for a plan over anything but one Delta table."""
    plan: Any = rows._jdf.queryExecution().optimizedPlan()
    leaves = plan.collectLeaves()
    leaf = leaves.head()
    if leaves.size() > 1 or leaf.getClass().getSimpleName() != "LogicalRelation":
        return None
    location = leaf.relation().location()
    return location if location.getClass().getSimpleName() == "PreparedDeltaFileIndex" else None


def files_in(snapshot: Any, paths: Sequence[str]) -> dict[str, Any]:
    """Path → the file as Delta's log has it."""
    wanted = F.col("path").isin(list(paths))._jc
    return {str(file.path()): file for file in snapshot.allFiles().filter(wanted).collect()}


def rows_of_listed(rows: DataFrame, snapshot: Any, files: Sequence[Any]) -> DataFrame:
    """The rows of these files, with partition columns and without what was deleted, as Delta itself reads them."""
    jvm: Any = rows.sparkSession._jvm
    return _of_files(rows, snapshot, jvm.org.apache.spark.api.python.PythonUtils.toSeq(list(files)))


def _of_files(rows: DataFrame, snapshot: Any, files: Any) -> DataFrame:
    spark = rows.sparkSession
    jvm: Any = spark._jvm
    return DataFrame(
        snapshot.deltaLog().createDataFrame(snapshot, files, False, jvm.scala.Option.empty()), spark
    )


def spread_files(rows: DataFrame) -> DataFrame:
    """The rows of every eighth file of a table, of more files where there are few, of all where there are under 16.

    Files go by their paths and so by partition: 8 and the 7 days of a week have no common factor, so that days of all
    kinds are met. Rows are read as plain Parquet, without partition columns; what was deleted by a deletion vector is
    among them.
    """
    files = sorted(rows.inputFiles())
    step = min(SPREAD, max(1, len(files) // SPREAD))
    if step == 1:
        return rows
    return parquet_rows(rows.sparkSession, files[::step], rows.schema)


def first_commit(spark: SparkSession, place: str, schema: StructType) -> DataFrame:
    """The rows of a Delta table of one commit and without partitions, as that commit lists its files.

    Read as plain Parquet, for whoever goes through them several times: Delta looks for the files of a table in a Spark
    job of its own before each query. `schema` is that of the rows as they were written.
    """
    files = Hadoop(spark)
    lines = files.read(f"{place}/_delta_log/{file_name(0)}").splitlines()
    added = [action["add"]["path"] for action in map(json.loads, lines) if "add" in action]
    return parquet_rows(spark, [f"{files.absolute(place)}/{unquote(path)}" for path in added], schema)


def parquet_rows(spark: SparkSession, paths: Sequence[str], schema: StructType) -> DataFrame:
    """The rows of these files and no others."""
    if not paths:
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(*map(literally, paths))
