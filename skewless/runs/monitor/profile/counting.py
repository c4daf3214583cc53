"""Rows → counts of all their features by bin, in one pass in Arrow: only counts leave the Python workers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from skewless.runs.monitor.profile.bins import Bins, CategoryBins, Ints, bins_of, lay_out, shortened
from skewless.runs.monitor.profile.profile import (
    EVERYTHING,
    Counts,
    Group,
    Profile,
    count_column,
    counts_of,
    width,
    with_known,
)

SAMPLE = 20_000
"""Rows from which bins are laid out."""

TYPES = "types"
_VALUE, _DIMENSION = "value_", "dimension_"
_COUNTED = "dimension string, group string, feature int, cell int, text string, n bigint"
_LAID_OUT = "feature int, bins string"
_MOST_TEXTS = 10_000

Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class Subject:
    """Rows to profile, their features and dimensions by name.

    `types` says which features a row has at all: a text as logs have it, or a number of `names`; null is all of them.
    """

    rows: DataFrame
    features: Mapping[str, Column]
    dimensions: Mapping[str, Column] = field(default_factory=dict)
    types: Column | None = None
    names: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def selected(self) -> DataFrame:
        types = F.lit(None).cast("string") if self.types is None else self.types
        values = [value.alias(f"{_VALUE}{place}") for place, value in enumerate(self.features.values())]
        groups = [value.alias(f"{_DIMENSION}{place}") for place, value in enumerate(self.dimensions.values())]
        return self.rows.select(*values, *groups, types.alias(TYPES))


def laid_out(
    subject: Subject, bins: Callable[[str], int], categories: Callable[[str], int]
) -> dict[str, Bins]:
    """Bins for every feature, from a sample of the rows that one task looks at."""
    names = list(subject.features)
    wanted = [(bins(name), categories(name)) for name in names]
    selected = subject.selected()

    def kernel(batches: Batches) -> Iterator[pa.RecordBatch]:
        sample = pa.Table.from_batches(list(batches))
        found = []
        for place, (most_bins, most_categories) in enumerate(wanted):
            column = sample.column(place).combine_chunks()
            found.append(json.dumps(lay_out(column, most_bins, most_categories).to_json()))
        yield pa.RecordBatch.from_pydict({"feature": pa.array(range(len(found)), pa.int32()), "bins": found})

    rows = subject.rows.count()
    if not rows:
        nothing = to_arrow_schema(selected.schema).empty_table()
        return {
            name: lay_out(nothing.column(place).combine_chunks(), 1, 0) for place, name in enumerate(names)
        }
    sample = selected if rows <= SAMPLE else selected.sample(SAMPLE / rows, seed=0)
    collected = sample.repartition(1).mapInArrow(kernel, _LAID_OUT).toArrow().to_pylist()
    texts = {row["feature"]: row["bins"] for row in collected}
    return {name: bins_of(json.loads(texts[place])) for place, name in enumerate(names)}


def counted(subject: Subject, bins: Mapping[str, Bins], rows: int, known: int | None = None) -> Profile:
    """The profile of the rows. With `known`, category bins also learn all values, up to that many."""
    names = list(subject.features)
    tally = Tally(names, [bins[name] for name in names], list(subject.dimensions), known, subject.names)
    cells = (
        subject.selected()
        .mapInArrow(tally.kernel, _COUNTED)
        .groupBy("dimension", "group", "feature", "cell", "text")
        .agg(F.sum("n").alias("n"))
        .toArrow()
    )
    numbers: dict[Group, list[Ints]] = {}
    texts: dict[str, dict[str, int]] = {name: {} for name in names}
    for row in cells.to_pylist():
        name = names[row["feature"]]
        if row["text"] is not None:
            texts[name][row["text"]] = row["n"]
            continue
        group = (row["dimension"], row["group"])
        if group not in numbers:
            numbers[group] = [np.zeros(width(bins[each]), dtype=np.int64) for each in names]
        numbers[group][row["feature"]][row["cell"]] = row["n"]
    empty = [np.zeros(width(bins[name]), dtype=np.int64) for name in names]
    numbers.setdefault(EVERYTHING, empty)
    counts: dict[Group, dict[str, Counts]] = {
        group: {name: counts_of(each) for name, each in zip(names, of, strict=True)}
        for group, of in numbers.items()
    }
    if known is not None:
        bins = {name: with_known(bins[name], texts[name], known) for name in names}
    return Profile(rows, dict(bins), counts)


@dataclass
class Tally:
    """What one task counts, batch by batch."""

    names: Sequence[str]
    bins: Sequence[Bins]
    dimensions: Sequence[str]
    known: int | None
    logged: Mapping[int, frozenset[str]]

    def kernel(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Counts of all batches of a task, as rows of `_COUNTED`."""
        numbers: dict[Group, list[Ints]] = {}
        values: list[Counter[str]] = [Counter() for _ in self.names]
        logged = Logged([name.casefold() for name in self.names], self.logged)
        for batch in batches:
            if len(batch):
                self._count(batch, numbers, values, logged)
        yield from self._rows(numbers, values)

    def _count(
        self,
        batch: pa.RecordBatch,
        numbers: dict[Group, list[Ints]],
        values: list[Counter[str]],
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
            column = batch.column(place)
            mask = None if is_logged is None or is_logged[:, place].all() else is_logged[:, place]
            found = count_column(column, bins, mask, [(codes, len(of)) for _, of, codes in groups])
            for (dimension, of, _), counts in zip(groups, found, strict=True):
                for value, row in zip(of, counts, strict=True):
                    self._of(numbers, (dimension, value))[place] += row
            if self.known is not None and isinstance(bins, CategoryBins):
                _learn(values[place], column, self.known)

    def _of(self, numbers: dict[Group, list[Ints]], group: Group) -> list[Ints]:
        if group not in numbers:
            numbers[group] = [np.zeros(width(bins), dtype=np.int64) for bins in self.bins]
        return numbers[group]

    def _rows(
        self, numbers: Mapping[Group, list[Ints]], values: Sequence[Counter[str]]
    ) -> Iterator[pa.RecordBatch]:
        for (dimension, group), of in numbers.items():
            for place, counts in enumerate(of):
                cells = np.flatnonzero(counts)
                yield _batch(dimension, group, place, cells, [None] * len(cells), counts[cells])
        for place, counter in enumerate(values):
            if counter:
                texts, counts = list(counter), np.array(list(counter.values()))
                yield _batch(*EVERYTHING, place, np.full(len(texts), -1), texts, counts)


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
            there = self._known[key] if isinstance(key, int) else logged_names(key)
            self._masks[key] = np.array([name in there for name in self._names], dtype=bool)
        return self._masks[key]


def logged_names(types: str | None) -> frozenset[str]:
    """The features that a record has, in lower case, by the text of its `types`."""
    return frozenset(name.casefold() for name in json.loads(types or "{}").get("features", {}))


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
