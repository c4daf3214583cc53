"""A table by path or catalog name → a bounded look at its rows."""

from __future__ import annotations

from typing import NamedTuple

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from skewless.ground.run.steps import step
from skewless.ground.spark_columns import column, is_publishable, type_text
from skewless.lake.jvm.few_rows import few_rows
from skewless.lake.sources import open_source
from skewless.runs.start.table.look import TableLook, is_read, look_at
from skewless.serving.plan.document.column_types import column_type

MOST_ROWS = 100_000
"""Rows that are looked at: shares are known to a tenth of a percent, and they fit into the driver's memory."""

MOST_CELLS = 4_000_000
"""Of a table of more than 40 columns fewer rows are looked at, for the same reason."""

LONGEST = 256
"""Characters that are read of a text: it tells keys apart, and text by the megabyte is no key."""


class LookedAt(NamedTuple):
    """A look, and the version of the table that it was taken at."""

    look: TableLook
    version: int


def looked_at(spark: SparkSession, location: str, subject: str) -> LookedAt:
    """Errors: InputError where there is no Delta table, or it cannot be read."""
    source = open_source(spark, location, subject)
    rows = source.rows
    types = {field.name: type_text(field) for field in rows.schema}
    most = min(MOST_ROWS, max(1, MOST_CELLS // max(1, len(types))))
    with step("looking at rows"):
        few = few_rows(rows, [_cell(rows, name, text) for name, text in types.items()], most)
        values = few.rows.toArrow()
    publishable = {field.name: is_publishable(field.dataType) for field in rows.schema}
    return LookedAt(look_at(values, types, publishable, few.total), source.version)


def _cell(rows: DataFrame, name: str, text: str) -> Column:
    if not is_read(column_type(text)):
        return column(name).isNull().alias(name)
    is_text = isinstance(rows.schema[name].dataType, StringType)
    return F.substring(column(name), 1, LONGEST).alias(name) if is_text else column(name)
