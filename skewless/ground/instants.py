"""Time columns as instants: exact to the microsecond and independent of any session's or process's zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, TimestampNTZType, TimestampType

from skewless.ground.spark_columns import quoted

MICROSECOND = timedelta(microseconds=1)
DAY_IN_MICROSECONDS = timedelta(days=1) // MICROSECOND


EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def micros_of(moment: datetime) -> int:
    """An aware datetime as microseconds since the epoch."""
    return (moment - EPOCH) // MICROSECOND


def utc(micros: int) -> str:
    """Microseconds since the epoch as an ISO time, whole seconds without a fraction."""
    return f"{np.datetime64(micros, 'us')}Z".replace(".000000Z", "Z")


def literal(moment: datetime) -> Column:
    """An aware datetime as a timestamp; `lit` would read it in the process's zone."""
    return F.timestamp_micros(F.lit(micros_of(moment)))


def refusal(data_type: DataType, zone: str | None) -> str | None:
    """Why a column of this type cannot be a time column, or None where it can (J9)."""
    if isinstance(data_type, (TimestampType, DateType)):
        return None
    if isinstance(data_type, TimestampNTZType):
        return None if zone else "is TIMESTAMP_NTZ, a clock time without a zone; declare timezone: Area/City"
    return f"is {data_type.simpleString()}; a time column is a timestamp, or a date"


def instant(column: Column, data_type: DataType, zone: str | None) -> Column:
    """The instant of a time column; null stays null.

    A date is midnight of the zone, else of UTC. A clock time in the autumn fold is the earlier instant, one in the
    spring gap the later wall time (java.time's ZonedDateTime.of, which make_timestamp calls).
    """
    if isinstance(data_type, TimestampType):
        return column
    day = (F.year(column), F.month(column), F.dayofmonth(column))
    if isinstance(data_type, DateType):
        return F.make_timestamp(*day, F.lit(0), F.lit(0), F.lit(0), F.lit(zone or "UTC"))
    seconds = F.extract(F.lit("SECOND"), column)
    return F.make_timestamp(*day, F.hour(column), F.minute(column), seconds, F.lit(zone))


def instant_sql(name: str, data_type: DataType, zone: str | None) -> str:
    """`instant` as SQL text, for Delta's predicates over published columns."""
    value = quoted(name)
    if isinstance(data_type, TimestampType):
        return value
    clock = "0, 0, 0"
    if isinstance(data_type, TimestampNTZType):
        clock = f"hour({value}), minute({value}), extract(SECOND FROM {value})"
    day = f"year({value}), month({value}), day({value})"
    return f"make_timestamp({day}, {clock}, '{zone or 'UTC'}')"


def later(column: Column, delay: timedelta) -> Column:
    """The instant after a delay. Micros, since adding an interval of days follows the session's calendar."""
    return column if not delay else F.timestamp_micros(F.unix_micros(column) + F.lit(delay // MICROSECOND))


def utc_date(column: Column) -> Column:
    """The UTC date of an instant; null stays null."""
    micros = F.unix_micros(column)
    midnight = micros - F.pmod(micros, F.lit(DAY_IN_MICROSECONDS))
    return F.date_from_unix_date(F.call_function("div", midnight, F.lit(DAY_IN_MICROSECONDS)).cast("int"))


def could_be_within(column: Column, data_type: DataType, since: int | None, until: int | None) -> Column:
    """A predicate on the raw column that file statistics and partitions can answer: true wherever the instant may
    lie in [since, until] (microseconds since the epoch, either end open), and for null.
    """
    return stats_range(column, data_type, since, until) | column.isNull()


def stats_range(column: Column, data_type: DataType, since: int | None, until: int | None) -> Column:
    """The same, and null for null, so that files are ruled out which hold nulls and nothing within.

    Dates and clock times are compared with two days to spare, more than any zone's offset.
    """
    spare = 0 if isinstance(data_type, TimestampType) else 2 * DAY_IN_MICROSECONDS
    possible = F.lit(True)
    if since is not None:
        possible &= column >= F.timestamp_micros(F.lit(since - spare)).cast(data_type)
    if until is not None:
        possible &= column <= F.timestamp_micros(F.lit(until + spare)).cast(data_type)
    return possible
