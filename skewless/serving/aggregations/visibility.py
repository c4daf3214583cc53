"""When an event of a feature table is true and when serving can read it: dicts → instants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from skewless.serving.errors import FeatureError, nearest, shown
from skewless.serving.values.durations import microseconds
from skewless.serving.values.instants import local_micros, micros, read_zone

Row = Mapping[str, Any]
TimedRow = tuple[int, int, Row]


def last_visible(at: int, strict: bool) -> int:
    """The latest instant, in microseconds, at which a row may have happened and landed to be visible at T (J2, J6)."""
    return at - 1 if strict else at


class Visibility(NamedTuple):
    """The time columns of a feature table: an event is visible at T where its event timestamp and its
    availability are at or before T; with `strict`, where both are before T.

    `available_at` is the column of availability, the event timestamp where it is None; `delay`
    microseconds are added to either. `timezone` is the zone of naive datetimes and dates; without one,
    dates are of UTC and naive datetimes are refused.
    """

    event_timestamp: str = "event_timestamp"
    available_at: str | None = None
    delay: int = 0
    strict: bool = False
    timezone: dt.tzinfo | None = None

    @classmethod
    def of(
        cls,
        event_timestamp: str = "event_timestamp",
        available_at: str | None = None,
        delay: str | dt.timedelta | None = None,
        strict: bool = False,
        timezone: str | None = None,
    ) -> Visibility:
        """The same, with the delay and the zone as configuration writes them; FeatureError for either.

        >>> Visibility.of(delay="1s").delay
        1000000
        """
        problems = []
        length, zone = 0, None
        try:
            length = 0 if delay is None else microseconds(delay)
        except ValueError as error:
            problems.append(f"delay: {error}")
        try:
            zone = None if timezone is None else read_zone(timezone)
        except ValueError as error:
            problems.append(f"timezone: {error}")
        if problems:
            raise FeatureError(*problems)
        return cls(event_timestamp, available_at, length, strict, zone)

    def timed(self, events: Iterable[Row]) -> list[TimedRow]:
        """(event timestamp, availability, event) of the events that can match at any T, in their order.

        A null event timestamp, and a null `available_at` where that column is declared, match nothing.
        FeatureError names a column that an event lacks, and a time that is no instant.
        """
        column, available_at, delay = self.event_timestamp, self.available_at, self.delay
        known: list[TimedRow] = []
        for position, row in enumerate(events):
            try:
                moment = row[column]
                landed = moment if available_at is None else row[available_at]
            except KeyError as error:
                raise missing_column(position, str(error.args[0]), row) from None
            if moment is None or landed is None:
                continue
            event = self._instant(moment, column, position)
            if available_at is None:
                known.append((event, event + delay, row))
            else:
                known.append((event, self._instant(landed, available_at, position) + delay, row))
        return known

    def visible(self, timed: Iterable[TimedRow], at: int) -> list[TimedRow]:
        """Those of the timed events that are visible at T = `at`, in their order."""
        last = last_visible(at, self.strict)
        return [entry for entry in timed if entry[0] <= last and entry[1] <= last]

    def _instant(self, value: Any, column: str, position: int) -> int:
        if type(value) is dt.datetime:
            if value.tzinfo is dt.timezone.utc or value.utcoffset() is not None:
                return micros(value)
            if self.timezone is not None:
                return local_micros(value, self.timezone)
            found = f"naive datetime {shown(value)}; give it a time zone, or say which: timezone='Area/City'"
        elif type(value) is dt.date:
            midnight = dt.datetime(value.year, value.month, value.day)
            return local_micros(midnight, self.timezone or dt.timezone.utc)
        else:
            found = f"expected an aware datetime, found {type(value).__name__} {shown(value)}"
        raise FeatureError(f"event {position}: column '{column}': {found}")


def missing_column(position: int, column: str, row: Row) -> FeatureError:
    """The error of an event that lacks a column."""
    names = sorted(map(str, row))
    match = nearest(column, names)
    hint = f"did you mean '{match}'?" if match else f"it has {', '.join(names) or 'none at all'}"
    return FeatureError(f"event {position}: no column '{column}'; {hint}")
