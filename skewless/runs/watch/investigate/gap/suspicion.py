"""Which features explain the gap: those logged otherwise, by what their repair gives back, and those that drifted.

Skew is a certain fact, since the values differ, and its effect is measured on the same rows: a suspect is what wins
back a share of the gap that its interval holds above 0. Drift is everywhere and mostly harmless, so that a drifted
feature is a suspect only of a gap that is real, in the gap's direction, where its cost is significant over all that
drifted (Holm 1979) and at least LEAST_SHARE of the gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from skewless.runs.watch.investigate.gap.findings import (
    DRIFT,
    SIGNIFICANT,
    SKEW,
    Cause,
    DriftNumbers,
    Effect,
    Evidence,
    Suspect,
)
from skewless.runs.watch.investigate.gap.measures import Estimate, Z, contrast
from skewless.runs.watch.investigate.gap.population import Drift, Margin, raked
from skewless.runs.watch.investigate.gap.swaps import Sides, Swaps

LEAST_SHARE = 0.1
"""A drift that explains less of the gap is no suspect."""


class Case(NamedTuple):
    """All that suspicion rests on. `roots` drifted of themselves; `rate_allowed` is how often a feature may differ."""

    metric: str
    sides: Sides
    swaps: Swaps
    gap: Estimate
    is_real: bool
    margins: Mapping[str, Margin]
    drifts: Mapping[str, Drift]
    roots: Sequence[str]
    rate_allowed: Callable[[str], float]
    causes: Mapping[str, Cause]

    @property
    def scale(self) -> float:
        """What a score of 1 stands for: the gap, or what would have been one."""
        return max(abs(self.gap.value), Z * self.gap.error, 1e-12)

    def share(self, effect: Estimate) -> float:
        """How much of the gap this is, against it where negative."""
        return float(np.sign(self.gap.value) * effect.value) / self.scale

    def wins_back(self, effect: Estimate) -> bool:
        """Whether the whole interval of this share of the gap lies above 0."""
        return bool(min(np.sign(self.gap.value) * np.array([effect.low, effect.high])) > 0)


def suspects_of(case: Case) -> tuple[Suspect, ...]:
    """The suspects, the worst first."""
    skewed = {each.feature: each for each in _skewed(case)}
    drifted = [each for each in _drifted(case) if each.feature not in skewed]
    ranked = [*skewed.values(), *drifted]
    return tuple(sorted(ranked, key=lambda each: (-each.score, -each.evidence.get("mismatch_rate", 0.0))))


def mismatch_rates(sides: Sides) -> dict[str, float]:
    """Feature that differs → the share of its compared records in which it does."""
    return {
        name: float(sides.mismatched[name].sum() / max(1, sides.compared[name].sum()))
        for name in sides.differing
    }


def _skewed(case: Case) -> Iterator[Suspect]:
    rates = mismatch_rates(case.sides)
    before = case.sides.online.measured(case.metric, case.swaps.as_logged)
    for name in case.sides.differing:
        if rates[name] <= case.rate_allowed(name):
            continue
        repaired = case.swaps.alone[name]
        if case.swaps.fit is None and np.array_equal(repaired, case.swaps.as_logged):
            continue  # the model does not take it, or takes both values for one
        effect = contrast(case.sides.online.measured(case.metric, repaired), before)
        if case.wins_back(effect):
            yield Suspect(
                name, SKEW, min(1.0, case.share(effect)), _skew_evidence(case, name, rates[name], effect)
            )


def _skew_evidence(case: Case, name: str, rate: float, effect: Estimate) -> Evidence:
    cause: Cause = case.causes.get(name) or {"cause": None, "confidence": 0.0, "detail": ""}
    share = case.share(effect) if case.is_real else None
    how = _how(case)
    cause_text = f"; {cause['cause']}: {cause['detail']}" if cause["cause"] not in (None, "unknown") else ""
    back = f"{how} its recomputed values move the online metric by {effect.value:+.4f}"
    part = f", {share:.0%} of the gap" if share is not None else ""
    return {
        "kind": SKEW,
        "reason": f"a bug: logged otherwise than recomputed in {rate:.1%} of records{cause_text}; {back}{part}",
        "mismatch_rate": rate,
        "mismatched": int(case.sides.mismatched[name].sum()),
        "compared": int(case.sides.compared[name].sum()),
        **cause,
        **_effect(effect, share),
        "measured_by": "model" if case.swaps.fit is None else "surrogate",
        "surrogate_fit": case.swaps.fit,
        **_drift_numbers(case.drifts.get(name)),
    }


def _how(case: Case) -> str:
    if case.swaps.fit is None:
        return "with the model,"
    if len(case.sides.same[0]):
        return "by rows that both sides scored,"
    return f"by a surrogate that explains {case.swaps.fit:.0%} of the scores,"


def _drifted(case: Case) -> Iterator[Suspect]:
    real = {name: case.drifts[name] for name in case.roots}
    if not case.is_real or not real:
        return
    rows = case.sides.offline.expected(case.metric)
    before = rows.measured(case.metric)
    costs = {
        name: contrast(before, rows.measured(case.metric, weight=raked([case.margins[name]])))
        for name in real
    }
    adjusted = holm({name: cost.p_value for name, cost in costs.items()})
    for name, cost in costs.items():
        share = case.share(cost)
        if share < LEAST_SHARE or adjusted[name] >= SIGNIFICANT:
            continue
        drift = real[name]
        reason = (
            f"the world: its distribution moved (PSI {drift.psi:.3f}); offline rows weighted to its online "
            f"distribution lose {abs(cost.value):.4f}, {share:.0%} of the gap"
        )
        evidence: Evidence = {
            "kind": DRIFT,
            "reason": reason,
            "effect": cost.value,
            "effect_low": cost.low,
            "effect_high": cost.high,
            "effect_p_value": cost.p_value,
            "share_of_gap": share,
            "psi": drift.psi,
            "drift_p_value": drift.adjusted,
        }
        yield Suspect(name, DRIFT, min(1.0, share), evidence)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p-values adjusted for their number.

    >>> holm({"a": 0.01, "b": 0.04})
    {'a': 0.02, 'b': 0.04}
    """
    adjusted, so_far = {}, 0.0
    for place, (name, p_value) in enumerate(sorted(p_values.items(), key=lambda pair: pair[1])):
        so_far = max(so_far, min(1.0, p_value * (len(p_values) - place)))
        adjusted[name] = so_far
    return adjusted


def _effect(effect: Estimate, share: float | None) -> Effect:
    return {
        "effect": effect.value,
        "effect_low": effect.low,
        "effect_high": effect.high,
        "effect_p_value": effect.p_value,
        "share_of_gap": share,
    }


def _drift_numbers(drift: Drift | None) -> DriftNumbers:
    return {} if drift is None else {"psi": drift.psi, "drift_p_value": drift.adjusted}
