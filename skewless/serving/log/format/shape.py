"""Named values of the feature log: checked and copied by what their names and classes are, worked out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from json import JSONEncoder
from typing import Any, NamedTuple

from skewless.serving.errors import FeatureError, shown
from skewless.serving.log.format.values import (
    CHECKS,
    JSON_OF,
    TYPE_NAMES,
    VOID,
    Typed,
    completed,
    json_of,
    typed,
)
from skewless.serving.values.checks import Refused

to_json = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
"""JSON text without spaces; a ValueError where a float is not finite."""

_MOST_SHAPES = 1024
_KEY_TYPES = "bool, int, str, bytes, datetime, date or Decimal"


class Shape:
    """Named values of certain Python classes: what they go through, worked out once for all such records.

    `checks` and `converts` hold positions and what to call on the values there; `open` the positions whose
    type depends on the value.
    """

    __slots__ = ("checks", "converts", "declared", "names", "open", "types", "types_json")

    def __init__(self, names: tuple[str, ...], kinds: tuple[type, ...], declared: Mapping[str, str]) -> None:
        self.names = names
        self.declared = declared
        self.checks: list[tuple[int, Callable[[Any], Any]]] = []
        self.converts: list[tuple[int, Callable[[Any], Any]]] = []
        self.open: list[int] = []
        self.types: dict[str, str] = {}
        for position, (name, kind) in enumerate(zip(names, kinds, strict=True)):
            found = TYPE_NAMES.get(kind, VOID)
            check = CHECKS.get(kind) if kind in TYPE_NAMES else typed
            if check is not None:
                self.checks.append((position, check))
            if check is typed:
                self.open.append(position)
            if found in JSON_OF:
                self.converts.append((position, JSON_OF[found]))
            self.types[name] = completed(found, declared.get(name))
        self.types_json = to_json(self.types)

    def encoded(self, values: list[Any]) -> tuple[dict[str, Any], str]:
        """Captured values as an object of JSON values, and the JSON text of their types."""
        for position, convert in self.converts:
            values[position] = convert(values[position])
        if not self.open:
            return dict(zip(self.names, values, strict=True)), self.types_json
        types = dict(self.types)
        for position in self.open:
            name, (value, kind) = self.names[position], values[position]
            values[position] = json_of(value, kind)
            types[name] = completed(kind, self.declared.get(name))
        return dict(zip(self.names, values, strict=True)), to_json(types)


class NamedValues(NamedTuple):
    """The captured values of one role, and their shape."""

    shape: Shape
    values: list[Any]

    def encoded(self) -> tuple[dict[str, Any], str]:
        """The values as JSON holds them, and the JSON text of their types. It takes the values apart."""
        return self.shape.encoded(self.values)


class Shapes:
    """Captures named values of one role: "entity key", "feature" or "tag".

    >>> Shapes("feature").captured({"temp": 31.5, "gusts": [12.0]}).values
    [31.5, Typed(value=[12.0], type='array<double>')]
    """

    def __init__(self, role: str, declared: Mapping[str, str] | None = None) -> None:
        self.role = role
        self._declared = declared or {}
        self._known: dict[tuple[Any, ...], Shape] = {}

    def captured(self, given: Mapping[str, Any]) -> NamedValues:
        """The values as they are now, out of reach of whoever gave them; a FeatureError names each bad one."""
        if type(given) is not dict and not isinstance(given, Mapping):
            raise refusal(f"{self.role}s", f"expected a dict of name to value, found {shown(given)}")
        copied = dict(given)
        shape = self._known.get((*copied, *map(type, copied.values()))) or self._learnt(copied)
        values = list(copied.values())
        try:
            for position, check in shape.checks:
                values[position] = check(values[position])
        except Refused:
            raise FeatureError(*_problems(self.role, copied)) from None
        return NamedValues(shape, values)

    def _learnt(self, given: dict[str, Any]) -> Shape:
        problems = _problems(self.role, given)
        if problems:
            raise FeatureError(*problems)
        kinds = tuple(map(type, given.values()))
        shape = Shape(tuple(given), kinds, self._declared)
        if len(self._known) >= _MOST_SHAPES:  # whoever makes names up at run time must not fill the memory
            self._known.clear()
        self._known[(*given, *kinds)] = shape
        return shape


def _problems(role: str, given: dict[Any, Any]) -> list[str]:
    """Everything that keeps these named values out of the log, a line each."""
    problems: list[str] = []
    folded: dict[str, str] = {}
    for name, value in given.items():
        try:
            if type(name) is not str:
                raise Refused(f"expected a name of type str, found {type(name).__name__}")
            CHECKS[str](name)
            twin = folded.setdefault(name.casefold(), name)
            if twin != name:
                raise Refused(f"equal to '{twin}' but for case, and column names are not; rename one")
            _BY_ROLE[role](value)
        except Refused as refused:
            problems.append(_line(f"{role} {name!r}", str(refused)))
    return problems


def scalar(value: Any) -> Typed:
    if type(value) is list:
        raise Refused(f"expected one value, found list {shown(value)}; log lists as features")
    return typed(value)


def _key(value: Any) -> Typed:
    found = scalar(value)
    if found.type == "double":
        raise Refused(f"expected {_KEY_TYPES}, found float {shown(value)}; floats are no keys, convert it")
    return found


_BY_ROLE: dict[str, Callable[[Any], Typed]] = {"entity key": _key, "feature": typed, "tag": scalar}


def _line(role: str, problem: str) -> str:
    return f"feature log: {role}: {problem}"


def refusal(role: str, problem: str) -> FeatureError:
    return FeatureError(_line(role, problem))
