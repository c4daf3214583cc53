"""What one task counts of its rows: by group, feature and bin, besides by cell, and the texts that training has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from skewless.parts.log.reading import logged_names
from skewless.parts.profile.bins import Bins, CategoryBins, Ints, shortened
from skewless.runs.watch.monitor.profile.cells import name_cells
from skewless.runs.watch.monitor.profile.profile import (
    EVERYTHING,
    Group,
    Grouping,
    coded,
    count_column,
    has_cells,
    width,
)

COUNTED = "dimension string, group string, feature int, cell int, text string, n bigint"
"""A count of a group, or with `text` of a value: `cell` is then TEXT, or FIRST_NAMED and on for the name of a cell."""

TEXT, FIRST_NAMED = -1, -2
_MOST_TEXTS = 10_000

Batches = Iterable[pa.RecordBatch]


@dataclass
class Tally:
    """What one task counts, batch by batch."""

    names: Sequence[str]
    bins: Sequence[Bins]
    dimensions: Sequence[str]
    known: int | None
    logged: Mapping[int, frozenset[str]]

    def kernel(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Counts of all batches of a task, as rows of `COUNTED`."""
        numbers: dict[Group, list[Ints]] = {}
        values: list[Counter[str]] = [Counter() for _ in self.names]
        called: list[dict[int, str]] = [{} for _ in self.names]
        logged = Logged([name.casefold() for name in self.names], self.logged)
        for batch in batches:
            if len(batch):
                self._count(batch, numbers, values, called, logged)
        yield from self._rows(numbers, values, called)

    def _count(
        self,
        batch: pa.RecordBatch,
        numbers: dict[Group, list[Ints]],
        values: list[Counter[str]],
        called: list[dict[int, str]],
        logged: Logged,
    ) -> None:
        groups = [(EVERYTHING[0], [EVERYTHING[1]], np.zeros(len(batch), dtype=np.int64))]
        groups += [
            (dimension, *_grouped(batch.column(len(self.names) + place)))
            for place, dimension in enumerate(self.dimensions)
        ]
        groups = [group for group in groups if group[1]]
        is_logged = logged.of(batch.column(len(batch.schema) - 1))
        for place, bins in enumerate(self.bins):
            mask = None if is_logged is None or is_logged[:, place].all() else is_logged[:, place]
            column = coded(batch.column(place), bins, mask)
            groupings = [Grouping(codes, len(of), has_cells(name, bins)) for name, of, codes in groups]
            found = count_column(column, bins, groupings)
            name_cells(called[place], column.values, column.spread)
            for (dimension, of, _), counts in zip(groups, found, strict=True):
                for value, row in zip(of, counts, strict=True):
                    self._of(numbers, (dimension, value))[place] += row
            if self.known is not None and isinstance(bins, CategoryBins):
                _learn(values[place], column.values, self.known)

    def _of(self, numbers: dict[Group, list[Ints]], group: Group) -> list[Ints]:
        if group not in numbers:
            numbers[group] = nothing_counted(group, self.bins)
        return numbers[group]

    def _rows(
        self,
        numbers: Mapping[Group, list[Ints]],
        values: Sequence[Counter[str]],
        called: Sequence[Mapping[int, str]],
    ) -> Iterator[pa.RecordBatch]:
        for (dimension, group), of in numbers.items():
            for place, counts in enumerate(of):
                cells = np.flatnonzero(counts)
                yield _batch(dimension, group, place, cells, [None] * len(cells), counts[cells])
        for place, counter in enumerate(values):
            if counter:
                texts, counts = list(counter), np.array(list(counter.values()))
                yield _batch(*EVERYTHING, place, np.full(len(texts), TEXT), texts, counts)
        for place, names in enumerate(called):
            if names:
                cells = FIRST_NAMED - np.array(list(names))
                yield _batch(*EVERYTHING, place, cells, list(names.values()), np.ones(len(cells), int))


def nothing_counted(group: Group, bins: Iterable[Bins]) -> list[Ints]:
    """Zeros for the counts of each feature of a group."""
    return [np.zeros(width(each, has_cells(group[0], each)), dtype=np.int64) for each in bins]


class Logged:
    """Which features a row has at all, by the text of its `types` or the number of it; null is all of them."""

    def __init__(self, names: Sequence[str], known: Mapping[int, frozenset[str]]) -> None:
        self._names, self._known = names, known
        self._masks: dict[object, Any] = {None: np.ones(len(names), dtype=bool)}

    def of(self, column: pa.Array) -> Any:
        """An array of (rows, features); None where every row has every feature."""
        if column.null_count == len(column):
            return None
        encoded = column.dictionary_encode()
        keys = [*encoded.dictionary.to_pylist(), None]
        codes = encoded.indices.fill_null(len(keys) - 1).to_numpy(zero_copy_only=False)
        table = np.array([self._mask(key) for key in keys])
        return None if table.all() else table[codes]

    def _mask(self, key: int | str | None) -> Any:
        if key not in self._masks:
            if len(self._masks) > _MOST_TEXTS:
                self._masks = {None: self._masks[None]}
            there = self._known[key] if isinstance(key, int) else logged_names(key or "{}")
            self._masks[key] = np.array([name in there for name in self._names], dtype=bool)
        return self._masks[key]


def _grouped(column: pa.Array) -> tuple[list[str], Ints]:
    """The values of a dimension and each row's place among them, -1 for null."""
    encoded = column.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return encoded.dictionary.to_pylist(), codes


def _learn(counter: Counter[str], column: pa.Array, most: int) -> None:
    """Count the values, until it is clear that they are too many; more than `most` then stay in the counter."""
    if len(counter) > most:
        return
    found = column.drop_null().value_counts()
    for value, count in zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True):
        counter[shortened(value)] += count
        if len(counter) > most:
            return


def _batch(
    dimension: str, group: str, place: int, cells: Ints, texts: Sequence[str | None], counts: Ints
) -> pa.RecordBatch:
    size = len(cells)
    return pa.RecordBatch.from_pydict(
        {
            "dimension": pa.array([dimension] * size, pa.string()),
            "group": pa.array([group] * size, pa.string()),
            "feature": pa.array([place] * size, pa.int32()),
            "cell": pa.array(cells, pa.int32()),
            "text": pa.array(texts, pa.string()),
            "n": pa.array(counts, pa.int64()),
        }
    )
