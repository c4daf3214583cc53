"""Values that share a bin → the cell of each, by a hash, so that one that gains is seen among the many beside it.

A row of a count-min sketch (Cormode and Muthukrishnan 2005): counts of cells add up over tasks, as those of bins do,
however many values there are. A cell's count is at least that of each value in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skewless.parts.profile.bins import Bins, CategoryBins, Ints, NumberBins, shortened

CELLS = 1024

NAMED_SHARE = 0.01
"""A cell with as much of a batch's rows is named by the value that most of its rows have."""

_ROWS_LOOKED_AT = 1000


class Spread(NamedTuple):
    """Rows whose values share a bin with others, and the cell of each."""

    rows: Ints
    cells: Ints


def spread(column: pa.Array, codes: Ints, bins: Bins) -> Spread:
    """Which of a column's rows are in cells, and in which; `codes` are their bins, and beyond them for no row."""
    beyond = max(int(codes.max(initial=0)) + 1 - bins.size, 0)
    shared = np.concatenate([bins.shared, np.zeros(beyond, dtype=bool)])
    rows = np.flatnonzero(shared[codes])
    if not len(rows):
        return Spread(rows, rows)
    own = column if len(rows) == len(column) else column.take(pa.array(rows))
    return Spread(rows, _of_numbers(own) if isinstance(bins, NumberBins) else _of_texts(own))


def cells_by_value(values: Iterable[str]) -> dict[str, int]:
    """Text → its cell."""
    texts = list(values)
    return dict(zip(texts, _of_texts(pa.array(texts, pa.string())).tolist(), strict=True)) if texts else {}


def _of_numbers(column: pa.Array) -> Ints:
    values = column.to_numpy(zero_copy_only=False).astype(np.float64) + 0.0  # -0.0 is 0.0
    return _cell(_mixed(values.view(np.uint64)))


def _of_texts(column: pa.Array) -> Ints:
    encoded = column.dictionary_encode()
    cells: Ints = _cell(_sums_of_bytes(encoded.dictionary))[encoded.indices.to_numpy(zero_copy_only=False)]
    return cells


def _cell(numbers: NDArray[np.uint64]) -> Ints:
    cells: Ints = (numbers % CELLS).astype(np.int64)
    return cells


def _sums_of_bytes(texts: pa.Array) -> NDArray[np.uint64]:
    """Of each text the sum over its bytes of a number for the byte in its place (Zobrist 1970), modulo 2^64."""
    _, offset_buffer, byte_buffer = texts.cast(pa.large_string()).buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[: len(texts) + 1]
    if not offsets[-1]:
        return np.zeros(len(texts), dtype=np.uint64)
    every = np.frombuffer(byte_buffer, np.uint8)[: offsets[-1]].astype(np.uint64)
    place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))
    numbers = _mixed(every + np.uint64(256) * (place.astype(np.uint64) + np.uint64(1)))
    so_far = np.concatenate([np.zeros(1, np.uint64), np.cumsum(numbers, dtype=np.uint64)])
    sums: NDArray[np.uint64] = so_far[offsets[1:]] - so_far[offsets[:-1]]
    return sums


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The last step of SplitMix64 (Steele, Lea and Flood 2014): all bits of a number decide on every bit."""
    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def name_cells(names: dict[int, str], column: pa.Array, found: Spread) -> None:
    """Add to `names` the value of each cell that is full in this batch and has no name yet."""
    counts = np.bincount(found.cells, minlength=CELLS)
    for cell in np.flatnonzero(counts >= max(NAMED_SHARE * len(column), 2)).tolist():
        if cell not in names:
            rows = found.rows[found.cells == cell][:_ROWS_LOOKED_AT]
            values = Counter(pc.take(column, pa.array(rows)).to_pylist())
            names[cell] = value_name(values.most_common(1)[0][0])


def value_name(value: object) -> str:
    """A value as reasons and reports print it.

    >>> value_name("NYC"), value_name(-1.0)
    ("'NYC'", '-1')
    """
    return repr(shortened(value)) if isinstance(value, str) else f"{value:.6g}"


def names_of_known(bins: Bins) -> dict[int, str]:
    """Cell → the one value of the training set that it holds, where its values are known."""
    if not isinstance(bins, CategoryBins) or bins.known is None:
        return {}
    cells = cells_by_value(sorted(bins.known - set(bins.values)))
    often = Counter(cells.values())
    return {cell: value_name(text) for text, cell in cells.items() if often[cell] == 1}


def merged_names(bins: Bins, *seen: Mapping[int, str]) -> dict[int, str]:
    """What each cell's value is called: as seen first, else by what training has in it."""
    names = names_of_known(bins)
    for each in reversed(seen):
        names |= each
    return names
