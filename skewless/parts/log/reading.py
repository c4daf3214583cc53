"""What every reader of an opened log asks of it: the records of a range, and which names each of them has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from skewless.ground.instants import literal
from skewless.ground.names import EVENT_DATE
from skewless.ground.run_range import RunRange


def records_in_range(log: DataFrame, run_range: RunRange) -> DataFrame:
    """The records with T in the range; files of other days are not read where the log is partitioned by day."""
    if not run_range.is_range:
        return log
    t = F.col("event_timestamp")
    is_within = t.isNotNull()
    if run_range.start:
        is_within &= t >= literal(run_range.start)
        if EVENT_DATE in log.columns:
            is_within &= F.col(EVENT_DATE) >= F.lit(run_range.start.date())
    if run_range.end:
        is_within &= t < literal(run_range.end)
        if EVENT_DATE in log.columns:
            is_within &= F.col(EVENT_DATE) <= F.lit(run_range.end.date())
    return log.where(is_within)


def names_as_fields(asked: Mapping[str, Iterable[str]]) -> Column:
    """A record's `types` with a field, by its name in lower case, for each name asked of each part; null where the
    record does not have it, and null as a whole where it does not say.

    Fields, since looking many names up in a map takes their square.
    """
    schema = StructType()
    for part, names in asked.items():
        fields = StructType()
        for name in names:
            fields.add(name.lower(), StringType())
        schema.add(part, fields)
    return F.from_json(F.lower("types"), schema)
