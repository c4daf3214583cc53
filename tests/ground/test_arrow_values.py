"""Arrow columns as the values that serving sees."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from skewless.ground.arrow_values import python_columns, python_list
from skewless.ground.errors import InputError
from tests.helpers.frames import at

KOLKATA = pa.timestamp("us", "Asia/Kolkata")


def test_instants_are_aware_in_utc_whatever_zone_their_column_has() -> None:
    (noon,) = python_list(pa.array([at("12:00")], KOLKATA))
    assert noon == at("12:00")
    assert noon.tzinfo is timezone.utc
    (last,) = python_list(pa.array([datetime(9999, 12, 31, 23, tzinfo=timezone.utc)], KOLKATA))
    assert last.isoformat() == "9999-12-31T23:00:00+00:00"


def test_instants_inside_arrays_structs_and_maps_are_in_utc_too() -> None:
    nested = pa.map_(pa.string(), pa.struct([("seen", pa.list_(KOLKATA)), ("clock", pa.timestamp("us"))]))
    clock = datetime(2024, 3, 10, 2, 30)
    (value,) = python_list(pa.array([[("a", {"seen": [at("12:00"), None], "clock": clock})]], nested))
    assert value == {"a": {"seen": [at("12:00"), None], "clock": clock}}
    assert value["a"]["seen"][0].tzinfo is timezone.utc
    assert value["a"]["clock"].tzinfo is None


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (pa.map_(pa.string(), pa.int64()), [("b", 1), ("a", None)], {"b": 1, "a": None}),
        (pa.map_(pa.string(), pa.int64()), [], {}),
        (pa.list_(pa.map_(pa.int32(), pa.string())), [[(1, "x")], None], [{1: "x"}, None]),
        (pa.map_(pa.string(), pa.map_(pa.string(), pa.bool_())), [("a", [("b", True)])], {"a": {"b": True}}),
        (pa.struct([("m", pa.map_(pa.string(), pa.int8())), ("x", pa.int8())]), {"m": None}, {"m": None, "x": None}),
        (pa.list_(pa.list_(pa.float64())), [[1.5], []], [[1.5], []]),
        (pa.decimal128(9, 2), Decimal("1.50"), Decimal("1.50")),
        (pa.binary(), b"\0", b"\0"),
        (pa.date32(), date(1969, 12, 31), date(1969, 12, 31)),
        (pa.int8(), -128, -128),
        (pa.bool_(), True, True),
    ],
    ids=str,
)  # fmt: skip
def test_values_and_nulls_of_every_type(kind: pa.DataType, given: Any, expected: Any) -> None:
    found = python_list(pa.chunked_array([pa.array([given], kind), pa.array([None], kind)]))
    assert found == [expected, None]
    assert type(found[0]) is type(expected)


@pytest.mark.parametrize("kind", [KOLKATA, pa.date32(), pa.list_(KOLKATA), pa.list_(pa.date32())], ids=str)
@pytest.mark.parametrize("beyond", [-(2**31), 2**31 - 1])
def test_a_count_beyond_the_years_of_python_stays_one_only_where_that_is_asked(
    kind: pa.DataType, beyond: int
) -> None:
    is_list = pa.types.is_list(kind)
    plain = kind.value_type if is_list else kind
    # In days this lies far outside; in seconds, which make microseconds, too.
    count = beyond if pa.types.is_date32(plain) else beyond * 1_000_000 * 3600
    column = (
        pa.array([count, None, 0]).cast(pa.int32() if pa.types.is_date32(plain) else pa.int64()).cast(plain)
    )
    if is_list:
        column = pa.ListArray.from_arrays(pa.array([0, 3]), column)
    found = python_list(column, counts_beyond=True)
    first, gone, epoch = found[0] if is_list else found
    assert (first, gone, epoch.year) == (count, None, 1970)
    with pytest.raises(OverflowError):
        python_list(column)


def test_a_part_of_a_column_has_its_own_lists() -> None:
    whole = pa.array([[at("12:00")], None, [], [at("13:00"), None]], pa.list_(KOLKATA))
    assert python_list(whole.slice(1)) == [None, [], [at("13:00"), None]]
    assert python_list(pa.chunked_array([whole.slice(3), whole.slice(0, 1)])) == [
        [at("13:00"), None],
        [at("12:00")],
    ]


def test_a_float_of_32_bits_has_the_same_value_as_a_python_float() -> None:
    column = pa.array([0.1, math.nan, -0.0], pa.float32())
    tenth, nan, zero = python_list(column)
    assert tenth == 0.10000000149011612
    assert math.isnan(nan)
    assert math.copysign(1.0, zero) == -1.0


def test_what_python_cannot_hold_is_refused_by_the_name_of_its_column() -> None:
    ten_thousand = (datetime(9999, 12, 31) - datetime(1970, 1, 1)) // timedelta(
        microseconds=1
    ) + 2 * 86_400_000_000
    table = pa.table({"k": ["a"], "ends": pa.array([ten_thousand], pa.timestamp("us", "UTC"))})
    with pytest.raises(InputError, match=r"^column 'ends': Python, and so serving, cannot hold a value: "):
        python_columns(table)
