"""Two arrays of counts over the same bins → how far apart their distributions are, and how likely by chance alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, hypergeom

from skewless.parts.profile.bins import Floats, Ints

LEAST_EXPECTED = 5
"""Bins with a smaller expected count say nothing by themselves (Cochran 1954), and are taken together."""


class Divergences(NamedTuple):
    """Of the current shares q from the reference's p, in natural logarithms; see docs/monitoring.md."""

    psi: float
    kl: float
    kl_reverse: float
    js: float


def shares(counts: Ints, smoothing: float) -> Floats:
    """(c + s) / (n + s B), the shares with `s` more of everything, so that none is zero."""
    smoothed: Floats = (counts + smoothing) / (counts.sum() + smoothing * len(counts))
    return smoothed


def divergences(reference: Ints, current: Ints, smoothing: float = 0.5) -> Divergences:
    """PSI Σ (q - p) ln(q / p), KL Σ q ln(q / p) and Σ p ln(p / q), JS the mean of both to (p + q) / 2.

    Bins that are empty on both sides count for nothing.
    """
    used = (reference + current) > 0
    p, q = shares(reference[used], smoothing), shares(current[used], smoothing)
    middle = (p + q) / 2
    psi = float(np.sum((q - p) * np.log(q / p)))
    return Divergences(psi, _kl(q, p), _kl(p, q), (_kl(p, middle) + _kl(q, middle)) / 2)


def _kl(of: Floats, towards: Floats) -> float:
    return max(0.0, float(np.sum(of * np.log(of / towards))))


def kolmogorov_smirnov(reference: Ints, current: Ints) -> float | None:
    """The greatest difference of the cumulative shares at the bins' edges, of bins in order; None without values."""
    if not reference.sum() or not current.sum():
        return None
    difference = np.cumsum(reference) / reference.sum() - np.cumsum(current) / current.sum()
    return float(np.abs(difference).max())


class Homogeneity(NamedTuple):
    """Pearson's test that both sides have one distribution."""

    statistic: float
    freedom: int
    p_value: float


def homogeneity(reference: Ints, current: Ints, design_effect: float = 1.0) -> Homogeneity | None:
    """Pearson's χ² over the bins, small ones taken together; None where fewer than two bins are left.

    A design effect d counts d records as one.
    """
    table = _merged(np.array([reference, current]) / design_effect)
    if table.shape[1] < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(np.sum((table - expected) ** 2 / expected))
    freedom = table.shape[1] - 1
    return Homogeneity(statistic, freedom, float(chi2.sf(statistic, freedom)))


def _merged(table: Floats) -> Floats:
    """The bins whose expected counts are large enough on both sides, and the others as one bin among them."""
    total = table.sum()
    if not total:
        return table[:, :0]
    expected = least_expected(table)
    is_large = expected >= LEAST_EXPECTED
    large, rest = table[:, is_large], table[:, ~is_large].sum(axis=1, keepdims=True)
    if expected[~is_large].sum() >= LEAST_EXPECTED:
        return np.hstack([large, rest])
    if not rest.sum() or not large.shape[1]:
        return large
    least = int(np.argmin(expected[is_large]))
    large[:, [least]] += rest
    return large


def least_expected(table: Floats) -> Floats:
    """What each bin is expected to hold on the smaller side, by the shares of both sides together."""
    expected: Floats = table.sum(axis=1).min() * table.sum(axis=0) / table.sum()
    return expected


def by_chance(size_reference: int, size_current: int, freedom: int, p_value: float) -> float:
    """The PSI that chance alone exceeds with this probability: (1/n + 1/m) χ²(B - 1).

    PSI is about half the sum of two Pearson statistics over the sizes; Yurdakul and Naranjo (2020).
    """
    return float((1 / size_reference + 1 / size_current) * chi2.isf(p_value, freedom))


def rate_p_value(
    reference: NDArray[np.int64] | int, size: int, current: int, current_size: int, design_effect: float = 1.0
) -> float:
    """Fisher's exact test that two shares are one, two-sided as twice the smaller tail."""
    scaled = [round(each / design_effect) for each in (int(reference), size, current, current_size)]
    a, n, b, m = scaled
    urn = (n + m, a + b, m)
    return float(min(1.0, 2 * min(hypergeom.sf(b - 1, *urn), hypergeom.cdf(b, *urn))))
