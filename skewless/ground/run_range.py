"""Which T a run is about, and by when it has to be known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from skewless.ground.instants import micros_of


@dataclass(frozen=True)
class RunRange:
    """The part of the label events that a run is about: T in [start, end), either end open, known by `as_of`.

    All three are aware datetimes. A range holds no null T; without one, null T are kept.
    """

    as_of: datetime
    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_range(self) -> bool:
        return self.start is not None or self.end is not None

    @property
    def latest(self) -> int:
        """The greatest T that this run can take, in microseconds: the end itself belongs to the next range."""
        as_of = micros_of(self.as_of)
        return as_of if self.end is None else min(as_of, micros_of(self.end) - 1)

    def __str__(self) -> str:
        start = self.start.isoformat() if self.start else "the beginning"
        end = self.end.isoformat() if self.end else "the end"
        return f"[{start}, {end})"
