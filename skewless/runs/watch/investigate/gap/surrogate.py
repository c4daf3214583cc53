"""A stand-in for a model that cannot be called: an additive function of binned features, fitted to its scores.

The sum over features of a step function each, by backfitting (Hastie and Tibshirani 1990, Generalized Additive Models),
steps shrunk towards 0. It knows no interactions; `fit` says how much of the scores' variance it explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from skewless.runs.watch.investigate.gap.measures import Floats, Ints

SWEEPS = 30
SHRINKAGE = 5.0
"""As many rows with a residual of 0 are added to every step."""

LEAST_PROBABILITY = 1e-6


class Surrogate(NamedTuple):
    """The height of each step, by feature and code, and the share of the variance that all explain together."""

    heights: tuple[Floats, ...]
    fit: float

    def change(self, place: int, before: Ints, after: Ints) -> Floats:
        """What a feature's other values would add to the score, on the scale of the fit."""
        return self.heights[place][after] - self.heights[place][before]


def link(score: Floats, is_logit: bool) -> Floats:
    """Scores on the scale of the fit: log odds of probabilities, others as they are."""
    if not is_logit:
        return score
    kept = np.clip(score, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return np.log(kept) - np.log1p(-kept)


def unlink(value: Floats, is_logit: bool) -> Floats:
    return 1 / (1 + np.exp(-value)) if is_logit else value


def fitted(codes: Sequence[Ints], sizes: Sequence[int], score: Floats, is_logit: bool) -> Surrogate:
    """The surrogate of the scores of rows with these codes, per feature; `sizes` are above the greatest codes."""
    wanted = link(score, is_logit)
    counts = [np.bincount(each, minlength=size) + SHRINKAGE for each, size in zip(codes, sizes, strict=True)]
    heights = [np.zeros(size) for size in sizes]
    residual = wanted - wanted.mean()
    total = float(residual @ residual)
    for _ in range(SWEEPS):
        before = float(residual @ residual)
        for place, each in enumerate(codes):
            residual += heights[place][each]
            heights[place] = np.bincount(each, residual, minlength=sizes[place]) / counts[place]
            residual -= heights[place][each]
        if before - float(residual @ residual) <= 1e-4 * before:
            break
    explained = 1 - float(residual @ residual) / total if total else 0.0
    return Surrogate(tuple(heights), max(0.0, explained))
