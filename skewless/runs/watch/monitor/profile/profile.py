"""What is kept of one side: how many values of each feature fall into each bin, whole, by day and by segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from skewless.parts.profile.bins import Bins, CategoryBins, Ints, NumberBins, bins_of
from skewless.runs.watch.monitor.profile.cells import CELLS, Spread, spread

Group = tuple[str, str]
"""A dimension and its value; ("", "") is everything."""

EVERYTHING: Group = ("", "")
DAY = "day"


@dataclass(frozen=True)
class Counts:
    """The values of one feature by bin; `zeros` of them are 0, `unlogged` rows do not have the feature.

    `by_cell` are the values that share a bin, by the hash of cells.py; None where they were not counted so.
    """

    by_bin: Ints
    zeros: int = 0
    unlogged: int = 0
    by_cell: Ints | None = None

    @property
    def total(self) -> int:
        return int(self.by_bin.sum())


@dataclass(frozen=True)
class Profile:
    """One side: its rows, the bins of its features, and their counts by group; `names` say what fills a cell."""

    rows: int
    bins: Mapping[str, Bins]
    counts: Mapping[Group, Mapping[str, Counts]]
    names: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

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
            "names": {
                name: {str(cell): text for cell, text in of.items()} for name, of in profile.names.items()
            },
            "groups": groups,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Reference:
        counts = {
            (group["dimension"], group["value"]): {
                name: _counts_from(each) for name, each in group["counts"].items()
            }
            for group in document["groups"]
        }
        bins = {name: bins_of(each) for name, each in document["bins"].items()}
        names = {
            name: {int(cell): text for cell, text in of.items()} for name, of in document["names"].items()
        }
        profile = Profile(document["rows"], bins, counts, names)
        return cls(document["version"], document["run_id"], profile, document["days"], document["kinds"])


def _json_of(counts: Counts) -> dict[str, Any]:
    cells = counts.by_cell
    used = None if cells is None else {str(cell): int(cells[cell]) for cell in np.flatnonzero(cells)}
    return {
        "bins": counts.by_bin.tolist(),
        "zeros": counts.zeros,
        "unlogged": counts.unlogged,
        "cells": used,
    }


def _counts_from(document: Mapping[str, Any]) -> Counts:
    by_cell = None
    if document["cells"] is not None:
        by_cell = np.zeros(CELLS, dtype=np.int64)
        for cell, count in document["cells"].items():
            by_cell[int(cell)] = count
    by_bin = np.array(document["bins"], dtype=np.int64)
    return Counts(by_bin, document["zeros"], document["unlogged"], by_cell)


def has_cells(dimension: str, bins: Bins) -> bool:
    """Of all rows every feature is counted by cell, of a segment categories alone, of a day none: each costs room."""
    return dimension == EVERYTHING[0] or (dimension != DAY and isinstance(bins, CategoryBins))


def width(bins: Bins, with_cells: bool) -> int:
    """How many numbers a feature's counts are: the bins, zeros, rows without the feature, and perhaps the cells."""
    return bins.size + 2 + (CELLS if with_cells else 0)


def counts_of(numbers: Ints, bins: Bins) -> Counts:
    by_bin, zeros, unlogged = numbers[: bins.size], numbers[bins.size], numbers[bins.size + 1]
    by_cell = numbers[bins.size + 2 :]
    return Counts(by_bin, int(zeros), int(unlogged), by_cell if len(by_cell) else None)


class Grouping(NamedTuple):
    """A group number for each row, -1 for none, how many groups there are, and whether they have cells."""

    of_row: Ints
    groups: int
    with_cells: bool


class Column(NamedTuple):
    """A column's values, the bin of each, beyond the bins where a row does not have the feature, and the cells."""

    values: pa.Array
    codes: Ints
    spread: Spread


def coded(values: pa.Array, bins: Bins, is_logged: Any) -> Column:
    """The column with the bin and the cell of each value; `is_logged` None is all."""
    codes = bins.codes(values)
    if is_logged is not None:
        codes = np.where(is_logged, codes, bins.size + 1)
    return Column(values, codes, spread(values, codes, bins))


def count_column(column: Column, bins: Bins, groupings: list[Grouping]) -> list[Ints]:
    """The numbers of one column by each grouping: an array of (groups, width)."""
    zero = _zeros(column, bins) if isinstance(bins, NumberBins) else None
    rows, cells = column.spread
    size = width(bins, with_cells=False)
    found = []
    for of_row, number, with_cells in groupings:
        counts = _counts_by_group(column.codes, of_row, number, size)
        if zero is not None:
            counts[:, bins.size] = _counts_by_group(np.zeros(int(zero.sum()), int), of_row[zero], number, 1)[
                :, 0
            ]
        if with_cells:
            counts = np.hstack([counts, _counts_by_group(cells, of_row[rows], number, CELLS)])
        found.append(counts)
    return found


def _counts_by_group(codes: Ints, group: Ints, number: int, size: int) -> Ints:
    """How often each code occurs in each group, as an array of (groups, codes)."""
    if number > 1 or group.any():
        member = group >= 0
        codes = group[member] * size + codes[member]
    return np.bincount(codes, minlength=number * size).reshape(number, size)


def _zeros(column: Column, bins: NumberBins) -> Any:
    return (column.values.to_numpy(zero_copy_only=False) == 0) & (column.codes <= len(bins.edges))


def with_known(bins: Bins, values: Mapping[str, int], most: int) -> Bins:
    """Category bins with all values that the training set has, unless they are more than `most`."""
    if not isinstance(bins, CategoryBins) or len(values) > most:
        return bins
    once = sum(count == 1 for count in values.values())
    return CategoryBins(bins.values, frozenset(values), once)
