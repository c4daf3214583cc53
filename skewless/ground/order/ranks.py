"""Values of any type as numbers that order as J4 orders the values: what settles a tie between rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from skewless.ground.order.codes import encode
from skewless.ground.order.time_order import Ints, same_as_before


def ranks(column: pa.Array) -> Ints:
    """A number per value, the same for equal ones: null smallest, -0.0 below 0.0, NaN greatest, text by bytes.

    Arrays and structs compare element by element, of arrays the shorter one first where it begins the other, maps by
    their sorted entries. The cost is that of a sort for a plain column; elements of arrays and maps become Python
    numbers, which is well for the few rows that tie.
    """
    found = np.zeros(len(column), dtype=np.int64)
    known = column.drop_null() if column.null_count else column
    is_known = column.is_valid().to_numpy(zero_copy_only=False)
    found[is_known] = 1 + _ranks_of_known(known)
    return found


def _ranks_of_known(values: pa.Array) -> Ints:
    kind = values.type
    if pa.types.is_struct(kind):
        return _dense([ranks(field) for field in values.flatten()], len(values))
    if pa.types.is_list(kind):
        return _of_lists(values.value_lengths().to_numpy(), ranks(values.flatten()), keep_order=True)
    if pa.types.is_map(kind):
        # Taken, so that no part of another array lies before or behind its own keys and items.
        own = values.take(pa.array(np.arange(len(values))))
        lengths = np.diff(own.offsets.to_numpy())
        entries = _dense([ranks(own.keys), ranks(own.items)], len(own.keys))
        return _of_lists(lengths, entries, keep_order=False)
    return _dense([encode(values).codes], len(values))


def _of_lists(lengths: Ints, elements: Ints, *, keep_order: bool) -> Ints:
    numbers, ends = elements.tolist(), np.cumsum(lengths)
    bounds = zip((ends - lengths).tolist(), ends.tolist(), strict=True)
    lists = [tuple(numbers[start:end] if keep_order else sorted(numbers[start:end])) for start, end in bounds]
    place = {each: rank for rank, each in enumerate(sorted(set(lists)))}
    return np.array([place[each] for each in lists], dtype=np.int64)


def _dense(columns: Sequence[Ints], size: int) -> Ints:
    """A rank per row of columns, the first of which weighs most."""
    found = np.zeros(size, dtype=np.int64)
    if not columns or not size:
        return found
    order = np.lexsort(list(columns)[::-1])
    found[order] = np.cumsum(~same_as_before(*[column[order] for column in columns]))
    return found
