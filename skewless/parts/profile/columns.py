"""Rows → what each of their columns is like, in one pass in Arrow: figures of all rows, and a sample of whole rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import Column, DataFrame

from skewless.ground.python_tasks import map_in_arrow
from skewless.parts.profile.bins import shortened

MOST_SAMPLED, MOST_CELLS = 50_000, 5_000_000
"""Rows of a sample, and values of all its columns: it comes to the driver as a whole."""

MOST_VALUES = 1_000
"""Up to so many different texts are counted one by one."""

_PART = "figures string, sample binary"


@dataclass
class Figures:
    """What is known of all values of a column: `total`, `least` and `greatest` are of finite numbers.

    `texts` are the rows of each text, None for numbers and of more than `MOST_VALUES`.
    """

    rows: int = 0
    nulls: int = 0
    numbers: int = 0
    total: float = 0.0
    least: float | None = None
    greatest: float | None = None
    texts: dict[str, int] | None = field(default_factory=dict)

    @property
    def mean(self) -> float | None:
        return self.total / self.numbers if self.numbers else None

    @property
    def null_share(self) -> float:
        """0 of no rows."""
        return self.nulls / self.rows if self.rows else 0.0

    def add(self, column: pa.Array) -> None:
        """Count a batch's values."""
        rows, nulls = len(column), column.null_count
        if not pa.types.is_floating(column.type):
            texts = None if self.texts is None else _counted(column)
            self.join(Figures(rows, nulls, texts=texts))
            return
        values = column.to_numpy(zero_copy_only=False)
        finite = values[np.isfinite(values)]
        least, greatest = (float(finite.min()), float(finite.max())) if len(finite) else (None, None)
        self.join(Figures(rows, nulls, len(finite), float(finite.sum()), least, greatest, None))

    def join(self, other: Figures) -> None:
        """Add what was counted of other rows."""
        self.rows += other.rows
        self.nulls += other.nulls
        self.numbers += other.numbers
        self.total += other.total
        self.least = min((each for each in (self.least, other.least) if each is not None), default=None)
        self.greatest = max(
            (each for each in (self.greatest, other.greatest) if each is not None), default=None
        )
        if self.texts is None or other.texts is None:
            self.texts = None
            return
        for text, count in other.texts.items():
            self.texts[text] = self.texts.get(text, 0) + count
        if len(self.texts) > MOST_VALUES:
            self.texts = None


def _counted(column: pa.Array) -> dict[str, int] | None:
    """The rows of each text; None of too many."""
    found = column.drop_null().value_counts()
    if len(found) > MOST_VALUES:
        return None
    texts = Counter[str]()
    for value, count in zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True):
        texts[shortened(value)] += count
    return texts


@dataclass(frozen=True)
class ColumnProfile:
    """A column: figures of all rows, and its values in the sampled rows, as doubles or texts."""

    figures: Figures
    sample: pa.Array


@dataclass(frozen=True)
class Profile:
    """The columns by name; of each the sample holds the same rows, in the same order."""

    rows: int
    sampled: int
    columns: Mapping[str, ColumnProfile]


def profile(rows: DataFrame, values: Mapping[str, Column], size: int) -> Profile:
    """The profile of `size` rows, of each column by its value as a double or a text (`values.profiled`).

    One pass: each task gives its figures, and of its rows those that chance takes, the same ones in every run over
    the same files. A sample and not bins laid out beforehand, which would be a second pass.
    """
    names = list(values)
    share = min(1.0, MOST_SAMPLED / max(size, 1), MOST_CELLS / max(size * len(names), 1))
    selected = rows.select(*(value.alias(f"value_{place}") for place, value in enumerate(values.values())))
    parts = map_in_arrow(selected, _kernel(len(names), share), _PART).toArrow().to_pylist()
    figures = [Figures() for _ in names]
    samples = []
    for part in parts:
        for own, other in zip(figures, json.loads(part["figures"]), strict=True):
            own.join(Figures(**other))
        samples.append(pa.ipc.open_stream(part["sample"]).read_all())
    sample = pa.concat_tables(samples) if samples else None
    columns = {
        name: ColumnProfile(
            figures[place],
            pa.array([], pa.float64()) if sample is None else sample.column(place).combine_chunks(),
        )
        for place, name in enumerate(names)
    }
    return Profile(size, 0 if sample is None else len(sample), columns)


def _kernel(columns: int, share: float) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def kernel(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        task = TaskContext.get()
        random = np.random.default_rng(task.partitionId() if task else 0)
        figures, taken = [Figures() for _ in range(columns)], []
        for batch in batches:
            for each, column in zip(figures, batch.columns, strict=True):
                each.add(column)
            taken.append(batch.filter(pa.array(random.random(len(batch)) < share)))
        if taken:
            yield _part(figures, taken)

    return kernel


def _part(figures: Sequence[Figures], taken: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, taken[0].schema) as stream:
        for batch in taken:
            stream.write_batch(batch)
    told: list[Mapping[str, Any]] = [vars(each) for each in figures]
    return pa.RecordBatch.from_pydict(
        {
            "figures": pa.array([json.dumps(told)], pa.string()),
            "sample": pa.array([sink.getvalue().to_pybytes()], pa.binary()),
        }
    )
