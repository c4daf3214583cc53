"""Rows → counts of all their features by bin, in one pass in Arrow: only counts leave the Python workers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from skewless.ground.python_tasks import map_in_arrow
from skewless.parts.profile.bins import Bins, Ints, bins_of, lay_out
from skewless.runs.watch.monitor.profile.profile import (
    EVERYTHING,
    Counts,
    Group,
    Profile,
    counts_of,
    with_known,
)
from skewless.runs.watch.monitor.profile.tally import (
    COUNTED,
    FIRST_NAMED,
    TEXT,
    Batches,
    Tally,
    nothing_counted,
)

SAMPLE = 20_000
"""Rows from which bins are laid out."""

TYPES = "types"
_VALUE, _DIMENSION = "value_", "dimension_"
_LAID_OUT = "feature int, bins string"


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
    collected = map_in_arrow(sample.repartition(1), kernel, _LAID_OUT).toArrow().to_pylist()
    texts = {row["feature"]: row["bins"] for row in collected}
    return {name: bins_of(json.loads(texts[place])) for place, name in enumerate(names)}


def counted(subject: Subject, bins: Mapping[str, Bins], rows: int, known: int | None = None) -> Profile:
    """The profile of the rows. With `known`, category bins also learn all values, up to that many."""
    names = list(subject.features)
    tally = Tally(names, [bins[name] for name in names], list(subject.dimensions), known, subject.names)
    cells = (
        map_in_arrow(subject.selected(), tally.kernel, COUNTED)
        .groupBy("dimension", "group", "feature", "cell", "text")
        .agg(F.sum("n").alias("n"))
        .toArrow()
    )
    numbers: dict[Group, list[Ints]] = {}
    texts: dict[str, dict[str, int]] = {name: {} for name in names}
    named: dict[str, list[tuple[int, str, int]]] = {name: [] for name in names}
    for row in cells.to_pylist():
        name = names[row["feature"]]
        group = (row["dimension"], row["group"])
        if row["cell"] == TEXT:
            texts[name][row["text"]] = row["n"]
        elif row["cell"] <= FIRST_NAMED:
            named[name].append((row["n"], row["text"], FIRST_NAMED - row["cell"]))
        else:
            if group not in numbers:
                numbers[group] = nothing_counted(group, tally.bins)
            numbers[group][row["feature"]][row["cell"]] = row["n"]
    numbers.setdefault(EVERYTHING, nothing_counted(EVERYTHING, tally.bins))
    counts: dict[Group, dict[str, Counts]] = {
        group: {name: counts_of(each, bins[name]) for name, each in zip(names, of, strict=True)}
        for group, of in numbers.items()
    }
    if known is not None:
        bins = {name: with_known(bins[name], texts[name], known) for name in names}
    return Profile(rows, dict(bins), counts, {name: _name_by_number(of) for name, of in named.items()})


def _name_by_number(names: list[tuple[int, str, int]]) -> dict[int, str]:
    """Cell → the name that most tasks give it."""
    return {cell: text for _, text, cell in sorted(names)}
