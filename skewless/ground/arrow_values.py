"""Arrow columns as the Python values that serving sees: instants aware in UTC, structs and maps as dicts."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from skewless.ground.errors import InputError

EPOCH, EPOCH_DAY = datetime(1970, 1, 1, tzinfo=timezone.utc), date(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = (
    (day.replace(tzinfo=timezone.utc) - EPOCH) // MICROSECOND for day in (datetime.min, datetime.max)
)
FIRST_DAY, LAST_DAY = ((day - EPOCH_DAY).days for day in (date.min, date.max))


def python_columns(table: pa.Table) -> dict[str, list[Any]]:
    """Column → its values; clock times without a zone stay naive, `float` becomes a Python float of the same value.

    Errors: InputError for what Python cannot hold, such as a date of the year 10000.
    """
    values = {}
    for name in table.column_names:
        try:
            values[name] = python_list(table[name])
        except (ValueError, OverflowError, TypeError) as error:
            raise InputError(
                f"column '{name}': Python, and so serving, cannot hold a value: {error}"
            ) from error
    return values


def python_list(column: pa.ChunkedArray | pa.Array, *, counts_beyond: bool = False) -> list[Any]:
    """The values of a column.

    With `counts_beyond` an instant or a date outside the years 1 to 9999, also in an array, stays the count of
    microseconds or days that it is, which a feature set refuses by name; else it is an OverflowError.
    """
    if isinstance(column, pa.ChunkedArray):
        return [value for chunk in column.chunks for value in python_list(chunk, counts_beyond=counts_beyond)]
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return _instants(column, counts_beyond)
    if pa.types.is_date32(kind):
        return _dates(column, counts_beyond)
    if pa.types.is_list(kind) and (
        pa.types.is_nested(kind.value_type) or pa.types.is_temporal(kind.value_type)
    ):
        values = iter(python_list(column.flatten(), counts_beyond=counts_beyond))
        sizes = pc.list_value_length(column).to_pylist()
        return [None if size is None else list(islice(values, size)) for size in sizes]
    return _others(column)


def _instants(column: pa.Array, counts_beyond: bool) -> list[Any]:
    """Arrow makes a datetime in two microseconds, an addition to the epoch in a quarter of one."""
    counts = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64()).to_pylist()
    return [
        count
        if count is None or (counts_beyond and not FIRST <= count <= LAST)
        else EPOCH + timedelta(0, 0, count)
        for count in counts
    ]


def _dates(column: pa.Array, counts_beyond: bool) -> list[Any]:
    counts = column.cast(pa.int32()).to_pylist()
    return [
        count
        if count is None or (counts_beyond and not FIRST_DAY <= count <= LAST_DAY)
        else EPOCH_DAY + timedelta(count)
        for count in counts
    ]


def _others(column: pa.Array) -> list[Any]:
    kind = column.type
    in_utc = _in_utc(kind)
    values: list[Any] = (column.cast(in_utc) if in_utc != kind else column).to_pylist()
    return [_plain(value, kind) for value in values] if _holds_maps(kind) else values


def _in_utc(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # "+00:00" reads back as datetime.timezone.utc, which needs no zone data.
        return pa.timestamp(kind.unit, "+00:00")
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_in_utc(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_in_utc(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_in_utc(kind.key_type), kind.item_field.with_type(_in_utc(kind.item_type)))
    return kind


def _holds_maps(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind):
        return _holds_maps(kind.value_type)
    if pa.types.is_struct(kind):
        return any(_holds_maps(field.type) for field in kind)
    return bool(pa.types.is_map(kind))


def _plain(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_map(kind):
        return {_plain(key, kind.key_type): _plain(item, kind.item_type) for key, item in value}
    if pa.types.is_list(kind):
        return [_plain(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return {field.name: _plain(value[field.name], field.type) for field in kind}
    return value
