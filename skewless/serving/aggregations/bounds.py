"""Where a window begins and ends: T in microseconds since 1970 → the half-open range of its events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple, cast

from skewless.serving.errors import nearest
from skewless.serving.values.durations import microseconds
from skewless.serving.values.instants import local_micros, micros, read_zone

TYPE_CHECKING = False

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

UNITS = ("day", "week", "month")
LONGEST_CALENDAR = 100_000
UTC_NAMES = frozenset(
    [f"{area}{name}" for area in ("", "Etc/") for name in ("UTC", "UCT", "Universal", "Zulu", "Greenwich")]
    + [f"{area}GMT{hours}" for area in ("", "Etc/") for hours in ("", "0", "+0", "-0")]
)
"""Every IANA name of the zone UTC itself; a zone that keeps UTC in some years only is another one."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_CYCLE = 146_097 * 86_400_000_000
_SECOND_YEAR, _LAST_YEAR = (micros(dt.datetime(year, 1, 1, tzinfo=dt.timezone.utc)) for year in (2, 9999))
_CALENDAR_KEYS = ("calendar", "length", "timezone")


class RollingWindow(NamedTuple):
    """`length` microseconds that end `offset` before T: a day is 24 hours, whatever the clocks do.

    >>> RollingWindow(length=10, offset=3).bounds(100)
    (87, 97)
    """

    length: int
    offset: int = 0

    def bounds(self, at: int) -> tuple[int, int]:
        """The first instant inside the window and the first one behind it, for T = `at`."""
        end = at - self.offset
        return end - self.length, end


class CalendarWindow(NamedTuple):
    """`length` units of a zone's calendar up to T, the running one included, or whole ones before it.

    | offset | begins where this unit starts        | ends                          |
    | ------ | ------------------------------------ | ----------------------------- |
    | 0      | length - 1 units before T's own      | at T                          |
    | k      | k + length - 1 units before T's own  | k - 1 units before T's own    |

    A unit starts at midnight of its first day; where that midnight is repeated, at the earlier one, and
    where the clocks skip it, at the later wall time. Weeks start on Monday.
    """

    unit: str
    length: int
    zone: ZoneInfo
    offset: int = 0

    def bounds(self, at: int) -> tuple[int, int]:
        """The first instant inside the window and the first one behind it, for T = `at`.

        Units that would start before the year 1 may start with it, before which there are no events. T in the first or
        last year may be of another one, of the year 0 or 10000, on the zone's clocks.
        """
        # Python has no such years. The calendar repeats every 400 years, week days included, and so does what a zone's
        # clocks do this far from the years in which somebody changed them.
        moved = _CYCLE if at < _SECOND_YEAR else -_CYCLE if at >= _LAST_YEAR else 0
        own = (_EPOCH + dt.timedelta(microseconds=at + moved)).astimezone(self.zone).date()
        start = self._start(own, self.offset + self.length - 1) - moved
        return start, self._start(own, self.offset - 1) - moved if self.offset else at

    def _start(self, own: dt.date, back: int) -> int:
        if self.unit == "month":
            year, month = divmod(own.year * 12 + own.month - 1 - back, 12)
            first = dt.date(year, month + 1, 1) if year >= 1 else dt.date.min
        else:
            days = back if self.unit == "day" else back * 7 + own.weekday()
            first = dt.date.fromordinal(max(1, own.toordinal() - days))
        return local_micros(dt.datetime(first.year, first.month, first.day), self.zone)


Window = RollingWindow | CalendarWindow


def dates_problem(window: Window, column: str) -> str | None:
    """Why events whose times in `column` are dates of no declared zone cannot fall into a window, or None.

    They are midnight UTC, which lies in the day before wherever clocks are behind it, and during the same day
    where they are ahead. Rolling windows, and calendar ones of UTC, take them.

    >>> dates_problem(RollingWindow(86_400_000_000), "day")
    """
    if isinstance(window, RollingWindow) or window.zone.key in UTC_NAMES:
        return None
    zone = window.zone.key
    return (
        f"its window is a calendar {window.unit} of {zone}, and event timestamps (column '{column}') are dates, "
        f"midnight UTC unless a zone is declared; declare timezone: {zone}, or UTC where that is meant"
    )


def read_window(window: object, offset: object = None) -> tuple[Window | None, list[str]]:
    """The window of a configuration's `window` and `offset`, or None and every problem with them.

    `window` is a duration, or a mapping of `calendar`, `length` and `timezone`; `offset` is a duration, or
    a whole number of calendar units, and zero where it is None.

    >>> read_window("7d", "1h")
    (RollingWindow(length=604800000000, offset=3600000000), [])
    >>> read_window({"calendar": "weeks", "length": 1, "timezone": "UTC"})
    (None, ["window: calendar is 'weeks'; use day, week or month; did you mean 'week'?"])
    """
    if window is None:
        return None, ["no window; add window: 7d, for instance"]
    if isinstance(window, Mapping):
        return _read_calendar(window, offset)
    length, problems = _read_length("window", window)
    if length == 0:
        problems.append(f"window: {window!r} is empty; a window is longer than zero")
    back, offset_problems = _read_length("offset", "0s" if offset is None else offset)
    problems += offset_problems
    return (None, problems) if problems else (RollingWindow(length, back), [])


def _read_calendar(window: Mapping[object, object], offset: object) -> tuple[Window | None, list[str]]:
    problems = [_unknown_key(key) for key in window if key not in _CALENDAR_KEYS]
    missing = [key for key in _CALENDAR_KEYS if key not in window]
    if missing:
        problems.append(
            f"window: no {' and no '.join(missing)}; a calendar window needs {_listed(_CALENDAR_KEYS)}"
        )
    unit, length = window.get("calendar"), window.get("length")
    if "calendar" in window and unit not in UNITS:
        match = nearest(unit, list(UNITS)) if isinstance(unit, str) else None
        hint = f"; did you mean '{match}'?" if match else ""
        problems.append(f"window: calendar is {unit!r}; use day, week or month{hint}")
    if "length" in window and not _is_whole(length, 1):
        problems.append(f"window: length is {length!r}; write a whole number from 1 to {LONGEST_CALENDAR}")
    back = 0 if offset is None else offset
    if not _is_whole(back, 0):
        problems.append(f"offset: {back!r} beside a calendar window; write a whole number of its units")
    try:
        zone = read_zone(window["timezone"]) if "timezone" in window else None
    except ValueError as error:
        problems.append(f"window: timezone {error}")
    if problems:
        return None, problems
    return CalendarWindow(cast(str, unit), cast(int, length), cast("ZoneInfo", zone), cast(int, back)), []


def _read_length(key: str, value: object) -> tuple[int, list[str]]:
    try:
        return microseconds(value), []
    except ValueError as error:
        return -1, [f"{key}: {error}"]


def _unknown_key(key: object) -> str:
    match = nearest(str(key), list(_CALENDAR_KEYS))
    hint = f"; did you mean '{match}'?" if match else f"; it takes {_listed(_CALENDAR_KEYS)}"
    return f"window: unknown key {key!r}{hint}"


def _is_whole(value: object, least: int) -> bool:
    return type(value) is int and least <= value <= LONGEST_CALENDAR


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
