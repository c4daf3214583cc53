"""Values of subclasses as the plain values that they are, and how a value of another type is made one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from skewless.serving.definitions.annotations import SCALARS

_KINDS = frozenset([*SCALARS, list])


def base_of(kind: type) -> type | None:
    """The scalar type, or list, as whose value one of this type counts: the nearest that it is, or derives from.

    A bool is no int, and a datetime no date: the nearest one counts.

    >>> import enum
    >>> base_of(enum.IntEnum), base_of(bool), base_of(dt.datetime), base_of(complex)
    (<class 'int'>, <class 'bool'>, <class 'datetime.datetime'>, None)
    """
    return next((base for base in kind.__mro__ if base in _KINDS), None)


def plain(value: Any, kind: type) -> Any:
    """A value that counts as one of this kind, made exactly that, whatever its class has overridden.

    Raises whatever a value raises that has no such value, as `pandas.NaT`, a datetime without a year, does.
    """
    return value if type(value) is kind else _PLAIN[kind](value)


def conversion(kind: type, value: Any) -> str | None:
    """The expression that makes a value `x` of another type one of this kind, None where it is anyone's guess.

    >>> conversion(float, "7"), conversion(list, (1, 2)), conversion(dt.date, dt.datetime(2024, 1, 1)), conversion(int, {})
    ('float(x)', 'list(x)', 'x.date()', None)
    """  # noqa: E501
    if kind is list:
        return _list_conversion(value)
    if kind is dt.date and isinstance(value, dt.datetime):
        return "x.date()"
    if kind is dt.datetime and isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return "datetime.combine(x, time(), timezone.utc)"
    if kind is str:
        return "str(x)"
    is_number = isinstance(value, str) or any(hasattr(value, name) for name in ("__float__", "__index__"))
    return {bool: "bool(x)", int: "int(x)", float: "float(x)", Decimal: "Decimal(str(x))"}.get(
        kind if is_number else type(None)
    )


def _list_conversion(value: Any) -> str | None:
    if hasattr(
        value, "tolist"
    ):  # arrays of numpy, pandas and others, whose items are no Python values either
        return "x.tolist()"
    return "list(x)" if isinstance(value, (tuple, set, frozenset, range)) else None


def _datetime(value: Any) -> dt.datetime:
    clock = (value.hour, value.minute, value.second, value.microsecond)
    return dt.datetime(value.year, value.month, value.day, *clock, tzinfo=value.tzinfo, fold=value.fold)


# The types' own methods and not their constructors, which would ask a subclass what it wants to be taken for.
_PLAIN: dict[type, Callable[[Any], Any]] = {
    int: int.__int__,
    float: float.__float__,
    str: str.__str__,
    bytes: lambda value: bytes(memoryview(value)),
    Decimal: Decimal,
    dt.datetime: _datetime,
    dt.date: lambda value: dt.date(value.year, value.month, value.day),
    list: list.copy,
}
