"""One feature of one group on both sides → all measures of how far apart they are, and the tests that rows allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from skewless.config import Monitoring
from skewless.parts.profile.bins import Bins, CategoryBins, Ints, NumberBins
from skewless.parts.profile.divergence import (
    Divergences,
    Homogeneity,
    divergences,
    homogeneity,
    kolmogorov_smirnov,
    rate_p_value,
)
from skewless.runs.watch.monitor.drift.concentration import (
    Change,
    Concentration,
    Names,
    Values,
    concentration,
    greatest_gain,
    greatest_loss,
    rare_ones_gone,
    values_of,
)
from skewless.runs.watch.monitor.profile.profile import Counts, Group

DISTRIBUTION, NULLS, NANS, ZEROS, NEW = "distribution", "nulls", "NaN", "zeros", "new categories"
ONE_VALUE, GONE, RARE = "one value", "gone category", "rare categories"

LEAST_GONE = 0.25
"""Rare categories that are gone matter from this share of all training values on, beyond what chance leaves out."""


class Pair(NamedTuple):
    """One feature of one group on both sides; `names` say which value fills a cell, where one does."""

    feature: str
    group: Group
    bins: Bins
    reference: Counts
    current: Counts
    names: Names = MappingProxyType({})

    @property
    def values(self) -> Values:
        return values_of(self.bins, self.reference, self.current)


@dataclass(frozen=True)
class Measures:
    """How far apart the two sides of a pair are; None where one side has no value, or the kind has no such measure.

    Rates are of the rows that have the feature; `new` is of the training side the share of values that it has once,
    which is what new values are to be expected (Good 1953).
    """

    pair: Pair
    reference_rows: int
    current_rows: int
    divergences: Divergences | None
    homogeneity: Homogeneity | None
    ks: float | None
    counts: Mapping[str, tuple[int, int]]
    concentration: tuple[Concentration, Concentration] | None = None

    def rate(self, of: str) -> tuple[float, float]:
        """The share of the training side and the current one; 0 where there are no rows."""
        reference, current = self.counts.get(of, (0, 0))
        return reference / max(self.reference_rows, 1), current / max(self.current_rows, 1)


@dataclass(frozen=True)
class Test:
    """One thing that may have changed: the size of the effect, the least that matters, and the evidence.

    `change` is what a test chose of several that may have changed.
    """

    of: str
    effect: float
    least: float
    p_value: float
    change: Change | None = None


def measured(pair: Pair, watch: Monitoring) -> Measures:
    """All measures of one pair."""
    reference, current = pair.reference.by_bin, pair.current.by_bin
    size, current_size = pair.reference.total, pair.current.total
    counts = {NULLS: (int(reference[pair.bins.null]), int(current[pair.bins.null]))}
    ks = None
    if isinstance(pair.bins, NumberBins):
        counts[NANS] = int(reference[pair.bins.nan]), int(current[pair.bins.nan])
        counts[ZEROS] = pair.reference.zeros, pair.current.zeros
        ks = kolmogorov_smirnov(reference[pair.bins.ordered], current[pair.bins.ordered])
    elif pair.bins.known is not None:
        counts[NEW] = pair.bins.once, int(current[pair.bins.new])
    if not size or not current_size:
        return Measures(pair, size, current_size, None, None, None, counts)
    if isinstance(pair.bins, CategoryBins) and pair.bins.once:
        reference, current = (_new_among_others(side, pair.bins) for side in (reference, current))
    apart = divergences(reference, current, watch.smoothing)
    test = homogeneity(reference, current, watch.design_effect)
    held = concentration(pair.values, pair.names)
    return Measures(pair, size, current_size, apart, test, ks, counts, held)


def _new_among_others(counts: Ints, bins: CategoryBins) -> Ints:
    """Where training has values only once, new ones are to be expected, and count with the others."""
    together = counts.copy()
    together[bins.new - 1] += together[bins.new]
    together[bins.new] = 0
    return together


def tests_of(measures: Measures, watch: Monitoring) -> tuple[Test, ...]:
    """The tests that the rows of a pair allow; none where there are too few."""
    rows, current_rows = measures.reference_rows, measures.current_rows
    if min(rows, current_rows) < watch.min_rows:
        return ()
    own = watch.of(measures.pair.feature)
    tests = []
    if measures.homogeneity and measures.divergences:
        tests.append(
            Test(DISTRIBUTION, measures.divergences.psi, own.min_psi or 0, measures.homogeneity.p_value)
        )
    least = {
        NULLS: own.min_null_rate,
        NANS: own.min_null_rate,
        ZEROS: own.min_zero_rate,
        NEW: own.min_new_rate,
    }
    for of, (reference, current) in measures.counts.items():
        if not 0 < reference + current < rows + current_rows:
            continue  # nothing that could differ
        before, now = measures.rate(of)
        effect = now - before if of == NEW else abs(now - before)
        p_value = rate_p_value(reference, rows, current, current_rows, watch.design_effect)
        tests.append(Test(of, effect, least[of] or 0, p_value))
    return (*tests, *_of_single_values(measures.pair, own.min_psi or 0, own.min_new_rate or 0, watch))


def _of_single_values(pair: Pair, psi: float, rate: float, watch: Monitoring) -> Iterator[Test]:
    """What bins taken together would hide."""
    values, effect = pair.values, watch.design_effect
    gain = greatest_gain(values, pair.names, psi, watch.smoothing, effect)
    if gain is not None:
        yield Test(ONE_VALUE, gain.effect, psi, gain.p_value, gain)
    if isinstance(pair.bins, CategoryBins):
        for of, change, least in (
            (GONE, greatest_loss(values, effect), rate),
            (RARE, rare_ones_gone(values, effect), LEAST_GONE),
        ):
            if change is not None:
                yield Test(of, change.effect, least, change.p_value, change)
