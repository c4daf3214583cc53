"""Keys as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skewless.ground.order.time_order import Ints


class _Step(NamedTuple):
    values: pa.Array
    pairs: pa.Array | None


class KeyNumbers:
    """A number below `count` for each key of some rows, `numbers` by row; the greatest stands for every other key.

    Columns are numbered by hashing (`dictionary_encode`), which is several times faster than sorting them; each
    further column's numbers are paired with those so far and numbered again, so that they stay small.
    """

    def __init__(self, columns: Sequence[pa.Array], size: int) -> None:
        self.numbers, known = np.zeros(size, dtype=np.int64), 1
        self._steps: list[_Step] = []
        for place, column in enumerate(columns):
            encoded = column.dictionary_encode()
            own = _filled(encoded.indices, len(encoded.dictionary))
            if not place:
                self.numbers, known = own, len(encoded.dictionary) + 1
                self._steps.append(_Step(encoded.dictionary, None))
                continue
            pairs = pa.array(self.numbers * (len(encoded.dictionary) + 1) + own).dictionary_encode()
            self.numbers, known = _filled(pairs.indices, 0), len(pairs.dictionary)
            self._steps.append(_Step(encoded.dictionary, pairs.dictionary))
        self.count = known + 1

    def of(self, columns: Sequence[pa.Array], size: int) -> Ints:
        """The numbers of other rows' keys."""
        found = np.zeros(size, dtype=np.int64)
        other = np.zeros(size, dtype=bool)
        for step, column in zip(self._steps, columns, strict=True):
            own = _filled(pc.index_in(column, value_set=step.values), len(step.values))
            if step.pairs is None:
                found = own
                continue
            paired = pc.index_in(pa.array(found * (len(step.values) + 1) + own), value_set=step.pairs)
            other |= paired.is_null().to_numpy(zero_copy_only=False)
            found = _filled(paired, 0)
        return np.where(other, self.count - 1, found)


def _filled(indices: pa.Array, for_null: int) -> Ints:
    filled: Ints = pc.fill_null(indices.cast(pa.int64()), for_null).to_numpy(zero_copy_only=False)
    return filled
