"""Where a calendar window begins and ends at T, as Spark expressions: `CalendarWindow.bounds` for many T."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DateType

from skewless.ground.instants import instant, utc_date
from skewless.serving.aggregations.bounds import CalendarWindow


def calendar_bounds(t: Column, window: CalendarWindow) -> tuple[Column, Column]:
    """The instants at which the window begins and ends; null for a null T.

    From the start of the unit `offset + length - 1` before T's own, to T, or with an offset to the start of the unit
    `offset - 1` before it. A unit starts at midnight of its first day: the earlier one where it is repeated, the
    later wall time where the clocks skip it.
    """
    zone = window.zone.key
    # The wall clock's reading as if it were UTC, so that its date can be taken without the session's zone.
    own = utc_date(F.from_utc_timestamp(t, zone))
    start = instant(_first_day(own, window, window.offset + window.length - 1), DateType(), zone)
    if not window.offset:
        return start, t
    return start, instant(_first_day(own, window, window.offset - 1), DateType(), zone)


def _first_day(own: Column, window: CalendarWindow, back: int) -> Column:
    """The first day of the unit that lies `back` units before the one of the day `own`."""
    if window.unit == "month":
        return F.add_months(F.trunc(own, "month"), -back)
    if window.unit == "week":
        return F.date_sub(own, F.weekday(own) + F.lit(7 * back))
    return F.date_sub(own, back)
