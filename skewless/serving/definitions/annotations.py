"""Annotations of feature functions as value types: `bool int float str bytes datetime date Decimal`,
lists of them, and any of these `| None`."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

SCALARS: tuple[type, ...] = (bool, int, float, str, bytes, dt.datetime, dt.date, Decimal)


class ValueType(NamedTuple):
    """The type of an input or of a feature.

    `kind` is one of the scalar types or `list`, `element` the type of a list's items (None for scalars),
    and `nullable` whether null is one of its values. Written out, it is the annotation again.

    >>> str(ValueType(list, nullable=True, element=ValueType(float)))
    'list[float] | None'
    """

    kind: type
    nullable: bool = False
    element: ValueType | None = None

    def __str__(self) -> str:
        name = self.kind.__name__ if self.element is None else f"list[{self.element}]"
        return f"{name} | None" if self.nullable else name

    @property
    def present(self) -> ValueType:
        """The same type without null as one of its values."""
        return self._replace(nullable=False)

    def takes(self, given: ValueType) -> bool:
        """Whether every non-null value of the given type may be passed where this type is declared.

        An int passes for a float, also inside lists. Null is left to the null rule, except inside
        lists, where it has to be declared.

        >>> ValueType(float).takes(ValueType(int)), ValueType(int).takes(ValueType(float))
        (True, False)
        """
        if self.element is None or given.element is None:
            return self.kind is given.kind or (self.kind is float and given.kind is int)
        return self.element.takes(given.element) and (self.element.nullable or not given.element.nullable)


def value_type(annotation: object) -> ValueType:
    """Read an evaluated annotation; a TypeError says in one line why it is not a value type.

    >>> value_type(list[float] | None) == ValueType(list, True, ValueType(float))
    True
    >>> value_type(dict)
    Traceback (most recent call last):
        ...
    TypeError: 'dict' is not a value type; use bool, int, float, str, bytes, datetime, date, Decimal, a list[...] of these, or any of them '| None'
    """  # noqa: E501
    members = _members(annotation)
    present = [member for member in members if member is not type(None)]
    if len(present) != 1:
        raise TypeError(_refusal(annotation))
    kind = present[0]
    nullable = len(present) < len(members)
    for scalar in SCALARS:
        if kind is scalar:
            return ValueType(scalar, nullable)
    return ValueType(list, nullable, _element(kind))


def _members(annotation: object) -> tuple[object, ...]:
    from types import UnionType
    from typing import Union, get_args, get_origin

    origin = get_origin(annotation)
    return get_args(annotation) if origin is Union or origin is UnionType else (annotation,)


def _element(annotation: object) -> ValueType:
    from typing import List, get_args, get_origin  # noqa: UP035  (an annotation may be spelt with it)

    if annotation is list or annotation is List:  # noqa: UP006
        raise TypeError("'list' does not say of what; write list[float], for instance")
    arguments = get_args(annotation)
    if get_origin(annotation) is not list or len(arguments) != 1:
        raise TypeError(_refusal(annotation))
    return value_type(arguments[0])


def _refusal(annotation: object) -> str:
    if annotation is None or annotation is type(None):
        text = "None"
    else:
        text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    names = ", ".join(scalar.__name__ for scalar in SCALARS)
    return f"'{text}' is not a value type; use {names}, a list[...] of these, or any of them '| None'"
