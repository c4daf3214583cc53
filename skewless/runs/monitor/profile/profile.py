"""What is kept of one side: how many values of each feature fall into each bin, whole, by day and by segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from skewless.runs.monitor.profile.bins import Bins, CategoryBins, Ints, NumberBins, bins_of

Group = tuple[str, str]
"""A dimension and its value; ("", "") is everything."""

EVERYTHING: Group = ("", "")
DAY = "day"


@dataclass(frozen=True)
class Counts:
    """The values of one feature by bin; `zeros` of them are 0, `unlogged` rows do not have the feature."""

    by_bin: Ints
    zeros: int = 0
    unlogged: int = 0

    @property
    def total(self) -> int:
        return int(self.by_bin.sum())


@dataclass(frozen=True)
class Profile:
    """One side: its rows, the bins of its features, and their counts by group."""

    rows: int
    bins: Mapping[str, Bins]
    counts: Mapping[Group, Mapping[str, Counts]]

    def whole(self, feature: str) -> Counts:
        return self.counts[EVERYTHING][feature]

    def groups(self, dimension: str) -> list[Group]:
        """The groups of one dimension, by value."""
        return sorted(group for group in self.counts if group[0] == dimension)


@dataclass(frozen=True)
class Reference:
    """A published version's profile: `run_id` is that of the run that made it, `days` its rows by day."""

    version: int
    run_id: str
    profile: Profile
    days: Mapping[str, int]
    kinds: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        profile = self.profile
        groups = [
            {
                "dimension": group[0],
                "value": group[1],
                "counts": {name: _json_of(c) for name, c in of.items()},
            }
            for group, of in profile.counts.items()
        ]
        return {
            "version": self.version,
            "run_id": self.run_id,
            "rows": profile.rows,
            "days": dict(self.days),
            "kinds": dict(self.kinds),
            "bins": {name: bins.to_json() for name, bins in profile.bins.items()},
            "groups": groups,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Reference:
        counts = {
            (group["dimension"], group["value"]): {
                name: Counts(np.array(each["bins"], dtype=np.int64), each["zeros"], each["unlogged"])
                for name, each in group["counts"].items()
            }
            for group in document["groups"]
        }
        bins = {name: bins_of(each) for name, each in document["bins"].items()}
        profile = Profile(document["rows"], bins, counts)
        return cls(document["version"], document["run_id"], profile, document["days"], document["kinds"])


def _json_of(counts: Counts) -> dict[str, Any]:
    return {"bins": counts.by_bin.tolist(), "zeros": counts.zeros, "unlogged": counts.unlogged}


def width(bins: Bins) -> int:
    """How many numbers a feature's counts are: the bins, zeros and rows without the feature."""
    return bins.size + 2


def counts_of(numbers: Ints) -> Counts:
    return Counts(numbers[:-2], int(numbers[-2]), int(numbers[-1]))


def count_column(column: pa.Array, bins: Bins, is_logged: Any, groups: list[tuple[Ints, int]]) -> list[Ints]:
    """The numbers of one column by each grouping: an array of (groups, width).

    A grouping is a group number per row, -1 for none, and how many groups there are. `is_logged` None is all.
    """
    codes = bins.codes(column)
    if is_logged is not None:
        codes = np.where(is_logged, codes, bins.size + 1)
    zero = _zeros(column, codes, bins) if isinstance(bins, NumberBins) else None
    size = width(bins)
    found = []
    for group, number in groups:
        counts = _counts_by_group(codes, group, number, size)
        if zero is not None:
            counts[:, bins.size] = _counts_by_group(np.zeros(int(zero.sum()), int), group[zero], number, 1)[
                :, 0
            ]
        found.append(counts)
    return found


def _counts_by_group(codes: Ints, group: Ints, number: int, size: int) -> Ints:
    """How often each code occurs in each group, as an array of (groups, codes)."""
    if number > 1 or group.any():
        member = group >= 0
        codes = group[member] * size + codes[member]
    return np.bincount(codes, minlength=number * size).reshape(number, size)


def _zeros(column: pa.Array, codes: Ints, bins: NumberBins) -> Any:
    return (column.to_numpy(zero_copy_only=False) == 0) & (codes <= len(bins.edges))


def with_known(bins: Bins, values: Mapping[str, int], most: int) -> Bins:
    """Category bins with all values that the training set has, unless they are more than `most`."""
    if not isinstance(bins, CategoryBins) or len(values) > most:
        return bins
    once = sum(count == 1 for count in values.values())
    return CategoryBins(bins.values, frozenset(values), once)
