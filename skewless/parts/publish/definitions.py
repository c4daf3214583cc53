"""Commits and their manifests → which T of a training set's table hold the rows of which definition.

A definition is a plan with its functions' code, known by the plan's fingerprint. A build without a range puts one in
the place of all; a range puts its own in the place of what stood in it. Manifests carry the state after their commit,
so that a nightly run reads one of them and not one a night since the beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from skewless.ground.instants import DAY_IN_MICROSECONDS, EPOCH, MICROSECOND, micros_of
from skewless.ground.run.manifest import WrittenDefinition
from skewless.ground.run.ranges import RunRange

Span = tuple[int, int]
"""T in [start, end), in microseconds since the epoch."""

BEGINNING, END = -(2**63), 2**63 - 1
"""The open ends of spans: before and after every T."""


@dataclass(frozen=True)
class Definition:
    """What built the rows with T in `spans`, which are apart and ascend, and, with `null_times`, those without a T.

    `version` is the newest one that it built, whose manifest has its plan; None for a commit that is still to come.
    """

    fingerprint: str
    version: int | None
    spans: tuple[Span, ...]
    null_times: bool = False

    @classmethod
    def written(cls, document: WrittenDefinition, version: int) -> Definition:
        """As a manifest has it, of which `version` is the commit."""
        spans = tuple(
            (_bound(each["start"], BEGINNING), _bound(each["end"], END)) for each in document["ranges"]
        )
        known = document["version"]
        return cls(
            document["fingerprint"], version if known is None else known, spans, document["null_times"]
        )

    def to_json(self, dates: Collection[date | None] | None = None) -> WrittenDefinition:
        """As a manifest has it; `dates` are those of its rows, told where it is not the only definition."""
        return {
            "fingerprint": self.fingerprint,
            "version": self.version,
            "ranges": [{"start": _iso(start, BEGINNING), "end": _iso(end, END)} for start, end in self.spans],
            "null_times": self.null_times if dates is None else None in dates,
            "dates": None if dates is None else [str(day) for day in dates if day is not None],
        }

    def dates_of(self, standing: Iterable[date | None]) -> list[date | None]:
        """Those of the dates that rows stand in that this definition has a part of, ascending, None (no T) last."""
        dates = [
            day for day in standing if (self.null_times if day is None else meets(self.spans, day_of(day)))
        ]
        return sorted(dates, key=lambda day: (day is None, day))

    def outside(self, run_range: RunRange) -> Definition:
        """What of it a run leaves as it is."""
        if run_range.without_times:
            return replace(self, null_times=False)
        if not run_range.is_range:
            return replace(self, spans=(), null_times=False)
        return replace(self, spans=without(self.spans, [span_of(run_range)]))

    @property
    def is_gone(self) -> bool:
        return not self.spans and not self.null_times


def after(
    standing: Sequence[Definition], run_range: RunRange, fingerprint: str, version: int | None = None
) -> list[Definition]:
    """What stands where a run of this range, by the definition of this fingerprint, has been published."""
    left = [each.outside(run_range) for each in standing]
    own = next((each for each in left if each.fingerprint == fingerprint), None)
    taken = () if run_range.without_times else (span_of(run_range),)
    spans = joined([*(own.spans if own else ()), *taken])
    null_times = run_range.without_times or not run_range.is_range or bool(own and own.null_times)
    others = [each for each in left if each.fingerprint != fingerprint and not each.is_gone]
    return [*others, Definition(fingerprint, version, spans, null_times)]


def span_of(run_range: RunRange) -> Span:
    start, end = run_range.start, run_range.end
    return (BEGINNING if start is None else micros_of(start), END if end is None else micros_of(end))


def day_of(day: date) -> Span:
    start = (day - EPOCH.date()).days * DAY_IN_MICROSECONDS
    return start, start + DAY_IN_MICROSECONDS


def meets(spans: Iterable[Span], other: Span) -> bool:
    return any(start < other[1] and other[0] < end for start, end in spans)


def without(spans: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """The spans less what is taken from them.

    >>> without([(0, 10), (20, 30)], [(5, 25)])
    ((0, 5), (25, 30))
    """
    left = list(spans)
    for first, last in taken:
        parts = [part for start, end in left for part in ((start, min(end, first)), (max(start, last), end))]
        left = [(start, end) for start, end in parts if start < end]
    return tuple(left)


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same T in as few spans as can be.

    >>> joined([(10, 20), (0, 10), (30, 40)])
    ((0, 20), (30, 40))
    """
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def runs_of(dates: Collection[date | None]) -> list[str]:
    """Dates as text, those that follow one another as `first to last`.

    >>> runs_of([date(2024, 5, 1), date(2024, 5, 2), date(2024, 5, 9), None])
    ['2024-05-01 to 2024-05-02', '2024-05-09', 'rows without a T']
    """
    found: list[list[date]] = []
    for day in sorted(day for day in dates if day is not None):
        if found and day - found[-1][-1] == timedelta(days=1):
            found[-1].append(day)
        else:
            found.append([day])
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in found]
    return [*texts, "rows without a T"] if None in dates else texts


def _bound(text: str | None, open_end: int) -> int:
    return open_end if text is None else micros_of(datetime.fromisoformat(text))


def _iso(micros: int, open_end: int) -> str | None:
    return None if micros == open_end else (EPOCH + micros * MICROSECOND).isoformat()
