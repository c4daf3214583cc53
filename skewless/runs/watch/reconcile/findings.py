"""What a reconciliation found: counts, rates with intervals, causes, and whether any of it is an alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, NamedTuple

from skewless.config import Reconcile
from skewless.skew.causes.judging import UNKNOWN, Verdict
from skewless.skew.compare import Counts
from skewless.skew.mismatch_examples import Example
from skewless.skew.store_age import StoreAges

_Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution, for intervals of 95%."""


@dataclass(frozen=True)
class Finding:
    """One logged feature. `verdict` is None where nothing differs, and so is `differences`: of the mismatching
    numbers logged less recomputed, the least, the 5th, 50th and 95th percentile, and the greatest.

    `trends`: dimension (day, model version, host, a tag) → its value → counts.
    """

    name: str
    counts: Counts
    verdict: Verdict | None
    differences: tuple[float, ...] | None
    examples: tuple[Example, ...]
    trends: Mapping[str, Mapping[str, Counts]]

    @property
    def rate(self) -> float | None:
        return self.counts.mismatched / self.counts.compared if self.counts.compared else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.counts.mismatched, self.counts.compared)

    @property
    def likely(self) -> Verdict:
        """The verdict, `unknown` where there is none."""
        return self.verdict or Verdict(UNKNOWN, 0.0, "")

    def to_json(self) -> dict[str, Any]:
        """The contract's object of one feature."""
        found = self.verdict
        return {
            "compared": self.counts.compared,
            "mismatched": self.counts.mismatched,
            "mismatch_rate": self.rate,
            "cause": found and found.cause,
            "confidence": found.confidence if found else 0.0,
            "detail": found.detail if found else "",
        }


class Cause(NamedTuple):
    """One fault of serving with all features that it reached, the worst first.

    `since` is the first day, as the log names it, on which one of them differs; None where no day is known.
    """

    name: str
    root: str
    features: tuple[Finding, ...]

    @property
    def since(self) -> str | None:
        days = (
            day
            for each in self.features
            for day, counts in each.trends.get("day", {}).items()
            if counts.mismatched and day != "null"
        )
        return min(days, default=None)


@dataclass(frozen=True)
class Reconciliation:
    """A log held against its training set. `unmatched` records could be held against nothing; `unknown_names` names in
    the log are no columns of the training set. `span` says which T, None for all. `store_ages` is None
    where no record names its online store.
    """

    training_set: str
    span: str | None
    rows: int
    unmatched: int
    findings: tuple[Finding, ...]
    unknown_names: tuple[str, ...]
    allowed: Reconcile
    store_ages: StoreAges | None = None

    @property
    def differing(self) -> tuple[Finding, ...]:
        """The features that differ, the worst first."""
        found = [each for each in self.findings if each.rate]
        return tuple(sorted(found, key=lambda each: (-(each.rate or 0.0), each.name)))

    @property
    def alerts(self) -> tuple[Finding, ...]:
        """The features that differ more often than is allowed, the worst first."""
        over = [each for each in self.findings if (each.rate or 0.0) > self.allowed.rate_of(each.name)]
        return tuple(sorted(over, key=lambda each: -(each.rate or 0.0)))

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What is behind the features that differ, by cause and root, that of the worst feature first."""
        behind: dict[tuple[str, str], list[Finding]] = {}
        for each in self.differing:
            behind.setdefault((each.likely.cause, each.likely.root), []).append(each)
        return tuple(Cause(name, root, tuple(features)) for (name, root), features in behind.items())

    def to_json(self) -> dict[str, Any]:
        """The contract's `--json` object of `reconcile`."""
        return {
            "training_set": self.training_set,
            "rows": self.rows,
            "unmatched": self.unmatched,
            "features": {each.name: each.to_json() for each in self.findings},
        }


def wilson(events: int, trials: int) -> tuple[float, float] | None:
    """The 95% interval of a rate (Wilson 1927); None of nothing.

    >>> [round(bound, 4) for bound in wilson(0, 100)]
    [0.0, 0.037]
    """
    if not trials:
        return None
    rate, weight = events / trials, _Z * _Z / trials
    centre = (rate + weight / 2) / (1 + weight)
    half = _Z * sqrt(rate * (1 - rate) / trials + weight / (4 * trials)) / (1 + weight)
    low = 0.0 if events == 0 else max(0.0, centre - half)
    return low, 1.0 if events == trials else min(1.0, centre + half)
