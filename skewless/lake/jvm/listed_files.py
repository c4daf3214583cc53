"""Rows of files of a Delta table that are already known: nobody looks for them again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from skewless.ground.run.commits import file_name
from skewless.lake.jvm.not_delta import literally
from skewless.lake.storage import Hadoop

SPREAD = 8
"""Of so many files of a table one is read where a share of its rows is enough."""


def files_in(snapshot: Any, paths: Sequence[str]) -> dict[str, Any]:
    """Path → the file as Delta's log has it."""
    wanted = F.col("path").isin(list(paths))._jc
    return {str(file.path()): file for file in snapshot.allFiles().filter(wanted).collect()}


def rows_of_listed(rows: DataFrame, snapshot: Any, files: Sequence[Any]) -> DataFrame:
    """The rows of these files, with partition columns and without what was deleted, as Delta itself reads them."""
    spark = rows.sparkSession
    jvm: Any = spark._jvm
    listed = jvm.org.apache.spark.api.python.PythonUtils.toSeq(list(files))
    found = snapshot.deltaLog().createDataFrame(snapshot, listed, False, jvm.scala.Option.empty())
    return DataFrame(found, spark)


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
