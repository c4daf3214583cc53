"""Aware datetimes, wall times and zone names → microseconds since 1970-01-01T00:00Z and zones.

Instants are integers: they compare without zones and are never naive.
"""

from __future__ import annotations

import datetime as dt

from skewless.serving.errors import nearest
from skewless.serving.values.durations import MICROSECOND

TYPE_CHECKING = False

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAY = 86_400_000_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_MACHINE_ZONES = ("localtime", "posixrules", "posix/", "right/")


def micros(moment: dt.datetime) -> int:
    """An aware datetime in microseconds since 1970.

    >>> micros(dt.datetime(1970, 1, 1, 5, 30, tzinfo=dt.timezone(dt.timedelta(hours=5.5))))
    0
    """
    since = moment - _EPOCH
    return since.days * _DAY + since.seconds * 1_000_000 + since.microseconds


def local_micros(wall: dt.datetime, zone: dt.tzinfo) -> int:
    """A wall time of a zone in microseconds since 1970: the earlier instant where the clocks repeat it,
    the instant of the later wall time where they skip it.

    >>> local_micros(dt.datetime(1970, 1, 1), read_zone("America/New_York")) // 3_600_000_000
    5
    """
    offset = wall.replace(tzinfo=zone, fold=0).utcoffset() or dt.timedelta()
    since = (wall.toordinal() - _EPOCH_DAY) * _DAY + (
        wall - dt.datetime.combine(wall, dt.time())
    ) // MICROSECOND
    return since - offset // MICROSECOND


def read_zone(name: object) -> ZoneInfo:
    """The IANA zone of a name; raises ValueError with the nearest spelling.

    >>> read_zone("America/NewYork")
    Traceback (most recent call last):
        ...
    ValueError: 'America/NewYork' is not an IANA time zone; did you mean 'America/New_York'?
    """
    from zoneinfo import ZoneInfo, available_timezones  # here, since most processes need neither

    if isinstance(name, str) and not name.startswith(_MACHINE_ZONES):
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, KeyError):  # KeyError is zoneinfo's for a zone that is not there
            pass
    known = available_timezones()
    match = nearest(name, sorted(known)) if isinstance(name, str) else None
    remedy = f"did you mean '{match}'?" if match else "write Area/City, such as America/New_York"
    if not known:
        remedy = "this machine has no zone data; install the package tzdata"
    raise ValueError(f"{name!r} is not an IANA time zone; {remedy}")
