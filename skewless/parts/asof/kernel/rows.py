"""Rows in Arrow, and the values of theirs that a table has in list columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skewless.ground.order.time_order import Ints
from skewless.parts.asof.kernel.layout import ValuePlace


class Rows:
    """The rows of one table in Arrow, each column in one piece."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table.combine_chunks()
        self._offsets: dict[str, Ints] = {}
        self._numbers: dict[str, Ints] = {}

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def column(self, name: str) -> pa.Array:
        chunks = self._table[name]
        # An empty table has no chunk; combining gives an empty one.
        return chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()

    def numbers(self, name: str) -> Ints:
        """An integer column, 0 where it is null."""
        if name not in self._numbers:
            self._numbers[name] = numbers(self.column(name))
        return self._numbers[name]

    def values(
        self, places: Sequence[ValuePlace], rows: Ints, absent: NDArray[np.bool_] | None = None
    ) -> list[pa.Array]:
        """The values of these rows at some places of their lists; null where `absent`, whatever row stands there."""
        starts = {name: self._starts(name)[rows] for name in {place.column for place in places}}
        return [
            self.column(place.column).values.take(
                pa.array(starts[place.column] + place.position, mask=absent)
            )
            for place in places
        ]

    def _starts(self, name: str) -> Ints:
        """Where the list of each row begins among the values of all lists."""
        if name not in self._offsets:
            self._offsets[name] = self.column(name).offsets.to_numpy().astype(np.int64)
        return self._offsets[name]

    def no_values(self, place: ValuePlace, size: int) -> pa.Array:
        return pa.nulls(size, self._table.schema.field(place.column).type.value_type)


def numbers(column: pa.Array) -> Ints:
    whole: Ints = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    return whole.astype(np.int64, copy=False)
