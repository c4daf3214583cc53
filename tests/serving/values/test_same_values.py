"""When a published value and a served one are the same."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from skewless.serving.values.sameness import same, within_tolerance
from tests.helpers.plans import NOON

NAN = float("nan")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        1,
        0.0,
        -0.0,
        math.inf,
        NAN,
        "ß",
        b"\0",
        Decimal("1.50"),
        NOON,
        NOON.date(),
        [],
        [None, NAN],
    ],
    ids=repr,
)
def test_a_value_is_the_same_as_itself(value: Any) -> None:
    assert same(value, value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, 0),
        (None, NAN),
        (0, 0.0),
        (1, True),
        (0.0, -0.0),
        (1.0, math.nextafter(1.0, 2.0)),
        (math.inf, -math.inf),
        (NAN, math.inf),
        ("é", "e\u0301"),
        ("a", b"a"),
        (Decimal("1.5"), 1.5),
        (Decimal("1.5"), Decimal("1.51")),
        (NOON, NOON.date()),
        (NOON, NOON.replace(microsecond=1)),
        ([1, 2], [2, 1]),
        ([1], [1, None]),
        ([0.0], [-0.0]),
        ({"a": 1}, {"a": 1.0}),
        ({"a": 1}, {"a": 1, "b": None}),
        ({"a": [NAN, 0.0]}, {"a": [NAN, -0.0]}),
    ],
    ids=repr,
)
def test_values_of_another_type_or_another_bit_are_not_the_same(one: Any, other: Any) -> None:
    assert not same(one, other)
    assert not same(other, one)


def test_nan_is_nan_wherever_it_is_and_keys_of_maps_come_in_any_order() -> None:
    assert same([NAN, {"x": float("nan")}], [float("nan"), {"x": NAN}])
    assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert same({float("nan"): 1.5, 2.0: None}, {NAN: 1.5, 2.0: None})
    assert not same({float("nan"): 1.5}, {NAN: 2.5})


def test_equal_decimals_of_another_scale_and_equal_instants_are_the_same() -> None:
    assert same(Decimal("1.5"), Decimal("1.500"))
    assert same(NOON, datetime(2024, 7, 1, 12, tzinfo=timezone.utc))


@pytest.mark.parametrize(("error", "is_within"), [(0.9e-9, True), (1.1e-9, False)])
def test_sums_may_differ_by_a_billionth_of_the_sum_of_absolute_values(error: float, is_within: bool) -> None:
    """The weights are 1 + 3, so that values which cancel each other leave room, and those alone."""
    assert within_tolerance(-2.0, -2.0 + 4 * error, [1.0, -3.0]) is is_within


def test_no_tolerance_is_given_to_what_is_not_finite_or_to_nothing() -> None:
    assert not within_tolerance(1.0, math.inf, [1.0, math.inf])
    assert not within_tolerance(NAN, 1.0, [1.0])
    assert not within_tolerance(0.0, 5e-324, [])


def test_weights_near_the_largest_double_do_not_overflow() -> None:
    huge = 1.5e308
    assert within_tolerance(huge, math.nextafter(huge, 0.0), [huge, huge, huge])
    assert not within_tolerance(huge, -huge, [huge, huge])


def test_weights_are_of_any_number() -> None:
    assert within_tolerance(3.0, 3.0 + 1e-9, [1, Decimal("2.0"), math.nan])
