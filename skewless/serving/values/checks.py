"""The exact value checks at the border of a feature function, one value or one column at a time."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Callable
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, NamedTuple

from skewless.serving.definitions.annotations import ValueType
from skewless.serving.errors import shown
from skewless.serving.values.bases import base_of, conversion, plain

UTC = dt.timezone.utc
_SMALLEST_INT, _GREATEST_INT = -(2**63), 2**63 - 1
# Spark's decimal(38, 18). Only its settings are read; the flags it gathers mean nothing to anyone.
_DECIMAL_38 = Context(prec=38, traps=[InvalidOperation, Inexact])
_DECIMAL_UNIT, _DECIMAL_ZERO = Decimal("1E-18"), Decimal("0E-18")


class Refused(ValueError):
    """A value that its declared type does not admit; the message says what was expected and found."""

    def __init__(self, message: str, found_none: bool = False) -> None:
        super().__init__(message)
        self.found_none = found_none


class Column(NamedTuple):
    """Checked values of one input or feature, a row each, and whether any of them is null."""

    values: list[Any]
    has_nulls: bool


class Check(NamedTuple):
    """How values of one type enter: `one` takes a non-null value, `whole` tells of a column's non-null
    values, all of the declared kind, whether they may enter as they are.

    A value of a subclass counts as its base and is made one; no other type passes, except that an int
    becomes a float where float is declared. Ints fit 64 bits; NaN, infinities and -0.0 pass; text is valid
    Unicode; Decimals are finite; datetimes are aware and become UTC; lists are copied, their items checked
    alike. Decimals that a function returns have to fit decimal(38, 18) exactly and get its 18 places. `one`
    raises Refused for anything else, null included.
    """

    kind: type
    one: Callable[[Any], Any]
    whole: Callable[[list[Any]], bool]

    @property
    def exact(self) -> type | None:
        """The type whose values all enter as they are; None where that depends on the value."""
        return self.kind if self.whole is _always else None

    def column(self, values: list[Any]) -> Column:
        """A column that may hold nulls, checked: as a whole where its values allow, else one by one."""
        kinds = set(map(type, values))
        has_nulls = type(None) in kinds
        kinds.discard(type(None))
        if kinds <= {self.kind}:
            present = [value for value in values if value is not None] if has_nulls else values
            if self.whole(present):
                return Column(values, has_nulls)
        one = self.one
        return Column([None if value is None else one(value) for value in values], has_nulls)


def input_check(value_type: ValueType) -> Check:
    """The check of an input declared with this type.

    >>> input_check(ValueType(float)).one(3)
    3.0
    >>> input_check(ValueType(int)).one(True)
    Traceback (most recent call last):
        ...
    skewless.serving.values.checks.Refused: expected int, found bool True; convert it: int(x)
    """
    return _check(value_type, _decimal_input, _all_finite)


def result_check(value_type: ValueType) -> Check:
    """The check of what a function with this return type gives.

    >>> result_check(ValueType(Decimal)).one(Decimal("1.5"))
    Decimal('1.500000000000000000')
    """
    return _check(value_type, _decimal_result, _never)


def _check(
    value_type: ValueType, decimal: Callable[[Any], Any], whole_decimals: Callable[[list[Any]], bool]
) -> Check:
    if value_type.element is not None:
        item = _check(value_type.element, decimal, whole_decimals)
        return Check(list, _list_of(item.one, value_type.present, value_type.element.nullable), _never)
    checks: dict[type, tuple[Callable[[Any], Any], Callable[[list[Any]], bool]]] = {
        bool: (_exactly(bool), _always),
        int: (_int, _all_64_bit),
        float: (_float, _always),
        str: (_str, _all_ascii),
        bytes: (_exactly(bytes), _always),
        dt.datetime: (_datetime, _all_utc),
        dt.date: (_exactly(dt.date), _always),
        Decimal: (decimal, whole_decimals),
    }
    return Check(value_type.kind, *checks[value_type.kind])


def _mismatch(expected: object, kind: type, value: object) -> Refused:
    if value is None:
        return Refused(f"expected {expected}, found None", found_none=True)
    found = type(value)
    name = found.__name__ if found.__module__ == "builtins" else f"{found.__module__}.{found.__name__}"
    way = conversion(kind, value)
    remedy = "" if way is None else f"; convert it: {way}"
    return Refused(f"expected {expected}, found {name} {shown(value)}{remedy}")


def _plain(value: Any, kind: type, expected: object) -> Any:
    """A value of the kind, or of a subclass, as one of exactly that kind."""
    if base_of(type(value)) is not kind:
        raise _mismatch(expected, kind, value)
    try:
        return plain(value, kind)
    except Exception:  # a subclass may do anything, and pandas.NaT is a datetime without a year
        raise _mismatch(expected, kind, value) from None


def _exactly(kind: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        return value if type(value) is kind else _plain(value, kind, kind.__name__)

    return check


def _int(value: Any) -> int:
    number: int = value if type(value) is int else _plain(value, int, "int")
    if not _SMALLEST_INT <= number <= _GREATEST_INT:
        raise Refused(f"int {shown(number)} does not fit in 64 bits")
    return number


def _float(value: Any) -> float:
    if type(value) is float:
        return value
    kind = int if base_of(type(value)) is int else float
    try:
        return float(_plain(value, kind, "float"))
    except OverflowError:
        raise Refused(f"int {shown(value)} does not fit in a float") from None


def _str(value: Any) -> str:
    text: str = value if type(value) is str else _plain(value, str, "str")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise Refused(f"str {shown(text)} is not valid Unicode (a lone surrogate)") from None
    return text


def _datetime(value: Any) -> dt.datetime:
    moment: dt.datetime = value if type(value) is dt.datetime else _plain(value, dt.datetime, "datetime")
    if moment.tzinfo is UTC and not moment.fold:
        return moment
    if moment.utcoffset() is None:
        raise Refused(f"naive datetime {shown(value)}; give it a time zone")
    try:
        return moment.astimezone(UTC).replace(fold=0)
    except OverflowError:
        raise Refused(f"datetime {shown(value)} is outside the years 1 to 9999 in UTC") from None


def _decimal_input(value: Any) -> Decimal:
    number: Decimal = value if type(value) is Decimal else _plain(value, Decimal, "Decimal")
    if not number.is_finite():
        raise Refused(f"expected a finite Decimal, found {shown(number)}")
    return number


def _decimal_result(value: Any) -> Decimal:
    value = _decimal_input(value)
    try:
        fixed = value.quantize(_DECIMAL_UNIT, context=_DECIMAL_38)
    except (InvalidOperation, Inexact) as error:
        digits = "18 fractional" if isinstance(error, Inexact) else "20 integer"
        raise Refused(f"{shown(value)} has more than {digits} digits; round it in the function") from None
    return fixed or _DECIMAL_ZERO  # decimal(38, 18) has no negative zero


def _list_of(item: Callable[[Any], Any], declared: ValueType, nullable: bool) -> Callable[[Any], list[Any]]:
    def check(value: Any) -> list[Any]:
        if type(value) is not list:
            value = _plain(value, list, declared)
        checked: list[Any] = []
        try:
            for entry in value:
                checked.append(None if entry is None and nullable else item(entry))
        except Refused as refused:
            raise Refused(f"item {len(checked)} of {declared}: {refused}") from None
        return checked

    return check


def _always(values: list[Any]) -> bool:
    return True


def _never(values: list[Any]) -> bool:
    return False


def _all_64_bit(values: list[Any]) -> bool:
    try:
        array("q", values)  # several times faster than comparing
    except OverflowError:
        return False
    return True


def _all_ascii(values: list[Any]) -> bool:
    return "".join(values).isascii()


def _all_utc(values: list[Any]) -> bool:
    return all(value.tzinfo is UTC and not value.fold for value in values)


def _all_finite(values: list[Any]) -> bool:
    return all(map(Decimal.is_finite, values))
