"""The values of a typed column: which enter and as what, when a time column's are, and how J4 orders them."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Callable
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from skewless.serving.definitions.annotations import SCALARS, ValueType
from skewless.serving.errors import shown
from skewless.serving.plan.document.column_types import INTEGERS, ColumnType
from skewless.serving.values.bases import base_of, plain
from skewless.serving.values.cells import rank
from skewless.serving.values.checks import Refused, input_check
from skewless.serving.values.instants import local_micros, micros

Accept = Callable[[Any], Any]

_CHECKS = {kind: input_check(ValueType(kind)).one for kind in SCALARS}
_PLAIN: dict[str, type] = {
    "double": float,
    "string": str,
    "binary": bytes,
    "boolean": bool,
    "date": dt.date,
    "timestamp": dt.datetime,
}
_DIGITS = Context(prec=38, traps=[InvalidOperation, Inexact])
_NULL = (0,)


def accepting(kind: ColumnType) -> Accept:
    """A function that takes a non-null value of the column as Spark would deliver it, or raises Refused.

    Ints have to fit the column's width and pass for floating-point numbers; a `float` is rounded to 32
    bits; a `char` is padded with blanks; a decimal gets the column's scale, which has to hold all its digits;
    instants are aware and become UTC; a clock time (`timestamp_ntz`) is naive. Arrays are lists, structs and maps
    are dicts.

    >>> from skewless.serving.plan.document.column_types import column_type
    >>> accepting(column_type("float"))(0.1), accepting(column_type("decimal(5,2)"))(Decimal("1.5"))
    (0.10000000149011612, Decimal('1.50'))
    """
    if kind.kind in INTEGERS:
        return _integer(kind.kind)
    if kind.width:
        return _char(kind.width)
    if kind.kind in _PLAIN:
        return _CHECKS[_PLAIN[kind.kind]]
    if kind.kind == "decimal":
        return _decimal(kind)
    if kind.parts:
        return _NESTED[kind.kind](kind)
    return {"float": _float32, "timestamp_ntz": _clock_time}[kind.kind]


def instants(kind: ColumnType, zone: dt.tzinfo | None) -> Callable[[Any], int]:
    """A function that reads a non-null value of a time column as microseconds since 1970.

    Clock times and dates are of the zone, dates of UTC where there is none; a repeated clock time is the
    earlier instant, a skipped one the later wall time.
    """
    accept = accepting(kind)
    if kind.kind == "timestamp":
        return lambda value: micros(accept(value))
    place = zone or dt.timezone.utc
    if kind.kind == "timestamp_ntz":
        return lambda value: local_micros(accept(value), place)
    return lambda value: local_micros(dt.datetime.combine(accept(value), dt.time()), place)


def order_key(kind: ColumnType) -> Callable[[Any], Any]:
    """The sorting key of a column's values, nulls included, under J4.

    Null is smallest, -0.0 < 0.0, NaN is greatest, text compares by bytes, arrays and structs element by
    element, maps by their sorted entries.

    >>> from skewless.serving.plan.document.column_types import column_type
    >>> sorted([[1], [], None, [None]], key=order_key(column_type("array<int>")))
    [None, [], [None], [1]]
    """
    present = _present_key(kind)
    if present is None:
        return lambda value: _NULL if value is None else (1, value)
    return lambda value: _NULL if value is None else (1, present(value))


def _present_key(kind: ColumnType) -> Callable[[Any], Any] | None:
    if kind.kind in ("float", "double"):
        return rank(float)
    keys = [order_key(part) for part in kind.parts]
    if kind.kind == "array":
        return lambda value: tuple(map(keys[0], value))
    if kind.kind == "struct":
        return lambda value: tuple(key(value[name]) for key, name in zip(keys, kind.fields, strict=True))
    if kind.kind == "map":
        return lambda value: tuple(sorted((keys[0](key), keys[1](entry)) for key, entry in value.items()))
    return None


def _integer(name: str) -> Accept:
    bits = INTEGERS[name]
    check, limit = _CHECKS[int], 1 << (bits - 1)

    def accept(value: Any) -> Any:
        number = check(value)
        if not -limit <= number < limit:
            raise Refused(f"int {number} does not fit in the {bits} bits of {name}")
        return number

    return check if bits == 64 else accept


def _char(width: int) -> Accept:
    check = _CHECKS[str]

    def accept(value: Any) -> str:
        text: str = check(value)
        if len(text.rstrip(" ")) > width:
            raise Refused(f"str {shown(text)} does not fit in char({width})")
        return text.rstrip(" ").ljust(width)

    return accept


def _float32(value: Any) -> float:
    single: float = array("f", (_CHECKS[float](value),))[0]
    return single


def _decimal(kind: ColumnType) -> Accept:
    unit, limit = Decimal(1).scaleb(-kind.scale), Decimal(10) ** (kind.precision - kind.scale)
    check, zero = _CHECKS[Decimal], Decimal(0).scaleb(-kind.scale)

    def accept(value: Any) -> Decimal:
        try:
            fixed = check(value).quantize(unit, context=_DIGITS)
        except (InvalidOperation, Inexact):
            raise Refused(f"{shown(value)} does not fit in {kind.text}") from None
        if fixed.copy_abs() >= limit:  # abs() would round to the digits of the caller's context
            raise Refused(f"{shown(value)} does not fit in {kind.text}")
        return fixed or zero

    return accept


def _clock_time(value: Any) -> dt.datetime:
    if base_of(type(value)) is not dt.datetime or value.tzinfo is not None:
        raise Refused(
            f"expected a naive datetime (timestamp_ntz), found {type(value).__name__} {shown(value)}"
        )
    clock: dt.datetime = plain(value, dt.datetime)
    return clock.replace(fold=0)


def _array(kind: ColumnType) -> Accept:
    accept = accepting(kind.parts[0])

    def accept_list(value: Any) -> list[Any]:
        if base_of(type(value)) is not list:
            raise Refused(f"expected a list ({kind.text}), found {type(value).__name__} {shown(value)}")
        return [None if item is None else accept(item) for item in value]

    return accept_list


def _map(kind: ColumnType) -> Accept:
    accept_key, accept = (accepting(part) for part in kind.parts)

    def accept_map(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise Refused(f"expected a dict ({kind.text}), found {type(value).__name__} {shown(value)}")
        return {accept_key(key): None if item is None else accept(item) for key, item in value.items()}

    return accept_map


def _struct(kind: ColumnType) -> Accept:
    fields = [(name, accepting(part)) for name, part in zip(kind.fields, kind.parts, strict=True)]

    def accept_struct(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or set(value) != set(kind.fields):
            raise Refused(f"expected a dict of the fields of {kind.text}, found {shown(value)}")
        return {name: None if value[name] is None else accept(value[name]) for name, accept in fields}

    return accept_struct


_NESTED = {"array": _array, "map": _map, "struct": _struct}
