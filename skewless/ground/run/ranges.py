"""Which T a run is about, and by when it has to be known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from pyspark.sql import Column
from pyspark.sql import functions as F

from skewless.ground.instants import micros_of
from skewless.ground.run.half_open import Bound, HalfOpen


class WrittenRange(TypedDict):
    """A range as JSON has it: ISO times, None for an open end."""

    as_of: str
    start: str | None
    end: str | None


@dataclass(frozen=True)
class RunRange:
    """The part of the label events that a run is about: T in [start, end), either end open, known by `as_of`.

    All three are aware datetimes. A range holds no null T; without one, null T are kept. `without_times` is the range
    of the null T alone, for a whole training set that is built in pieces.
    """

    as_of: datetime
    start: datetime | None = None
    end: datetime | None = None
    without_times: bool = False

    @classmethod
    def written(cls, document: Mapping[str, Any]) -> RunRange:
        """The range of a manifest, or of another object with what `to_json` gives."""
        bounds = (document["start"], document["end"])
        start, end = (None if bound is None else datetime.fromisoformat(bound) for bound in bounds)
        as_of = datetime.fromisoformat(document["as_of"])
        return cls(as_of, start, end, document.get("without_times", False))

    def to_json(self) -> WrittenRange:
        return {
            "as_of": self.as_of.isoformat(),
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
        }

    @property
    def is_range(self) -> bool:
        return self.start is not None or self.end is not None or self.without_times

    @property
    def half_open(self) -> HalfOpen:
        """The range in microseconds."""
        start, end = (None if bound is None else micros_of(bound) for bound in (self.start, self.end))
        return HalfOpen(start, end)

    @property
    def latest(self) -> int:
        """The greatest T that this run can take, in microseconds: the end itself belongs to the next range."""
        as_of = micros_of(self.as_of)
        return as_of if self.end is None else min(as_of, micros_of(self.end) - 1)

    def holds(self, t: Column) -> Column:
        """Whether an instant lies in the range: at its start it does, at its end it does not; never null.

        Conditions that are joined by `and`, so that files are ruled out by each of them.
        """
        if self.without_times:
            return t.isNull()
        is_within = t.isNotNull() if self.is_range else F.lit(True)
        for comparison, micros in self.half_open.instants:
            is_within &= Bound(comparison, F.timestamp_micros(F.lit(micros))).holds(t)
        return is_within

    def __str__(self) -> str:
        if self.without_times:
            return "{null}"
        start = self.start.isoformat() if self.start else "the beginning"
        end = self.end.isoformat() if self.end else "the end"
        return f"[{start}, {end})"
