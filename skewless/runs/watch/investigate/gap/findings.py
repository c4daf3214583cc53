"""What an investigation found: both metrics, the gap, the parts of it, and the suspects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

from skewless.runs.watch.investigate.gap.calibration import Calibration
from skewless.runs.watch.investigate.gap.measures import GREATER_IS_BETTER, Estimate

SIGNIFICANT = 0.05

POPULATION, FEATURES, RUNTIME, UNEXPLAINED = "population", "features", "model", "unexplained"
"""The parts of a gap: other rows, other feature values, other scores for equal features, and what is left."""

SKEW, DRIFT = "skew", "drift"


@dataclass(frozen=True)
class Measured:
    """One side's metric over `rows` rows."""

    estimate: Estimate
    rows: int

    def to_json(self) -> dict[str, Any]:
        return {
            "value": self.estimate.value,
            "low": self.estimate.low,
            "high": self.estimate.high,
            "rows": self.rows,
        }


@dataclass(frozen=True)
class Part:
    """A part of the gap, in the metric's units and with the gap's sign; None where it cannot be told."""

    name: str
    estimate: Estimate | None
    detail: str


class Cause(TypedDict):
    """Why a feature is logged otherwise than recomputed, as `reconcile` says it; None where it was not asked."""

    cause: str | None
    confidence: float
    detail: str


class Origin(NamedTuple):
    """What `reconcile` would tell of one fault of serving once: the cause, its root, and the first day of it."""

    cause: str
    root: str
    since: str | None


class Effect(TypedDict):
    """By how much the metric moves, with its interval, and as a share of a gap that is real."""

    effect: float
    effect_low: float
    effect_high: float
    effect_p_value: float
    share_of_gap: float | None


class DriftNumbers(TypedDict, total=False):
    """How far a feature's distribution has moved; nothing where it has not."""

    psi: float
    drift_p_value: float


class _OfSkewAlone(TypedDict, total=False):
    mismatch_rate: float
    mismatched: int
    compared: int
    cause: str | None
    confidence: float
    detail: str
    measured_by: str
    surrogate_fit: float | None


class Evidence(Effect, DriftNumbers, _OfSkewAlone):
    """Why a feature is a suspect, in a sentence and in numbers, as the `--json` object has it."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Suspect:
    """A feature that could explain some of the gap: `score` from 0 to 1, and why."""

    feature: str
    kind: str
    score: float
    evidence: Evidence


@dataclass(frozen=True)
class Arm:
    """One arm of a test: its online metric, and the gap of offline to it; None where it has too few rows."""

    name: str
    rows: int
    online: Estimate | None
    gap: Estimate | None
    adjusted: float | None


@dataclass(frozen=True)
class Investigation:
    """The answer to: is it real, which feature, and did the world move or the pipeline break?

    The parts add up to `sampled_gap`, the gap over the rows that features are known of. `differing` are features that
    were logged otherwise, with the share of records, and `origins` say by what; `settled` is the online metric on rows
    old enough for their labels to be complete.
    """

    training_set: str
    metric: str
    offline: Measured
    online: Measured
    gap: Estimate
    matched: int
    same_rows: Estimate | None
    sampled_gap: Estimate
    sampled_rows: tuple[int, int]
    parts: tuple[Part, ...]
    suspects: tuple[Suspect, ...]
    differing: Mapping[str, float]
    together: Estimate | None
    arms: tuple[Arm, ...] = ()
    settled: tuple[Estimate, int] | None = None
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def significant(self) -> bool:
        return self.gap.p_value < SIGNIFICANT

    @property
    def is_worse(self) -> bool:
        """Whether the online side is the worse one."""
        return self.gap.value > 0 if self.metric in GREATER_IS_BETTER else self.gap.value < 0

    def to_json(self) -> dict[str, Any]:
        """The contract's `--json` object of `investigate`, and after it the parts, the arms and the notes."""
        return {
            "metric": self.metric,
            "offline": self.offline.to_json(),
            "online": self.online.to_json(),
            "gap": self.gap.value,
            "gap_p_value": self.gap.p_value,
            "significant": self.significant,
            "suspects": [
                {"feature": each.feature, "score": each.score, "evidence": dict(each.evidence)}
                for each in self.suspects
            ],
            "decomposition": {each.name: each.estimate and _estimate(each.estimate) for each in self.parts},
            "arms": [
                {
                    "arm": each.name,
                    "rows": each.rows,
                    "value": each.online and each.online.value,
                    "gap": each.gap and each.gap.value,
                    "gap_p_value": each.adjusted,
                }
                for each in self.arms
            ],
            "notes": list(self.notes),
        }


def _estimate(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "p_value": estimate.p_value}
