"""Values of the feature log: which are admitted, how JSON holds each of them exactly, and how it is read back.

Each value has a type, written as Spark SQL writes it: `boolean bigint double string binary timestamp date
decimal`, `array<...>` of them, `void` for a null of which no more is known.
"""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple

from skewless.serving.definitions.annotations import ValueType
from skewless.serving.errors import shown
from skewless.serving.values.checks import Refused, input_check

VOID = "void"
TYPE_NAMES: dict[type, str] = {
    type(None): VOID,
    bool: "boolean",
    int: "bigint",
    float: "double",
    str: "string",
    bytes: "binary",
    dt.datetime: "timestamp",
    dt.date: "date",
    Decimal: "decimal",
}
GREATEST_JSON_INT = 2**53 - 1
"""The greatest integer that every JSON reader holds exactly; greater ones are written as text."""

ARRAY = "array<"
"""How the type of a list begins."""
DEEPEST = 16
"""How many lists a value may have inside one another."""
_ACCEPTED = "expected None, bool, int, float, str, bytes, datetime, date, Decimal or a list of these"


class Typed(NamedTuple):
    """A captured value whose type is not that of its Python class: a list, or what numpy had wrapped."""

    value: Any
    type: str


def typed(value: Any) -> Typed:
    """Any one value, captured: checked, copied as deep as it can change, and with its type.

    Raises Refused for a value of no type, an int beyond 64 bits, a Decimal that no decimal of 38 digits
    holds, a naive datetime and text that is not valid Unicode. Numpy's scalars are what their `item()` is.

    >>> typed([1.5, None])
    Typed(value=[1.5, None], type='array<double>')
    >>> typed((1, 2))
    Traceback (most recent call last):
        ...
    skewless.serving.values.checks.Refused: expected None, bool, int, float, str, bytes, datetime, date, Decimal or a list of these, found tuple (1, 2); convert it
    """  # noqa: E501
    return _typed(value, 0)


def _typed(value: Any, depth: int) -> Typed:
    kind = type(value)
    if kind is list:
        return _typed_list(value, depth + 1)
    if kind not in TYPE_NAMES:
        value = _unwrapped(value)
        kind = type(value)
    check = CHECKS.get(kind)
    return Typed(value if check is None else check(value), TYPE_NAMES[kind])


def _typed_list(values: list[Any], depth: int) -> Typed:
    if depth > DEEPEST:
        raise Refused(f"a list of more than {DEEPEST} levels; flatten it")
    if set(map(type, values)) == {float}:  # the common case, many times faster than item by item
        return Typed(values[:], "array<double>")
    items: list[Any] = []
    element = VOID
    for position, item in enumerate(values[:]):
        try:
            value, kind = _typed(item, depth)
            element = _common(element, kind)
        except Refused as refused:
            raise Refused(f"item {position} of the list: {refused}") from None
        items.append(value)
    array = f"{ARRAY}{element}>"
    if "double" in array:
        _exact_floats(items)
    return Typed(items, array)


def _exact_floats(items: list[Any]) -> None:
    """Turn the ints of a list of doubles into floats, in place; refuse those that no float is equal to."""
    for position, item in enumerate(items):
        if type(item) is list:
            _exact_floats(item)
        elif type(item) is int:
            if float(item) != item:
                raise Refused(f"item {position} of the list: int {item} among floats is no float; convert it")
            items[position] = float(item)


def _common(one: str, other: str) -> str:
    """The type of a list's items when both types were met among them: null joins any, an int joins floats."""
    if other in (one, VOID):
        return one
    if one == VOID:
        return other
    if one.startswith(ARRAY) and other.startswith(ARRAY):
        return f"{ARRAY}{_common(one[len(ARRAY) : -1], other[len(ARRAY) : -1])}>"
    if {one, other} == {"bigint", "double"}:
        return "double"
    raise Refused(f"expected {one} like the items before it, found {other}; a list has one type")


def completed(found: str, declared: str | None) -> str:
    """The type found, with what nulls and empty lists leave open taken from the declared type.

    >>> completed("array<void>", "array<double>"), completed("bigint", "double")
    ('array<double>', 'bigint')
    """
    if declared is None or VOID not in found:
        return found
    if found == VOID:
        return declared
    if not declared.startswith(ARRAY):
        return found
    return f"{ARRAY}{completed(found[len(ARRAY) : -1], declared[len(ARRAY) : -1])}>"


def declared_type(value_type: ValueType) -> str:
    """The log's name of a declared type.

    >>> declared_type(ValueType(list, nullable=True, element=ValueType(int)))
    'array<bigint>'
    """
    if value_type.element is not None:
        return f"{ARRAY}{declared_type(value_type.element)}>"
    return TYPE_NAMES[value_type.kind]


def _unwrapped(value: Any) -> Any:
    """What a numpy scalar holds, as Python's own type; anything else that is no value is refused."""
    kind = type(value)
    if kind.__module__.partition(".")[0] == "numpy" and getattr(value, "shape", None) == ():
        plain = value.item()
        if type(plain) in TYPE_NAMES:
            return plain
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    raise Refused(f"{_ACCEPTED}, found {name} {shown(value)}; convert it")


def _int(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise Refused(f"int {shown(value)} does not fit in 64 bits; log it as str or Decimal")
    return value


def _str(value: str) -> str:
    return value if value.isascii() else _checked_str(value)


def _decimal(value: Decimal) -> Decimal:
    """A Decimal that decimal(38, s) holds for some scale s of 0 to 38, trailing zeros included."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise Refused(f"expected a finite Decimal, found {shown(value)}; log None or a float")
    scale = max(0, -exponent)
    if scale > 38 or len(digits) > 38 or len(digits) + exponent + scale > 38:
        raise Refused(f"{shown(value)} does not fit in 38 digits; round it")
    return value


_checked_str = input_check(ValueType(str)).one

CHECKS: dict[type, Callable[[Any], Any]] = {
    int: _int,
    str: _str,
    Decimal: _decimal,
    dt.datetime: input_check(ValueType(dt.datetime)).one,
}
"""What a captured value of one of these classes goes through; the other scalars are admitted as they are."""


def instant_text(moment: dt.datetime) -> str:
    """A datetime in UTC as the log writes it.

    >>> instant_text(dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc))
    '2024-01-02T03:04:05.000000Z'
    """
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def float_json(value: float) -> float | str:
    """A finite float as it is; the others, which JSON has no number for, as text.

    >>> float_json(-0.0), float_json(float("-inf"))
    (-0.0, '-Infinity')
    """
    if isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124  (NaN)


def _int_json(value: int) -> int | str:
    return value if -GREATEST_JSON_INT <= value <= GREATEST_JSON_INT else str(value)


def _binary_json(value: bytes) -> str:
    return b64encode(value).decode("ascii")


JSON_OF: dict[str, Callable[[Any], Any]] = {
    "bigint": _int_json,
    "binary": _binary_json,
    "timestamp": instant_text,
    "date": dt.date.isoformat,
    "decimal": str,
}
"""How a captured value of a type becomes JSON; the other scalars are JSON, floats as long as they are finite."""


def json_of(value: Any, kind: str) -> Any:
    """A captured value of the given type as JSON holds it, non-finite floats excepted.

    >>> json_of([Decimal("1.50"), None], "array<decimal>")
    ['1.50', None]
    """
    if value is None:
        return None
    if kind.startswith(ARRAY):
        item = kind[len(ARRAY) : -1]
        return value if item in ("double", "string") else [json_of(entry, item) for entry in value]
    convert = JSON_OF.get(kind)
    return value if convert is None else convert(value)
