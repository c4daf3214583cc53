"""Causes that show in the two values alone (S7), each named where it is planted and not where chance would do."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.helpers.pairs import drawn, named


@pytest.mark.parametrize("share", [0.01, 0.1, 1.0])
def test_null_handling_is_null_on_one_side_and_a_constant_on_the_other(share: float) -> None:
    recomputed = [None if place % 3 == 0 else value for place, value in enumerate(drawn(2000))]
    faulty = np.random.default_rng(2).random(2000) < share
    logged = [0.0 if value is None and bad else value for value, bad in zip(recomputed, faulty, strict=True)]
    assert named(logged, recomputed) == ("null_handling", 1.0, "null logged as 0")


def test_null_handling_is_a_constant_that_became_null_too() -> None:
    recomputed = [place % 5 for place in range(500)]
    assert named([value or None for value in recomputed], recomputed) == (
        "null_handling", 1.0, "0 logged as null",
    )  # fmt: skip


def test_nulls_in_place_of_all_sorts_of_values_are_no_null_handling() -> None:
    recomputed = drawn(500)
    logged = [None if place % 4 == 0 else value for place, value in enumerate(recomputed)]
    assert named(logged, recomputed).cause == "unknown"


@pytest.mark.parametrize("hours", [-5, 5.5, 14])
def test_timezone_shift_of_an_instant_by_quarters_of_an_hour(hours: float) -> None:
    start = datetime(2024, 3, 1, tzinfo=timezone.utc)
    recomputed = [start + timedelta(seconds=977 * place) for place in range(300)]
    verdict = named([each + timedelta(hours=hours) for each in recomputed], recomputed)
    assert verdict[:2] == ("timezone_shift", 1.0)


def test_timezone_shift_between_declared_zones_follows_the_clocks() -> None:
    start = datetime(2024, 3, 1, tzinfo=timezone.utc)
    recomputed = [start + timedelta(hours=5 * place) for place in range(300)]
    local = [
        each.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=timezone.utc) for each in recomputed
    ]
    verdict = named(local, recomputed, zones=["America/New_York"])
    assert verdict == ("timezone_shift", 1.0, "America/New_York time read as UTC")


def test_a_shift_of_more_than_14_hours_is_no_timezone_shift() -> None:
    start = datetime(2024, 3, 1, tzinfo=timezone.utc)
    recomputed = [start + timedelta(seconds=977 * place) for place in range(300)]
    assert named([each + timedelta(hours=15) for each in recomputed], recomputed).cause == "unknown"


@pytest.mark.parametrize("digits", [-1, 0, 2, 5])
@pytest.mark.parametrize("share", [0.01, 1.0])
def test_rounding_to_digits(digits: int, share: float) -> None:
    recomputed = drawn(2000)
    faulty = np.random.default_rng(3).random(2000) < share
    logged = [round(value, digits) if bad else value for value, bad in zip(recomputed, faulty, strict=True)]
    assert named(logged, recomputed)[:2] == ("rounding", 1.0)


def test_rounding_half_up_is_told_from_half_to_even() -> None:
    recomputed = [place / 2 for place in range(1, 400, 2)]
    logged = [float(int(value + 0.5)) for value in recomputed]
    assert named(logged, recomputed)[::2] == ("rounding", "rounded to 0 digits after the point, half up")


def test_rounding_of_decimals() -> None:
    recomputed = [Decimal(place * 37 + 1).scaleb(-2) for place in range(300)]
    logged = [value.quantize(Decimal("0.1")) for value in recomputed]
    assert named(logged, recomputed).cause == "rounding"


@pytest.mark.parametrize("share", [0.01, 1.0])
def test_float32_is_the_value_in_32_bits(share: float) -> None:
    recomputed = drawn(2000)
    faulty = np.random.default_rng(4).random(2000) < share
    logged = [
        float(np.float32(value)) if bad else value for value, bad in zip(recomputed, faulty, strict=True)
    ]
    assert named(logged, recomputed)[:2] == ("float32", 1.0)


def test_float32_is_a_column_of_32_bits_logged_in_64_too() -> None:
    logged = drawn(300)
    assert named(logged, [float(np.float32(value)) for value in logged]).cause == "float32"


@pytest.mark.parametrize("factor", [1000.0, 1 / 60, 0.3048, -1.0])
def test_unit_scale_is_a_constant_ratio(factor: float) -> None:
    recomputed = drawn(2000)
    faulty = np.random.default_rng(5).random(2000) < 0.02
    logged = [value * factor if bad else value for value, bad in zip(recomputed, faulty, strict=True)]
    assert named(logged, recomputed)[:2] == ("unit_scale", 1.0)


def test_unit_scale_of_integers() -> None:
    recomputed = [place % 50 for place in range(500)]
    assert named([value * 60 for value in recomputed], recomputed).cause == "unit_scale"


@pytest.mark.parametrize(
    "form",
    [
        str.upper,
        str.lower,
        str.strip,
        lambda text: f" {text}",
        lambda text: text.replace("\u00f6", "o\u0308"),
    ],
)
def test_text_normalization_is_case_outer_space_or_unicode_form(form: object) -> None:
    skies = ["Clear", "Overcast ", "Sn\u00f6w", "Few Clouds"]
    recomputed = [skies[place % 4] for place in range(400)]
    assert callable(form)
    assert named([form(text) for text in recomputed], recomputed)[:2] == ("text_normalization", 1.0)


def test_two_texts_without_their_space_are_evidence_enough() -> None:
    recomputed = ["Rain ", "Clear", "Haze"] * 300
    assert named(["Rain", "Clear", "Haze", "Rain", *recomputed[4:]], recomputed).cause == "text_normalization"


def test_another_text_is_no_text_normalization() -> None:
    skies = ["Clear", "Overcast", "Snow", "Few Clouds"]
    recomputed = [skies[place % 4] for place in range(400)]
    logged = [skies[(place * 7 + place // 5) % 4] for place in range(400)]
    assert named(logged, recomputed).cause == "unknown"


@pytest.mark.parametrize("constant", [0.0, -1.0, 57.25])
def test_constant_default_is_one_constant_in_place_of_other_values(constant: float) -> None:
    recomputed = drawn(2000)
    logged = [constant if place % 100 == 0 else value for place, value in enumerate(recomputed)]
    assert named(logged, recomputed)[:2] == ("constant_default", 1.0)


def test_constant_default_of_truths_is_told_by_its_direction() -> None:
    recomputed = [place % 2 == 0 for place in range(200)]
    assert named([False] * 200, recomputed).cause == "constant_default"
    flipped = [value != (place % 20 < 2) for place, value in enumerate(recomputed)]
    assert named(flipped, recomputed).cause == "unknown"


def test_unknown_is_what_no_cause_explains() -> None:
    verdict = named(drawn(500, seed=8), drawn(500, seed=9))
    assert verdict[:2] == ("unknown", 0.0)


def test_unknown_is_what_each_cause_explains_less_than_half_of() -> None:
    recomputed = drawn(900)
    changes = [lambda value: value * 1000, lambda value: round(value, 1), lambda value: 0.0]
    logged = [changes[place % 3](value) for place, value in enumerate(recomputed)]
    verdict = named(logged, recomputed)
    assert verdict.cause == "unknown"
    assert "33%" in verdict.detail


def test_confidence_is_the_share_that_the_cause_explains() -> None:
    recomputed = drawn(1000)
    noise = drawn(1000, seed=12)
    logged = [noise[place] if place % 5 == 0 else value * 1000 for place, value in enumerate(recomputed)]
    assert named(logged, recomputed)[:2] == ("unit_scale", 0.8)


def test_one_mismatch_is_no_evidence_of_a_constant_or_a_ratio() -> None:
    recomputed = drawn(1000)
    assert named([7.0, *recomputed[1:]], recomputed).cause == "unknown"


def test_a_constant_is_no_evidence_of_itself() -> None:
    """Of two mismatches one gave the constant: the other alone has to beat chance."""
    recomputed = drawn(1000)
    assert named([7.0, 7.0, *recomputed[2:]], recomputed).cause == "unknown"
    assert named([7.0, 7.0, 7.0, *recomputed[3:]], recomputed).cause == "constant_default"


def test_a_ratio_on_two_values_is_no_ratio() -> None:
    recomputed = [5.0, 6.0] * 20 + drawn(400)
    logged = [10.0, 12.0] * 20 + drawn(400)
    assert named(logged, recomputed).cause != "unit_scale"


def test_a_ratio_on_one_repeated_value_is_no_ratio() -> None:
    recomputed = [5.0] * 40 + drawn(400)
    logged = [10.0] * 40 + drawn(400)
    assert named(logged, recomputed).cause == "constant_default"


def test_the_narrower_cause_wins_on_equal_shares() -> None:
    """A hundred values below a half are all 0 when rounded: one constant says the same with less."""
    recomputed = [place / 250 for place in range(1, 101)]
    assert named([0.0] * 100, recomputed).cause == "constant_default"
