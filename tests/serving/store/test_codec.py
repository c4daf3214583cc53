"""Rows and keys as bytes: every value comes back exactly, and bytes that are none are refused."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skewless import StoreError
from skewless.serving.store.codec import decode_rows, encode_key, encode_rows
from skewless.serving.store.reading import decode_columns
from skewless.serving.values.sameness import same

UTC = timezone.utc
NOON = datetime(2024, 7, 1, 12, 0, 0, 1, tzinfo=UTC)
SCALARS: list[Any] = [
    True,
    0,
    -(2**63),
    2**63 - 1,
    -0.0,
    math.nan,
    -math.inf,
    5e-324,
    "",
    "é\U0001f600",
    "a\n\0",
    b"",
    b"\xff\0",
    Decimal("1.50"),
    Decimal("-12345678901234567890123456789012345678"),
    date(1, 1, 1),
    date(9999, 12, 31),
    NOON,
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(1, 1, 1),
]
NESTED: list[Any] = [
    [],
    [None, 1.5],
    [0.5, -0.0],
    [[1], None, []],
    {"a": 1, "b": None},
    {NOON: [Decimal("0.10")]},
    {},
]


def round_trip(*values: Any) -> list[Any]:
    rows = [{"first": 7, "v": value} for value in values]
    return [row["v"] for row in decode_rows(encode_rows(rows), ("first", "v"))]


@pytest.mark.parametrize("value", [*SCALARS, *NESTED], ids=repr)
def test_every_value_comes_back_exactly(value: Any) -> None:
    assert same(round_trip(value), [value])
    assert same(round_trip(value, None, value), [value, None, value])


@settings(max_examples=60)
@given(st.lists(st.sampled_from([None, *SCALARS, *NESTED]), max_size=20), st.integers(1, 40))
def test_columns_of_all_sorts_come_back_exactly(values: list[Any], times: int) -> None:
    """Short ones as they are, long ones deflated."""
    assert same(round_trip(*values * times), values * times)


def test_rows_have_their_columns_in_order_and_no_rows_are_none() -> None:
    rows = [{"b": 1, "a": None}, {"b": 2, "a": None}]
    assert list(decode_rows(encode_rows(rows), ("b", "a"))[1].items()) == [("b", 2), ("a", None)]
    assert decode_rows(encode_rows([]), ("b", "a")) == []
    assert decode_columns(encode_rows([]), ("b",))["b"].values() == ()


def test_an_instant_is_the_same_whatever_its_zone() -> None:
    (found,) = round_trip(datetime(2024, 7, 1, 14, tzinfo=timezone(timedelta(hours=2))))
    assert found == datetime(2024, 7, 1, 12, tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_value_of_a_subclass_is_its_base() -> None:
    class Size(IntEnum):
        SMALL = 3

    (found,) = round_trip(Size.SMALL)
    assert type(found) is int
    assert found == 3


def test_columns_keep_instants_as_microseconds() -> None:
    columns = decode_columns(encode_rows([{"t": NOON, "s": "a"}]), ("t", "s"))
    assert columns["t"].raw[0] == 1_719_835_200_000_001
    assert columns["t"].values() == [NOON]


@pytest.mark.parametrize(
    "value", [2**63, object(), "\ud800", Decimal("NaN"), (1,)], ids=lambda each: type(each).__name__
)
def test_what_cannot_be_stored_names_its_column(value: Any) -> None:
    with pytest.raises(StoreError, match="column 'v'"):
        encode_rows([{"v": value}])


SHORT: list[dict[str, Any]] = [{"v": "abc", "n": None, "l": [1]}]
ROWS = {
    "short": SHORT,
    "two": SHORT * 2,
    "wide": [{**SHORT[0], "v": "é" * 200}],
    "long": [{"v": "text", "n": place, "l": None} for place in range(500)],
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_torn_and_other_bytes_are_refused(rows: list[dict[str, Any]]) -> None:
    data, names = encode_rows(rows), tuple(rows[0])
    assert decode_rows(data, names) == rows
    for size in range(0, len(data), max(1, len(data) // 50)):
        with pytest.raises(StoreError, match="cannot be read"):
            decode_rows(data[:size], names)
    if rows is not ROWS["long"]:  # deflated bytes have an end of their own
        with pytest.raises(StoreError, match="cannot be read"):
            decode_rows(data + b"\0", names)
    with pytest.raises(StoreError, match="its version is 9"):
        decode_rows(b"\x09" + data[1:], names)


@pytest.mark.parametrize(
    ("values", "size"), [([127, -128], 1), ([127, 128], 2), ([0, -32769], 4), ([2**31, 0], 8), ([5, None], 1)]
)
def test_integers_take_the_bytes_that_the_widest_of_them_needs(values: list[int | None], size: int) -> None:
    data = encode_rows([{"v": value} for value in values])
    assert decode_rows(data, ["v"]) == [{"v": value} for value in values]
    assert len(data) == 1 + 4 + 1 + (1 if None in values else 0) + 2 * size


@pytest.mark.parametrize(
    ("moment", "size"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 4),
        (datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC), 4),
        (datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC), 8),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), 8),
        (NOON, 8),
    ],
)
def test_the_only_instant_of_a_whole_second_takes_half_the_bytes(moment: datetime, size: int) -> None:
    data = encode_rows([{"t": moment}])
    assert decode_rows(data, ["t"]) == [{"t": moment}]
    assert decode_columns(data, ["t"])["t"].values() == [moment]
    assert len(data) == 2 + size


def test_of_texts_with_few_values_each_is_written_once() -> None:
    texts = ["é" * 300, "", None, "a"] * 5
    data = encode_rows([{"s": text} for text in texts])
    assert [row["s"] for row in decode_rows(data, ["s"])] == texts
    assert len(data) == 1 + 4 + 1 + 3 + 20 + (1 + 3 * 4 + 600 + 1)


def test_a_row_repeats_no_name_of_a_column() -> None:
    assert encode_rows([{"a long name of a column": 1, "another": "x"}]) == b"\x101s\1\1x"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, 12], [11, 2]),
        (["1", "2"], ["12", ""]),
        ([1], ["1"]),
        ([1], [True]),
        ([b"a"], ["a"]),
        ([date(2024, 1, 1)], [datetime(2024, 1, 1, tzinfo=UTC)]),
        ([datetime(2024, 1, 1)], [datetime(2024, 1, 1, tzinfo=UTC)]),
        ([Decimal(10)], [Decimal(1)]),
        ([Decimal(1)], [1]),
        ([], [""]),
    ],
)
def test_j8_keys_that_do_not_match_differ(one: list[Any], other: list[Any]) -> None:
    assert encode_key(one) != encode_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Decimal("1.50"), Decimal("1.5")),
        (Decimal("100"), Decimal("1E+2")),
        (Decimal("0.00"), Decimal("-0")),
        (
            Decimal("12345678901234567890123456789012345.600"),
            Decimal("12345678901234567890123456789012345.6"),
        ),
        (NOON, NOON.astimezone(timezone(timedelta(hours=-5)))),
        (datetime(2024, 1, 1, fold=1), datetime(2024, 1, 1)),
    ],
)
def test_j8_keys_that_match_are_equal(one: Any, other: Any) -> None:
    assert encode_key([one]) == encode_key([other])


@pytest.mark.parametrize("value", [None, 1.0, [1]])
def test_j8_what_is_no_key_is_refused(value: Any) -> None:
    with pytest.raises(StoreError, match="is no key"):
        encode_key([value])
