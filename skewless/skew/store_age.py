"""How old the online store was that served the records of a log."""

from __future__ import annotations

from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

MATERIALIZED_AT = "materialized_at"
HOUR = 3_600_000_000


class StoreAges(NamedTuple):
    """Of how many records a store is known, and by how many microseconds before T it was materialised."""

    records: int
    median: int
    greatest: int

    @classmethod
    def found(cls, row: Any) -> StoreAges | None:
        """What `ages_of` gave; None where no record names a store."""
        return cls(*row) if row and row["records"] else None

    def __str__(self) -> str:
        """
        >>> str(StoreAges(1200, HOUR, 26 * HOUR))
        '1,200 records came of an online store, 1 hour old in the median and 26 hours at most'
        """
        return (
            f"{self.records:,} records came of an online store, {hours(self.median)} old in the median and "
            f"{hours(self.greatest)} at most"
        )


def ages_of() -> Column:
    """One struct over all records, with the fields of StoreAges; the median is one of the ages, or near it."""
    age = F.unix_micros("event_timestamp") - F.unix_micros(MATERIALIZED_AT)
    # An exact median would hold each distinct age in memory.
    return F.struct(
        F.count(age).alias("records"),
        F.percentile_approx(age, 0.5).alias("median"),
        F.max(age).alias("greatest"),
    )


def with_materialized_at(records: DataFrame) -> DataFrame:
    """The records, that column of them null where they are no feature log's but scored rows."""
    if MATERIALIZED_AT in records.columns:
        return records
    return records.withColumn(MATERIALIZED_AT, F.lit(None).cast("timestamp"))


def hours(microseconds: float) -> str:
    """
    >>> hours(26 * HOUR), hours(0.75 * HOUR)
    ('26 hours', '0.75 hours')
    """
    number = f"{microseconds / HOUR:,.3g}"
    return f"{number} {'hour' if number == '1' else 'hours'}"
