"""A place without a Delta table → what is there instead, and how it becomes one."""

from __future__ import annotations

import re
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from skewless.config import is_path
from skewless.ground.errors import InputError, NoTableError
from skewless.lake.jvm.causes import READ_ERRORS
from skewless.lake.storage import Hadoop


class ParquetSourceError(InputError):
    """Where a Delta table is named there is Parquet: its `rows`, by which columns and types can be checked all the
    same.
    """

    def __init__(self, problem: str, rows: DataFrame) -> None:
        super().__init__(problem)
        self.rows = rows


def no_delta_table(spark: SparkSession, location: str, subject: str) -> InputError:
    if (rows := _as_parquet(spark, location)) is not None:
        return ParquetSourceError(f"{subject}: {_how_to_convert(spark, location, rows)}", rows)
    place = "path" if is_path(location) else "catalog table"
    return NoTableError(f"{subject}: no Delta table at {place} '{location}'{_what_else(spark, location)}")


def _as_parquet(spark: SparkSession, location: str) -> DataFrame | None:
    """The rows of a folder, or a catalog table, of Parquet; None where there is none."""
    try:
        if is_path(location):
            return spark.read.parquet(literally(location))
        described = spark.sql(f"DESCRIBE TABLE EXTENDED {location}").collect()
        is_parquet = any((row[0], str(row[1]).lower()) == ("Provider", "parquet") for row in described)
        return spark.read.table(location) if is_parquet else None
    except READ_ERRORS:  # no files, or others
        return None


def _how_to_convert(spark: SparkSession, location: str, rows: DataFrame) -> str:
    plan: Any = rows._jdf.queryExecution().analyzed()
    partitions = plan.collectLeaves().head().relation().partitionSchema().toDDL() if is_path(location) else ""
    path = f"parquet.`{Hadoop(spark).absolute(location)}`" if is_path(location) else location
    by, argument = (f" PARTITIONED BY ({partitions})", f', "{partitions}"') if partitions else ("", "")
    return (
        f"'{location}' is Parquet and no Delta table; make it one where it lies, by CONVERT TO DELTA {path}{by}, or in "
        f'Python: from delta.tables import DeltaTable; DeltaTable.convertToDelta(spark, "{path}"{argument})'
    )


def _what_else(spark: SparkSession, location: str) -> str:
    """What is there instead, and what to do."""
    try:
        names = Hadoop(spark).list(location) if is_path(location) else []
        is_file = is_path(location) and Hadoop(spark).is_file(location)
    except OSError:
        names, is_file = [], False
    kinds = sorted({name.rpartition(".")[2] for name in names if "." in name.lstrip("._")})
    if is_file or names:
        found = "a file" if is_file else f"a folder with {', '.join(kinds[:3]) or 'other'} files"
        return f", but {found}; load it into a Delta table (spark.read…, .write.format('delta').save(…))"
    return "; check source and --set"


def literally(path: str) -> str:
    """A path that a Parquet reader, which takes patterns, takes for no pattern."""
    return re.sub(r"([*?{}\[\]\\])", r"\\\1", path)
