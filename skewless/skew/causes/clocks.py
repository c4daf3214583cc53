"""Wall clocks over many instants at once: zones and fixed offsets, calendar units, and clocks taken for one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

QUARTER = 900_000_000
DAY = 86_400_000_000
FURTHEST = 56
"""Quarters of an hour in 14 hours, the furthest that clocks are apart."""

_EPOCH = datetime(1970, 1, 1)


class Clock(NamedTuple):
    """A zone's clock, or one that is always `offset` microseconds ahead of UTC."""

    name: str
    zone: ZoneInfo | None = None
    offset: int = 0

    def wall(self, instants: Ints) -> Ints:
        """What the clock reads, as microseconds since its 1970."""
        return instants + self._offsets(instants, is_wall=False)

    def instants(self, walls: Ints) -> Ints:
        """When the clock reads so: the earlier instant of a repeated hour, the later wall time of a skipped one."""
        return walls - self._offsets(walls, is_wall=True)

    def _offsets(self, moments: Ints, *, is_wall: bool) -> Ints:
        """Asked once for each quarter of an hour, at which alone clocks are changed."""
        if self.zone is None:
            return np.full(len(moments), self.offset, dtype=np.int64)
        quarters, which = np.unique(moments // QUARTER, return_inverse=True)
        offsets = [_offset(self.zone, int(quarter) * QUARTER, is_wall) for quarter in quarters]
        return np.array(offsets, dtype=np.int64)[which] if offsets else np.zeros(0, dtype=np.int64)


UTC = Clock("UTC")


def zone_clocks(zones: Iterable[str]) -> list[Clock]:
    """UTC and the declared zones, each once."""
    return [UTC, *(Clock(name, ZoneInfo(name)) for name in dict.fromkeys(zones) if name != "UTC")]


def offset_clocks() -> list[Clock]:
    """Clocks a multiple of 15 minutes away from UTC, up to 14 hours, the nearest first."""
    return [Clock(shown(quarters), None, quarters * QUARTER) for quarters in quarter_shifts()]


def quarter_shifts() -> list[int]:
    """Multiples of 15 minutes up to 14 hours either way: whole hours first, then the nearest."""
    shifts = [sign * size for size in range(1, FURTHEST + 1) for sign in (1, -1)]
    return sorted(shifts, key=lambda quarters: (quarters % 4 != 0, abs(quarters)))


class Move(NamedTuple):
    """A clock taken for another: an instant read off `shown_by` as if `read_as` had shown it.

    `quarters` of an hour is how far it moves every instant, None where that depends on the zones.
    """

    detail: str
    shown_by: Clock
    read_as: Clock
    quarters: int | None = None

    def __call__(self, instants: Ints) -> Ints:
        return self.read_as.instants(self.shown_by.wall(instants))


def moves(clocks: list[Clock]) -> Iterator[Move]:
    """Every way in which declared clocks can be taken for one another, then fixed shifts."""
    for one in clocks:
        for other in clocks:
            if one != other:
                yield Move(f"{one.name} time read as {other.name}", one, other)
    for quarters in quarter_shifts():
        yield Move(f"moved by {shown(quarters)}", Clock("", None, quarters * QUARTER), UTC, quarters)


def shown(quarters: int) -> str:
    """A number of quarters of an hour as `+5h30m`.

    >>> shown(22), shown(-20), shown(1)
    ('+5h30m', '-5h', '+15m')
    """
    hours, rest = divmod(abs(quarters), 4)
    parts = [f"{hours}h" if hours else "", f"{rest * 15}m" if rest else ""]
    return ("-" if quarters < 0 else "+") + "".join(parts)


def unit_start(at: Ints, clock: Clock, unit: str, back: int) -> Ints:
    """When the calendar unit began on this clock that lies `back` units before the one of each instant."""
    days = clock.wall(at) // DAY
    if unit == "month":
        months = days.astype("datetime64[D]").astype("datetime64[M]") - back
        first = months.astype("datetime64[D]").astype(np.int64)
    elif unit == "week":
        first = days - (days + 3) % 7 - 7 * back  # 1970 began on a Thursday
    else:
        first = days - back
    return clock.instants(first * DAY)


def _offset(zone: ZoneInfo, moment: int, is_wall: bool) -> int:
    wall = _EPOCH + timedelta(microseconds=moment)
    local = wall.replace(tzinfo=zone) if is_wall else wall.replace(tzinfo=timezone.utc).astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None, "a zone has an offset at every moment"
    return offset // timedelta(microseconds=1)
