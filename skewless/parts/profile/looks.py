"""A column's sample, alone, beside another's or beside a label → the bars that are drawn of it, and one PSI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from skewless.parts.profile.bins import Bins, CategoryBins, Floats, Ints, NumberBins, lay_out
from skewless.parts.profile.columns import ColumnProfile
from skewless.parts.profile.divergence import divergences

GROUPS, CATEGORIES = 10, 20
"""Quantile groups of a number, and values of a text that have a group of their own: as `monitor` has them."""

BARS, FEW_BARS = 20, 12
ENDS = (0.01, 0.99)
"""Numbers are drawn between these quantiles; the first and the last bar hold what lies beyond."""

FEWEST_ROWS = 10
"""A group of fewer rows has a rate by chance alone, and is not drawn."""


Spelt = Callable[[float], str]


class Bar(NamedTuple):
    """What a bar stands for, and its share of the values."""

    text: str
    share: float


_NO_VALUES = ("other", "new", "null")
"""The bins of a text without frequent values."""


class Rate(NamedTuple):
    """A group of a column's values: how many rows it has, and the share of them whose label is true."""

    text: str
    rows: int
    share: float


def psi(before: ColumnProfile, now: ColumnProfile) -> float | None:
    """PSI over ten quantile groups of the values before, or their frequent categories, null being one.

    None where one side has no row, or they are of different kinds.
    """
    if before.sample.type != now.sample.type or not len(before.sample) or not len(now.sample):
        return None
    bins = lay_out(before.sample, GROUPS, CATEGORIES)
    texts = before.figures.texts
    # Where texts come only once, such as an id, new ones are to be expected, and count with the rare ones.
    if isinstance(bins, CategoryBins) and texts is not None and 1 not in texts.values():
        bins = CategoryBins(bins.values, frozenset(texts))
    return divergences(_counts(bins, before.sample), _counts(bins, now.sample)).psi


def bars(columns: Sequence[ColumnProfile], spelt: Spelt) -> list[list[Bar]]:
    """Of each of some columns of one kind its distribution over the same bars, without nulls.

    `spelt` writes numbers. Nothing of a text that has no frequent value.
    """
    samples = [each.sample.drop_null() for each in columns]
    if not any(map(len, samples)):
        return [[] for _ in columns]
    if pa.types.is_floating(samples[0].type):
        return _bars_of_numbers([each.to_numpy(zero_copy_only=False) for each in samples], spelt)
    bins = lay_out(pa.concat_arrays(samples), GROUPS, FEW_BARS)
    found = [_counts(bins, each) for each in samples]
    # Nothing is new or null here, and few texts leave no others.
    used = [place for place in range(bins.size) if any(counts[place] for counts in found)]
    if bins.size == len(_NO_VALUES):
        return [[] for _ in columns]
    return [_bars([bins.labels[place] for place in used], counts[used]) for counts in found]


def rates(column: pa.Array, is_true: pa.Array, spelt: Spelt) -> list[Rate]:
    """The label's rate in ten quantile groups of the column, or by its frequent values; null is a group too.

    Rows without a label do not count. A value with a tenth of the rows or more is a group of its own.
    """
    known = is_true.is_valid()
    values, truth = column.filter(known), is_true.filter(known).to_numpy(zero_copy_only=False).astype(bool)
    if not len(values):
        return []
    bins = lay_out(values, GROUPS, GROUPS)
    codes = bins.codes(values)
    rows = np.bincount(codes, minlength=bins.size)
    true = np.bincount(codes[truth], minlength=bins.size)
    labels = bins.labelled(spelt) if isinstance(bins, NumberBins) else bins.labels
    return [
        Rate(labels[place], int(rows[place]), float(true[place] / rows[place]))
        for place in _by_size(bins)
        if rows[place] >= FEWEST_ROWS
    ]


def _by_size(bins: Bins) -> Sequence[int]:
    if not isinstance(bins, NumberBins):
        return range(bins.size)
    return [*map(int, bins.ordered), bins.nan, bins.null]


def _counts(bins: Bins, sample: pa.Array) -> Ints:
    return np.bincount(bins.codes(sample), minlength=bins.size)


def _bars(labels: Sequence[str], counts: Ints) -> list[Bar]:
    whole = max(int(counts.sum()), 1)
    return [Bar(label, int(count) / whole) for label, count in zip(labels, counts, strict=True)]


def _bars_of_numbers(samples: Sequence[Floats], spelt: Spelt) -> list[list[Bar]]:
    finite = [each[np.isfinite(each)] for each in samples]
    everything = np.concatenate(finite)
    if not len(everything):
        return [[] for _ in samples]
    points = np.unique(everything)
    if len(points) <= BARS:
        found = [np.searchsorted(points, each) for each in finite]
        labels = [spelt(float(point)) for point in points]
    else:
        low, high = np.quantile(everything, ENDS)
        low, high = (low, high) if low < high else (points[0], points[-1])
        edges = np.linspace(low, high, BARS + 1)
        found = [np.clip(np.searchsorted(edges, each, side="right") - 1, 0, BARS - 1) for each in finite]
        labels = [f"{spelt(float(one))} to {spelt(float(other))}" for one, other in pairwise(edges)]
    return [_bars(labels, np.bincount(each, minlength=len(labels))) for each in found]
