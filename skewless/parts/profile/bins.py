"""A sample of the training values → bins that stay as they are, and which bin each value of a column falls into."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

RARE = 0.01
"""Categories with a smaller share of the training values have no bin of their own, but share one."""

LONGEST = 80


@dataclass(frozen=True)
class NumberBins:
    """Half-open intervals with open ends, (-∞, e₀], (e₀, e₁], … (eₖ, ∞), and bins for infinities, NaN and null.

    A value with a share of a whole bin or more is an interval of its own, between it and the double before it.
    """

    kind: ClassVar[str] = "number"
    edges: tuple[float, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What each bin holds, in order; null is last."""
        return self.labelled(_short)

    def labelled(self, spelt: Callable[[float], str]) -> tuple[str, ...]:
        """The same with edges as `spelt` writes them."""
        ends = ("-∞", *map(spelt, self.edges), "∞")
        intervals = [f"{low} to {high}" for low, high in pairwise(ends)]
        for place, (below, edge) in enumerate(pairwise(self.edges), start=1):
            if edge == np.nextafter(below, np.inf):
                intervals[place] = spelt(edge)
        return (*intervals, "-infinity", "infinity", "NaN", "null")

    @property
    def size(self) -> int:
        return len(self.edges) + 5

    @property
    def ordered(self) -> Ints:
        """The bins of numbers from the least to the greatest."""
        intervals = range(len(self.edges) + 1)
        return np.array([len(self.edges) + 1, *intervals, len(self.edges) + 2])

    @property
    def shared(self) -> Mask:
        """Which bins hold several values."""
        edges = np.array(self.edges)
        is_shared = np.ones(self.size, dtype=bool)
        is_shared[len(edges) + 1 :] = False
        is_shared[1 : len(edges)] = edges[1:] != np.nextafter(edges[:-1], np.inf)
        return is_shared

    @property
    def nan(self) -> int:
        return self.size - 2

    @property
    def null(self) -> int:
        return self.size - 1

    def codes(self, column: pa.Array) -> Ints:
        """The bin of each value of a column of doubles."""
        values = _doubles(column)
        found = np.searchsorted(np.array(self.edges), values).astype(np.int64, copy=False)
        not_finite = ~np.isfinite(values)
        if not_finite.any():
            found[values == -np.inf] = len(self.edges) + 1
            found[values == np.inf] = len(self.edges) + 2
            found[np.isnan(values)] = self.nan
            if column.null_count:
                found[column.is_null().to_numpy(zero_copy_only=False)] = self.null
        return found

    def to_json(self) -> dict[str, Any]:
        return {"edges": list(self.edges)}


@dataclass(frozen=True)
class CategoryBins:
    """The frequent values of the training set, the others of it, values that it does not have, and null.

    `known` are all values of the training set, None where they are too many to be kept: none is new then. `once` is
    how many of them it has only once.
    """

    kind: ClassVar[str] = "category"
    values: tuple[str, ...]
    known: frozenset[str] | None = None
    once: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        return (*(repr(value) for value in self.values), "other", "new", "null")

    @property
    def size(self) -> int:
        return len(self.values) + 3

    @property
    def shared(self) -> Mask:
        """Which bins hold several values."""
        is_shared = np.zeros(self.size, dtype=bool)
        is_shared[[self.new - 1, self.new]] = True
        return is_shared

    @property
    def new(self) -> int:
        return self.size - 2

    @property
    def null(self) -> int:
        return self.size - 1

    def codes(self, column: pa.Array) -> Ints:
        """The bin of each value of a column of text."""
        encoded = column.dictionary_encode()
        own = {value: place for place, value in enumerate(self.values)}
        texts = [shortened(value) for value in encoded.dictionary.to_pylist()]
        of_text = np.array([own.get(text, self._elsewhere(text)) for text in texts] + [self.null])
        codes: Ints = of_text[pc.fill_null(encoded.indices, len(texts)).to_numpy(zero_copy_only=False)]
        return codes

    def _elsewhere(self, text: str) -> int:
        is_new = self.known is not None and text not in self.known
        return self.new if is_new else self.new - 1

    def to_json(self) -> dict[str, Any]:
        known = None if self.known is None else sorted(self.known)
        return {"values": list(self.values), "known": known, "once": self.once}


Bins = NumberBins | CategoryBins


def bins_of(document: Mapping[str, Any]) -> Bins:
    """The bins that `to_json` wrote down."""
    if "edges" in document:
        return NumberBins(tuple(document["edges"]))
    known = None if document["known"] is None else frozenset(document["known"])
    return CategoryBins(tuple(document["values"]), known, document["once"])


def lay_out(column: pa.Array, bins: int, categories: int) -> Bins:
    """The bins of a sample: of numbers by its quantiles and repeated values, of categories the frequent ones."""
    if pa.types.is_floating(column.type):
        return NumberBins(_edges(_doubles(column), bins))
    counts = Counter(map(shortened, column.drop_null().to_pylist()))
    least = RARE * sum(counts.values())
    frequent = sorted((-count, value) for value, count in counts.items() if count >= least)
    return CategoryBins(tuple(value for _, value in frequent[:categories]))


def _edges(values: Floats, bins: int) -> tuple[float, ...]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return ()
    points, counts = np.unique(finite, return_counts=True)
    heavy = points[counts * bins >= len(finite)]
    rest = finite[~np.isin(finite, heavy)]
    left = max(bins - len(heavy), 1)
    cuts: Floats = np.array([])
    if len(rest):
        cuts = np.quantile(rest, np.arange(1, left) / left, method="inverted_cdf")
    edges = np.concatenate([heavy, np.nextafter(heavy, -np.inf), cuts])
    return tuple(float(edge) for edge in np.unique(edges))


def shortened(text: str) -> str:
    """A long text as its beginning and a hash of it, the same for equal texts."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:60]}…{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _doubles(column: pa.Array) -> Floats:
    values: Floats = column.to_numpy(zero_copy_only=False)
    return values.astype(np.float64, copy=False)


def _short(edge: float) -> str:
    return f"{edge:.6g}"
