"""Features on arrays: what was logged beside what should have been, and the cause that is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from skewless.skew.causes.clocks import zone_clocks
from skewless.skew.causes.judging import Case, judge
from skewless.skew.causes.value_tests import pair_explanations
from skewless.skew.causes.values import EXACT, values_of


class Named(NamedTuple):
    """A verdict as it is reported."""

    cause: str
    confidence: float
    detail: str


def case_of(logged: Sequence[Any], recomputed: Sequence[Any], kind: pa.DataType | None = None) -> Case:
    """A feature of these values, each record a label event of its own."""
    one, other = values_of(pa.array(logged, kind)), values_of(pa.array(recomputed, kind))
    return Case(one, other, ~one.same(other, EXACT), np.arange(len(logged)))


def named(
    logged: Sequence[Any],
    recomputed: Sequence[Any],
    kind: pa.DataType | None = None,
    zones: Sequence[str] = (),
) -> Named:
    """What is named on the values alone."""
    case = case_of(logged, recomputed, kind)
    verdict = judge(case, pair_explanations(case, zone_clocks(zones)))
    return Named(verdict.cause, verdict.confidence, verdict.detail)


def drawn(size: int, seed: int = 1) -> list[float]:
    """Doubles with all their digits."""
    return np.random.default_rng(seed).normal(60, 15, size).tolist()
