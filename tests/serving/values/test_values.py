"""The exact value checks, each type and boundary."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from skewless.serving.definitions.annotations import value_type
from skewless.serving.values.checks import Column, Refused, input_check, result_check

UTC = dt.timezone.utc
EAST = dt.timezone(dt.timedelta(hours=5, minutes=30))


class _Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class _Level(enum.IntEnum):
    HIGH = 3


class _Size(str, enum.Enum):
    SMALL = "s"


class _Day(dt.date):
    pass


class _Money(Decimal):
    pass


class _Items(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(())


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (bool, True),
        (int, 2**63 - 1),
        (int, -(2**63)),
        (float, math.inf),
        (str, "naïve \U0001f6eb"),
        (bytes, b"\xff"),
        (dt.date, dt.date(2013, 1, 1)),
        (dt.datetime, dt.datetime(2013, 1, 1, tzinfo=UTC)),
        (list[int], []),
        (list[list[str] | None], [["a"], None]),
    ],
)
def test_a_value_of_the_type_enters_unchanged(annotation: Any, value: Any) -> None:
    for check in (input_check(value_type(annotation)), result_check(value_type(annotation))):
        entered = check.one(value)
        assert entered == value
        assert type(entered) is type(value)


@pytest.mark.parametrize(
    ("annotation", "value", "problem"),
    [
        (int, True, "expected int, found bool True"),
        (int, 1.0, "expected int, found float 1.0"),
        (float, True, "expected float, found bool True"),
        (bool, 1, "expected bool, found int 1"),
        (float, "1", "expected float, found str '1'"),
        (float, Decimal(1), "expected float, found decimal.Decimal Decimal('1')"),
        (float, None, "expected float, found None"),
        (bytes, bytearray(b"a"), r"expected bytes, found bytearray bytearray(b'a')"),
        (Decimal, 1, "expected Decimal, found int 1"),
        (dt.datetime, dt.date(2013, 1, 1), "expected datetime, found datetime.date"),
        (dt.date, dt.datetime(2013, 1, 1, tzinfo=UTC), "expected date, found datetime.datetime"),
        (list[int], (1,), "expected list[int], found tuple (1,)"),
        (list[int], [1, None], "item 1 of list[int]: expected int, found None"),
        (list[list[int]], [[1], [2, "a"]], "item 1 of list[list[int]]: item 1 of list[int]: expected int"),
        (int, 2**63, "int 9223372036854775808 does not fit in 64 bits"),
        (int, -(2**63) - 1, "int -9223372036854775809 does not fit in 64 bits"),
        (str, "a\ud800", r"str 'a\ud800' is not valid Unicode (a lone surrogate)"),
        (Decimal, Decimal("NaN"), "expected a finite Decimal, found Decimal('NaN')"),
        (Decimal, Decimal("-Infinity"), "expected a finite Decimal, found Decimal('-Infinity')"),
        (dt.datetime, dt.datetime(2013, 1, 1), "naive datetime datetime.datetime(2013, 1, 1, 0, 0); give it"),
        (dt.datetime, dt.datetime(1, 1, 1, tzinfo=EAST), "datetime datetime.datetime(1, 1, 1, 0, 0,"),
    ],
)
def test_any_other_value_is_refused(annotation: Any, value: Any, problem: str) -> None:
    for check in (input_check(value_type(annotation)), result_check(value_type(annotation))):
        with pytest.raises(Refused) as alone:
            check.one(value)
        with pytest.raises(Refused) as in_column:
            check.column([value, check.one] if value is None else [None, value])
        assert str(alone.value).replace(f"{__name__}.", "test_values.").startswith(problem)
        assert value is None or str(in_column.value) == str(alone.value)


@pytest.mark.parametrize(
    ("annotation", "value", "entered"),
    [
        (float, np.float64(0.1), 0.1),
        (float, np.float64(-0.0), -0.0),
        (float, _Level.HIGH, 3.0),
        (int, _Level.HIGH, 3),
        (str, np.str_("é"), "é"),
        (str, _Size.SMALL, "s"),
        (str, _Text("a"), "a"),
        (bytes, np.bytes_(b"ab"), b"ab"),
        (Decimal, _Money("1.500000000000000000"), Decimal("1.500000000000000000")),
        (dt.date, _Day(2024, 2, 29), dt.date(2024, 2, 29)),
        (
            dt.datetime,
            pd.Timestamp("2024-07-01 12:00:00.000001", tz="America/New_York"),
            dt.datetime(2024, 7, 1, 16, 0, 0, 1, tzinfo=UTC),
        ),
        (list[float], _Items([np.float64(1.5), _Level.HIGH]), [1.5, 3.0]),
    ],
)
def test_a_value_of_a_subclass_counts_as_its_base_and_is_made_one(
    annotation: Any, value: Any, entered: Any
) -> None:
    """F4: what numpy and pandas derive from Python's types, and enumerations."""
    for check in (input_check(value_type(annotation)), result_check(value_type(annotation))):
        for found in (check.one(value), check.column([None, value]).values[1]):
            assert repr(found) == repr(entered)
            assert type(found) is type(entered)


@pytest.mark.parametrize(
    ("annotation", "value", "problem"),
    [
        (float, np.float32(0.5), "expected float, found numpy.float32 np.float32(0.5); convert it: float(x)"),
        (int, np.int64(7), "expected int, found numpy.int64 np.int64(7); convert it: int(x)"),
        (bool, np.True_, "expected bool, found numpy.bool np.True_; convert it: bool(x)"),
        (int, np.float64(7), "expected int, found numpy.float64 np.float64(7.0); convert it: int(x)"),
        (Decimal, np.float64(7), "convert it: Decimal(str(x))"),
        (str, np.int64(7), "convert it: str(x)"),
        (float, _Size.SMALL, "expected float, found test_values._Size"),
        (
            list[float],
            np.array([1.0]),
            "expected list[float], found numpy.ndarray array([1.]); convert it: x.tolist()",
        ),
        (list[float], (1.0,), "convert it: list(x)"),
        (dt.date, pd.Timestamp("2024-07-01", tz="UTC"), "convert it: x.date()"),
        (dt.datetime, pd.NaT, "expected datetime, found pandas"),
        (dt.datetime, pd.Timestamp("2024-07-01"), "naive datetime Timestamp('2024-07-01 00:00:00'); give it"),
        (int, _Level, f"expected int, found enum.{type(_Level).__name__}"),  # EnumMeta before Python 3.11
        (float, {}, "expected float, found dict {}"),
    ],
)
def test_a_number_of_another_type_is_refused_with_the_way_to_convert_it(
    annotation: Any, value: Any, problem: str
) -> None:
    """F4: a float32 is no float, and the float nearest to it is another number than was meant."""
    for check in (input_check(value_type(annotation)), result_check(value_type(annotation))):
        with pytest.raises(Refused) as refused:
            check.one(value)
        assert problem in str(refused.value).replace(f"{__name__}.", "test_values.")
        with pytest.raises(Refused):
            check.column([value, None])


def test_an_int_too_great_for_a_float_is_refused() -> None:
    with pytest.raises(Refused, match="does not fit in a float"):
        input_check(value_type(float)).one(10**400)


def test_an_int_becomes_a_float_alone_in_a_list_and_in_a_column() -> None:
    check = input_check(value_type(float))
    assert repr(check.one(3)) == "3.0"
    assert repr(check.column([3, None, 1.5])) == repr(Column([3.0, None, 1.5], True))
    assert repr(input_check(value_type(list[float])).one([3])) == "[3.0]"


def test_nan_and_negative_zero_are_kept() -> None:
    for check in (input_check(value_type(float)), result_check(value_type(float))):
        assert math.isnan(check.one(math.nan))
        assert repr(check.one(-0.0)) == "-0.0"


@pytest.mark.parametrize(
    ("given", "hour"),
    [
        (dt.datetime(2013, 1, 1, 12, tzinfo=EAST), 6),
        (dt.datetime(2013, 11, 3, 1, 30, tzinfo=ZoneInfo("America/New_York")), 5),
        (dt.datetime(2013, 11, 3, 1, 30, tzinfo=ZoneInfo("America/New_York"), fold=1), 6),
        (dt.datetime(2013, 1, 1, 12, tzinfo=ZoneInfo("UTC")), 12),
        (dt.datetime(2013, 1, 1, 12, tzinfo=UTC, fold=1), 12),
    ],
)
def test_an_aware_datetime_becomes_utc(given: dt.datetime, hour: int) -> None:
    check = input_check(value_type(dt.datetime))
    for entered in (check.one(given), check.column([given]).values[0]):
        assert (entered.tzinfo, entered.hour, entered.fold) == (UTC, hour, 0)


def test_a_decimal_input_keeps_its_digits_and_a_result_gets_eighteen_places() -> None:
    assert str(input_check(value_type(Decimal)).one(Decimal("1.50"))) == "1.50"
    assert str(result_check(value_type(Decimal)).one(Decimal("1.50"))) == "1.500000000000000000"
    assert str(result_check(value_type(Decimal)).one(Decimal("-0"))) == "0E-18"


@pytest.mark.parametrize(
    "text", ["99999999999999999999.999999999999999999", "1E-18", "0.1000000000000000000000"]
)
def test_a_decimal_result_that_just_fits(text: str) -> None:
    assert result_check(value_type(Decimal)).one(Decimal(text)) == Decimal(text)


@pytest.mark.parametrize(
    ("text", "digits"),
    [("100000000000000000000", "20 integer"), ("1E+30", "20 integer"), ("1E-19", "18 fractional")],
)
def test_a_decimal_result_that_does_not_fit_is_refused(text: str, digits: str) -> None:
    for check in (result_check(value_type(Decimal)), result_check(value_type(list[Decimal]))):
        value: Any = [Decimal(text)] if check.kind is list else Decimal(text)
        with pytest.raises(Refused, match=f"has more than {digits} digits; round it in the function"):
            check.one(value)


def test_a_list_is_copied() -> None:
    given = [[1], [2]]
    entered = input_check(value_type(list[list[int]])).one(given)
    entered[0].append(3)
    assert given == [[1], [2]]


def test_a_clean_column_is_not_copied_and_tells_of_nulls() -> None:
    columns: list[tuple[Any, list[Any]]] = [(int, [1, 2]), (str, ["a", "b"]), (float, [1.5]), (bool, [True])]
    for annotation, values in columns:
        check = input_check(value_type(annotation))
        assert check.column(values).values is values
        assert not check.column(values).has_nulls
        assert check.column([*values, None]) == Column([*values, None], True)
    assert input_check(value_type(int)).column([]) == Column([], False)
