"""Two profiles → what differs by how much, and for which features there is both an effect and evidence of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import false_discovery_control

from skewless.config import Monitoring
from skewless.runs.monitor.drift.divergence import (
    Divergences,
    Homogeneity,
    by_chance,
    divergences,
    homogeneity,
    kolmogorov_smirnov,
    rate_p_value,
)
from skewless.runs.monitor.profile.bins import Bins, CategoryBins, Ints, NumberBins
from skewless.runs.monitor.profile.profile import EVERYTHING, Counts, Group

DISTRIBUTION, NULLS, NANS, ZEROS, NEW = "distribution", "nulls", "NaN", "zeros", "new categories"


class Pair(NamedTuple):
    """One feature of one group on both sides."""

    feature: str
    group: Group
    bins: Bins
    reference: Counts
    current: Counts


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

    def rate(self, of: str) -> tuple[float, float]:
        """The share of the training side and the current one; 0 where there are no rows."""
        reference, current = self.counts.get(of, (0, 0))
        return reference / max(self.reference_rows, 1), current / max(self.current_rows, 1)


@dataclass(frozen=True)
class Test:
    """One thing that may have changed: the size of the effect, the least that matters, and the evidence."""

    of: str
    effect: float
    least: float
    p_value: float


@dataclass(frozen=True)
class Finding:
    """What is said of one feature in one group; `alerts` are the tests with both effect and evidence."""

    measures: Measures
    tests: tuple[Test, ...]
    alerts: tuple[Test, ...]
    is_alert: bool
    reason: str

    @property
    def feature(self) -> str:
        return self.measures.pair.feature

    @property
    def group(self) -> Group:
        return self.measures.pair.group


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
    return Measures(pair, size, current_size, apart, test, ks, counts)


def _new_among_others(counts: Ints, bins: CategoryBins) -> Ints:
    """Where training has values only once, new ones are to be expected, and count with the others."""
    together = counts.copy()
    together[bins.new - 1] += together[bins.new]
    together[bins.new] = 0
    return together


def judged(pairs: Iterable[Pair], watch: Monitoring) -> list[Finding]:
    """A finding for each pair. False alarms are held down over all tests of all pairs (Benjamini and Hochberg 1995)."""
    found = [measured(pair, watch) for pair in pairs]
    tests = [tests_of(each, watch) for each in found]
    run_range = _cut([test.p_value for each in tests for test in each], watch.false_alarms)
    return [_finding(each, of, run_range, watch) for each, of in zip(found, tests, strict=True)]


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
    return tuple(tests)


def _cut(p_values: Sequence[float], share: float) -> float:
    """Up to which p-value there is evidence: the share times the tests that have it, by all tests."""
    if not p_values:
        return share
    found = int(np.sum(false_discovery_control(p_values) <= share))
    return share * max(found, 1) / len(p_values)


def _finding(measures: Measures, tests: tuple[Test, ...], run_range: float, watch: Monitoring) -> Finding:
    alerts = tuple(test for test in tests if test.effect >= test.least and test.p_value <= run_range)
    is_watched = watch.of(measures.pair.feature).alert
    if not tests:
        return Finding(measures, tests, (), False, _insufficient(measures, watch))
    told = [_told(test, measures, run_range) for test in alerts] or [_nothing(tests, measures, run_range)]
    reason = "; ".join(told)
    if alerts and not is_watched:
        reason = f"not watched (alert: false): {reason}"
    return Finding(measures, tests, alerts, bool(alerts) and is_watched, reason)


def _insufficient(measures: Measures, watch: Monitoring) -> str:
    rows, current = measures.reference_rows, measures.current_rows
    if min(rows, current) < watch.min_rows:
        return f"insufficient: {current:,} values against {rows:,}; below {watch.min_rows} nothing is said"
    return f"insufficient: {current:,} values, all in bins that expect fewer than 5"


def _told(test: Test, measures: Measures, run_range: float) -> str:
    """An alert in words: the effect beside the least that matters, the evidence beside what chance gives."""
    if test.of == DISTRIBUTION:
        chance = _chance(measures, run_range)
        return (
            f"distribution: PSI {test.effect:.3f} (matters from {test.least:g}; by chance up to {chance:.3f})"
            + (f", p {_p(test.p_value)}")
        )
    before, now = measures.rate(test.of)
    expected = " expected" if test.of == NEW else ""
    return (
        f"{test.of}: {now:.2%} against {before:.2%}{expected} (matters from {test.least:.2%}), "
        f"p {_p(test.p_value)}"
    )


def _nothing(tests: tuple[Test, ...], measures: Measures, run_range: float) -> str:
    """Why there is no alert, told of the test that comes closest."""
    test = next((each for each in tests if each.of == DISTRIBUTION), tests[0])
    sized = [each for each in tests if each.p_value <= run_range]
    if sized:
        test = max(sized, key=lambda each: each.effect / each.least if each.least else 0)
        return f"evidence (p {_p(test.p_value)}) of an effect too small to matter: {_size(test)}"
    if test.effect >= test.least:
        chance = f", by chance up to {_chance(measures, run_range):.3f}" if test.of == DISTRIBUTION else ""
        return f"no evidence: {_size(test)}{chance}, p {_p(test.p_value)}"
    return f"no drift: {_size(test)}"


def _size(test: Test) -> str:
    if test.of == DISTRIBUTION:
        return f"PSI {test.effect:.3f} (matters from {test.least:g})"
    return f"{test.of} differ by {test.effect:.2%} (matters from {test.least:.2%})"


def _chance(measures: Measures, run_range: float) -> float:
    assert measures.homogeneity is not None, "a test of the distribution"
    return by_chance(measures.reference_rows, measures.current_rows, measures.homogeneity.freedom, run_range)


def _p(p_value: float) -> str:
    return f"= {p_value:.2g}" if p_value >= 1e-12 else "< 1e-12"


def pairs_of(
    features: Iterable[str],
    bins: Mapping[str, Bins],
    reference: Mapping[Group, Mapping[str, Counts]],
    current: Mapping[Group, Mapping[str, Counts]],
    groups: Iterable[Group],
) -> list[Pair]:
    """Each feature of each group beside the same group of the reference, where it has it, else the whole of it."""
    names = list(features)
    return [
        Pair(name, group, bins[name], reference.get(group, reference[EVERYTHING])[name], current[group][name])
        for group in groups
        for name in names
    ]
