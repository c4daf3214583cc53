"""Two sides' counts by bin and cell → whether one value gained, a category went, or rare ones went together.

Bins that expect few are taken together by Pearson's test, and values that share a bin are one to it: both hide a value
that takes over. Here each is held by itself, with the evidence of the one that is chosen divided among all that might
have been (Bonferroni). Nulls and NaN are left out, since they have rates of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln
from scipy.stats import hypergeom

from skewless.parts.profile.bins import Bins, Floats, Ints, Mask, NumberBins
from skewless.parts.profile.divergence import LEAST_EXPECTED, least_expected
from skewless.runs.watch.monitor.profile.cells import CELLS
from skewless.runs.watch.monitor.profile.profile import Counts

NEW_BIN = "new"
"""The label of the bin whose share has a rate of its own."""

UNNAMED = "one value, or a few,"

Names = Mapping[int, str]


class Change(NamedTuple):
    """A share of the training side and of the current one, of what, how much that is, and the p-value."""

    of: str
    before: float
    now: float
    effect: float
    p_value: float


class Values(NamedTuple):
    """Both sides' counts of bins that hold one value, of bins that hold several, and of the cells of those."""

    own: Ints
    shared: Ints
    cells: Ints
    own_labels: tuple[str, ...]
    shared_labels: tuple[str, ...]

    @property
    def sizes(self) -> Ints:
        """How many values, nulls and NaN aside, the sides have."""
        sizes: Ints = self.own.sum(axis=1) + self.shared.sum(axis=1)
        return sizes


def values_of(bins: Bins, reference: Counts, current: Counts) -> Values:
    """The counts of both sides; without cells where one side was not counted so."""
    both = np.array([reference.by_bin, current.by_bin])
    is_own = ~bins.shared
    is_own[bins.null] = False
    if isinstance(bins, NumberBins):
        is_own[bins.nan] = False
    cells = np.zeros((2, 0), dtype=np.int64)
    if reference.by_cell is not None and current.by_cell is not None:
        cells = np.array([reference.by_cell, current.by_cell])
    return Values(
        both[:, is_own], both[:, bins.shared], cells, _labels(bins, is_own), _labels(bins, bins.shared)
    )


def _labels(bins: Bins, chosen: Mask) -> tuple[str, ...]:
    return tuple(label for label, is_chosen in zip(bins.labels, chosen, strict=True) if is_chosen)


def greatest_gain(
    values: Values, names: Names, least: float, smoothing: float, effect: float
) -> Change | None:
    """Of bins that expect few and of cells the one that gained, by Fisher's exact test; None where there is none.

    The effect is the PSI of the value against all others, which is never more than that of any bins that tell the value
    from the others. Of those with at least `least` of it the one with the most evidence is taken. `effect` d counts d
    records as one (Kish 1965).
    """
    size, current_size = (round(float(each / effect)) for each in values.sizes)
    bins, labels = np.hstack([values.own, values.shared]), (*values.own_labels, *values.shared_labels)
    if not size or not current_size:
        return None
    judged_elsewhere = np.array([label == NEW_BIN for label in labels])
    expects_few = (least_expected(bins / effect) < LEAST_EXPECTED) & ~judged_elsewhere
    table = np.rint(np.hstack([bins[:, expects_few], values.cells]) / effect).astype(np.int64)
    used = np.flatnonzero(table.sum(axis=0))
    if not len(used):
        return None
    psi, deviance = _gains(table[:, used], size, current_size, smoothing)
    matters = psi >= least
    chosen = int(np.argmax(np.where(matters, deviance, -1.0) if matters.any() else psi))
    before, now = table[:, used[chosen]]
    chance = float(hypergeom.sf(now - 1, size + current_size, before + now, current_size))
    place = int(used[chosen]) - int(expects_few.sum())
    few = [label for label, is_few in zip(labels, expects_few, strict=True) if is_few]
    name = few[place] if place < 0 else names.get(place, UNNAMED)
    shares = float(before / size), float(now / current_size)
    return Change(name, *shares, float(psi[chosen]), min(1.0, chance * len(used)))


def _gains(table: Ints, size: int, current_size: int, smoothing: float) -> tuple[Floats, Floats]:
    """Of each column the PSI of it against the rest, 0 where it did not gain, and how unlikely its count is."""
    sizes = np.array([[size], [current_size]])
    p, q = (table + smoothing) / (sizes + 2 * smoothing)
    psi = (q - p) * np.log(q / p) + (p - q) * np.log((1 - q) / (1 - p))
    before, now = table
    expected = current_size * (before + now) / (size + current_size)
    deviance = now * np.log(np.maximum(now, 1) / expected) - now + expected
    gained = now > expected
    return np.where(gained, psi, 0.0), np.where(gained, deviance, 0.0)


def greatest_loss(values: Values, effect: float) -> Change | None:
    """The most frequent category with a bin of its own that is not there any more; None without such bins."""
    size, current_size = (round(float(each / effect)) for each in values.sizes)
    had = np.flatnonzero(values.own[0])
    if not size or not current_size or not len(had):
        return None
    gone = had[values.own[1, had] == 0]
    if not len(gone):
        return Change("", 0.0, 0.0, 0.0, 1.0)
    place = int(gone[np.argmax(values.own[0, gone])])
    before = int(values.own[0, place])
    chance = float(hypergeom.pmf(0, size + current_size, min(round(before / effect), size), current_size))
    share = float(before / values.sizes[0])
    return Change(values.own_labels[place], share, 0.0, share, min(1.0, chance * len(had)))


def rare_ones_gone(values: Values, effect: float) -> Change | None:
    """The share of the training side's values in cells that are empty now, beside what chance leaves empty.

    That is the missing mass of Good (1953), over all rare categories together. Given the counts of both sides together,
    a cell with t of them is empty with probability C(n + m - t, m) / C(n + m, m), and cells are negatively associated
    (Dubhashi and Ranjan 1998), so that Chernoff's bound (1952) for independent ones holds, for every θ > 0:
    e^(-θu) Π (1 + b (e^(θw) - 1)), of which the least of a grid is taken.
    """
    size, current_size = values.sizes / effect
    used = np.flatnonzero(values.cells.sum(axis=0))
    if size < 1 or current_size < 1 or not len(used):
        return None
    together = values.cells[:, used].sum(axis=0) / effect
    weight = together / size
    empty = np.exp(_log_empty(together, size, current_size))
    gone = float(np.sum(weight[values.cells[1, used] == 0]))
    expected = float(np.sum(weight * empty))
    p_value = _upper_bound(weight, empty, gone) if gone > expected else 1.0
    return Change("", expected, gone, max(0.0, gone - expected), p_value)


def _log_empty(count: Floats, size: float, current_size: float) -> Floats:
    can_be = count <= size
    kept = np.where(can_be, count, 0.0)
    both = size + current_size
    log = gammaln(both - kept + 1) - gammaln(size - kept + 1) + gammaln(size + 1) - gammaln(both + 1)
    return np.where(can_be, np.minimum(log, 0.0), -np.inf)


def _upper_bound(weight: Floats, empty: Floats, gone: float) -> float:
    theta = np.geomspace(1e-2, 1e5, 80)[:, None] / max(gone, 1e-12)
    with np.errstate(divide="ignore"):
        log_empty, log_not = np.log(empty), np.log1p(-np.minimum(empty, 1.0))
    bounds = np.logaddexp(log_not, log_empty + theta * weight).sum(axis=1) - theta[:, 0] * gone
    return float(np.exp(min(0.0, float(bounds.min()))))


class Concentration(NamedTuple):
    """How much of a side is one value: its most frequent value's share, distinct values, entropy in nats."""

    top: str
    top_share: float
    distinct: float | None
    entropy: float


def concentration(values: Values, names: Names) -> tuple[Concentration, Concentration] | None:
    """Of the training side and of the current one, both as of as many values as the current side has.

    Distinct values of cells by linear counting (Whang, Vander-Zanden and Taylor 1990), None where all cells are full;
    those of the training side are what as many values would have (Hurlbert 1971). Entropy is Shannon's of bins and
    cells, with Miller's correction (1955); a cell counts as one value in it and in the share. None without cells or
    values.
    """
    if not values.cells.shape[1] or not values.sizes.all():
        return None
    table = np.hstack([values.own, values.cells])
    drawn = int(values.sizes[1])
    before, now = (_one_side(side, values, names) for side in table)
    seen = 1 - (1 - table[0] / table[0].sum()) ** drawn
    own = values.own.shape[1]
    return before._replace(distinct=_distinct(float(seen[:own].sum()), float(seen[own:].sum()))), now


def _one_side(side: Ints, values: Values, names: Names) -> Concentration:
    own = values.own.shape[1]
    place, total = int(np.argmax(side)), int(side.sum())
    top = values.own_labels[place] if place < own else names.get(place - own, UNNAMED)
    share = side[side > 0] / total
    entropy = float(-np.sum(share * np.log(share))) + (len(share) - 1) / (2 * total)
    distinct = _distinct(float(np.count_nonzero(side[:own])), float(np.count_nonzero(side[own:])))
    return Concentration(top, float(side[place] / total), distinct, entropy)


def _distinct(own: float, cells: float) -> float | None:
    return None if cells > CELLS - 1 else float(own - CELLS * np.log1p(-cells / CELLS))
