"""Arrow columns as the Python values that serving sees: instants aware in UTC, structs and maps as dicts."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from skewless.ground.errors import InputError


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


def python_list(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    """The values of a column."""
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
