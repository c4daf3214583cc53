"""Lines that are in no record of the table → rows of the table for rejected lines, each line once."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from skewless.ground.instants import literal
from skewless.parts.log.table import REJECTIONS

SAME_LINE = "old.rejection_id = new.rejection_id"
_NAMES_A_RECORD = '"record_id":"'


def rejected_lines(lines: DataFrame, now: datetime) -> DataFrame:
    """Lines that are no record, from columns file, raw and reason.

    Such a line is known by its text and which of the equal lines of its file it is. If it names a record, it is
    the same line in a copy of the file too; else the file tells lines apart.
    """
    twin = F.row_number().over(Window.partitionBy("file", "raw").orderBy("raw"))
    names_a_record = F.contains(F.col("raw").cast("string"), F.lit(_NAMES_A_RECORD))
    origin = F.when(names_a_record, F.lit("")).otherwise(F.col("file"))
    known_by = F.concat_ws(" ", F.sha2("raw", 256), F.col("twin").cast("string"), origin)
    rows = lines.select("file", "raw", "reason", twin.alias("twin"))
    return _rows(rows, F.sha2(known_by, 256), F.lit(None).cast("string"), now)


def rejected_records(records: DataFrame, now: datetime) -> DataFrame:
    """Whole records that no column holds, from columns file, raw, reason and record_id."""
    return _rows(records, F.col("record_id"), F.col("record_id"), now)


def _rows(lines: DataFrame, rejection_id: Column, record_id: Column, now: datetime) -> DataFrame:
    text = F.col("raw").cast("string")
    copy = F.row_number().over(Window.partitionBy(rejection_id).orderBy("file", "raw"))
    rows = lines.select(
        rejection_id.alias("rejection_id"),
        record_id.alias("record_id"),
        "file",
        "reason",
        F.make_valid_utf8(text).alias("raw"),
        F.when(~F.is_valid_utf8(text), F.col("raw")).alias("raw_bytes"),
        literal(now).alias("rejected_at"),
        copy.alias("copy"),
    )
    return rows.where("copy = 1").select(*REJECTIONS.names)
