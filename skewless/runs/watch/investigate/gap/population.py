"""Did the population move, and how much of the gap is that? Offline rows, weighted to look like the online ones.

A feature has drifted where a chi-square test of its two distributions says so, with the false-discovery rate held over
all features (Benjamini and Hochberg 1995), and where PSI is more than the least effect. What a drift costs is read off
the offline rows alone: the metric as it is, less the metric with weights that give the feature its online
distribution. Weights of several features come from raking (Deming and Stephan 1940): one feature's margins after the
other are put right until all are. So labels of online rows are not needed, and P(label | features) is taken to be the
same; where it is not, the rest stays unexplained. Of classes, what a score stands for is taken for the label
(`Predictions.expected`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from scipy.stats import chi2, false_discovery_control

from skewless.runs.watch.investigate.gap.codes import can_be_coded, coded
from skewless.runs.watch.investigate.gap.measures import Floats, Ints

DISCOVERIES = 0.01
"""The share of features called drifted that may be so by chance."""

LEAST_PSI = 0.01
"""A smaller population stability index is called no drift, however sure it is."""

FEWEST_EXPECTED = 5.0
"""Bins are put together until each is expected to hold as many rows."""

MOST_ROOTS = 10
"""Drifts that are told apart; further ones come along with these."""

ROUNDS = 50
MOST_WEIGHT = 20.0
"""No offline row counts for more than this many."""


class Margin(NamedTuple):
    """A feature's codes on both sides, by bins that both share, and where either was compared."""

    offline: Ints
    online: Ints
    bins: int


class Drift(NamedTuple):
    """How far a feature's distribution moved: PSI, the chi-square test's p-value, and that over all features."""

    psi: float
    p_value: float
    adjusted: float

    @property
    def is_real(self) -> bool:
        return self.adjusted <= DISCOVERIES and self.psi >= LEAST_PSI


def margins_of(offline: pa.Table, online: pa.Table) -> dict[str, Margin]:
    """Feature → its margin, for features on both sides that can be binned."""
    found = {}
    for name in offline.column_names:
        if name not in online.column_names:
            continue
        columns = [side[name].combine_chunks() for side in (offline, online)]
        if can_be_coded(columns):
            found[name] = _margin(*coded(columns))
    return found


def _margin(offline: Ints, online: Ints) -> Margin:
    """With rare codes put together, the next ones first, so that every bin is expected to hold a few rows."""
    bins = int(max(offline.max(initial=0), online.max(initial=0))) + 1
    counts = np.bincount(offline, minlength=bins) + np.bincount(online, minlength=bins)
    share = min(len(offline), len(online)) / max(1, len(offline) + len(online))
    new, number, held = np.zeros(bins, dtype=np.int64), 0, 0.0
    for code in range(bins):
        new[code] = number
        held += counts[code] * share
        if held >= FEWEST_EXPECTED:
            number, held = number + 1, 0.0
    if held and number:
        new[new == number] = number - 1
    used = int(new.max(initial=0)) + 1
    return Margin(new[offline], new[online], used)


def drifts(margins: Mapping[str, Margin], offline: Ints, online: Ints) -> dict[str, Drift]:
    """Feature → drift; those with a single bin have none. `offline` and `online` number the entities of the rows.

    The statistic is divided by the design effect (Rao and Scott 1981), since rows of one entity are alike.
    """
    tested = {name: margin for name, margin in margins.items() if margin.bins > 1}
    if not tested:
        return {}
    values = {name: _psi_and_p(margin, offline, online) for name, margin in tested.items()}
    adjusted = false_discovery_control([p_value for _, p_value in values.values()])
    return {
        name: Drift(psi, p_value, float(over_all))
        for (name, (psi, p_value)), over_all in zip(values.items(), adjusted, strict=True)
    }


def _psi_and_p(margin: Margin, offline: Ints, online: Ints) -> tuple[float, float]:
    one, other = _counts(margin.offline, margin.bins), _counts(margin.online, margin.bins)
    n, m = one.sum(), other.sum()
    psi = _psi(margin, None)
    both = (one + other) / (n + m)
    statistic = float(
        np.sum((one - n * both) ** 2 / (n * both)) + np.sum((other - m * both) ** 2 / (m * both))
    )
    effects = [_design_effect(margin.offline, offline), _design_effect(margin.online, online)]
    return psi, float(chi2.sf(statistic / max(effects), margin.bins - 1))


def _design_effect(codes: Ints, unit: Ints) -> float:
    """How many times greater the shares' variances are than those of as many independent rows; at least 1."""
    numbers, place = np.unique(unit, return_inverse=True)
    if len(numbers) == len(unit):
        return 1.0
    bins, rows = int(codes.max()) + 1, len(codes)
    share = np.bincount(codes, minlength=bins) / rows
    per_unit = np.bincount(place).astype(np.float64)
    pairs, count = np.unique(place.astype(np.int64) * bins + codes, return_counts=True)
    # The sum over units and codes of (count - share * rows of the unit)², pairs without a row included.
    squares = np.sum(count**2 - 2 * count * share[pairs % bins] * per_unit[pairs // bins])
    squares += np.sum(share**2) * np.sum(per_unit**2)
    independent = rows * np.sum(share * (1 - share))
    return max(1.0, float(squares / independent)) if independent > 0 else 1.0


def _counts(codes: Ints, bins: int, weight: Floats | None = None) -> Floats:
    return np.bincount(codes, weight, minlength=bins).astype(np.float64)


def raked(margins: Sequence[Margin]) -> Floats:
    """A weight for every offline row, 1 on average, that gives each feature its online distribution."""
    weight = np.ones(len(margins[0].offline))
    wanted = [
        (_counts(each.online, each.bins) + 0.5) / (len(each.online) + each.bins / 2) for each in margins
    ]
    for _ in range(ROUNDS if len(margins) > 1 else 1):
        before = weight.copy()
        for each, share in zip(margins, wanted, strict=True):
            there = _counts(each.offline, each.bins, weight) / weight.sum()
            factor = np.divide(share, there, out=np.ones(each.bins), where=there > 0)
            # Capped: where the sides hardly overlap a handful of rows would carry the whole estimate.
            weight = np.minimum(weight * factor[each.offline], MOST_WEIGHT)
            weight *= len(weight) / weight.sum()
        if np.max(np.abs(weight - before)) < 1e-6:
            break
    return weight


def roots(margins: Mapping[str, Margin], moved: Mapping[str, Drift]) -> list[str]:
    """The drifted features that are not merely moved along with others, those that moved most first.

    One after the other: the one with the greatest PSI of offline rows weighted by all before it, until none moves more
    than chance would under those weights. A feature that goes with one before it has moved no further than that.
    """
    left = [name for name, drift in moved.items() if drift.is_real]
    found: list[str] = []
    while left and len(found) < MOST_ROOTS:
        weight = raked([margins[name] for name in found]) if found else None
        remaining = {name: _psi(margins[name], weight) for name in left}
        first = max(left, key=lambda name: remaining[name])
        # Features that drift together are one drift; named one by one, each would claim the whole cost.
        if remaining[first] < LEAST_PSI or (
            weight is not None and _by_chance(margins[first], weight, remaining[first])
        ):
            break
        found.append(first)
        left.remove(first)
    return found


def _psi(margin: Margin, weight: Floats | None) -> float:
    one, other = _counts(margin.offline, margin.bins, weight), _counts(margin.online, margin.bins)
    p, q = ((each + 0.5) / (each.sum() + margin.bins / 2) for each in (one, other))
    return float(np.sum((q - p) * np.log(q / p)))


def _by_chance(margin: Margin, weight: Floats, psi: float) -> bool:
    """Whether no drift would leave such a PSI: it is chi-square times (1/n + 1/m), n being what the rows are worth."""
    rows = len(weight) * effective_share(weight)
    scale = 1 / rows + 1 / len(margin.online)
    return bool(chi2.sf(psi / scale, margin.bins - 1) > DISCOVERIES)


def effective_share(weight: Floats) -> float:
    """The share of rows that weighted ones are worth (Kish 1965): little where the sides hardly overlap."""
    return float(weight.sum() ** 2 / np.sum(weight**2) / len(weight))
