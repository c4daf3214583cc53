"""Two profiles → what differs by how much, and for which features there is both an effect and evidence of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control

from skewless.config import Monitoring
from skewless.parts.profile.bins import Bins
from skewless.runs.watch.monitor.drift.concentration import Names
from skewless.runs.watch.monitor.drift.measures import ONE_VALUE, Measures, Pair, Test, measured, tests_of
from skewless.runs.watch.monitor.drift.reasons import alert_reason, insufficient_reason, nothing_reason
from skewless.runs.watch.monitor.profile.profile import EVERYTHING, Counts, Group


@dataclass(frozen=True)
class Finding:
    """What is said of one feature in one group; `alerts` are the tests with both effect and evidence.

    `cutoff` is the p-value up to which there was evidence.
    """

    measures: Measures
    tests: tuple[Test, ...]
    alerts: tuple[Test, ...]
    is_alert: bool
    reason: str
    cutoff: float = 0.0

    @property
    def feature(self) -> str:
        return self.measures.pair.feature

    @property
    def group(self) -> Group:
        return self.measures.pair.group

    @property
    def psi(self) -> float:
        """The PSI of the bins, or of one value against the rest where that alerts and is greater."""
        apart = self.measures.divergences
        of_one = [test.effect for test in self.alerts if test.of == ONE_VALUE]
        return max([apart.psi if apart else 0.0, *of_one])


def judged(pairs: Iterable[Pair], watch: Monitoring) -> list[Finding]:
    """A finding for each pair. False alarms are held down over all tests of all pairs (Benjamini and Hochberg 1995)."""
    found = [measured(pair, watch) for pair in pairs]
    tests = [tests_of(each, watch) for each in found]
    cutoff = _cutoff([test.p_value for each in tests for test in each], watch.false_alarms)
    return [_finding(each, of, cutoff, watch) for each, of in zip(found, tests, strict=True)]


def _cutoff(p_values: Sequence[float], share: float) -> float:
    """Up to which p-value there is evidence: the share times the tests that have it, by all tests."""
    if not p_values:
        return share
    found = int(np.sum(false_discovery_control(p_values) <= share))
    return share * max(found, 1) / len(p_values)


def _finding(measures: Measures, tests: tuple[Test, ...], cutoff: float, watch: Monitoring) -> Finding:
    alerts = alerts_of(tests, cutoff)
    is_watched = watch.of(measures.pair.feature).alert
    if not tests:
        return Finding(measures, tests, (), False, insufficient_reason(measures, watch), cutoff)
    reasons = [alert_reason(test, measures, cutoff) for test in alerts] or [
        nothing_reason(tests, measures, cutoff)
    ]
    reason = "; ".join(reasons)
    if alerts and not is_watched:
        reason = f"not watched (alert: false): {reason}"
    return Finding(measures, tests, alerts, bool(alerts) and is_watched, reason, cutoff)


def alerts_of(tests: Iterable[Test], cutoff: float) -> tuple[Test, ...]:
    """The tests with both an effect that matters and evidence of it."""
    return tuple(test for test in tests if test.effect >= test.least and test.p_value <= cutoff)


def pairs_of(
    features: Iterable[str],
    bins: Mapping[str, Bins],
    reference: Mapping[Group, Mapping[str, Counts]],
    current: Mapping[Group, Mapping[str, Counts]],
    groups: Iterable[Group],
    called: Mapping[str, Names],
) -> list[Pair]:
    """Each feature of each group beside the same group of the reference, where it has it, else the whole of it."""
    names = list(features)
    return [
        Pair(
            name,
            group,
            bins[name],
            reference.get(group, reference[EVERYTHING])[name],
            current[group][name],
            called.get(name, {}),
        )
        for group in groups
        for name in names
    ]
