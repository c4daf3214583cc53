"""Causes that take the rows behind a value: other rows, other windows, other inputs of functions."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from tests.helpers.worlds import (
    DAY,
    HOUR,
    RECORDS,
    World,
    _midnight,
    feels,
    gap,
    hours,
    price_per_click,
)

SHARES = pytest.mark.parametrize("share", [0.02, 1.0])


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def t_of(world: World, place: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=world.records[place][2])


def test_the_histories_give_what_plain_loops_give(world: World) -> None:
    assert len(world.what_if._tables) == 2


@pytest.mark.parametrize(("name", "share"), [("temp", 0.02), ("sky", 1.0), ("wet", 0.1)])
def test_stale_value_is_the_visible_row_before_the_winner(world: World, name: str, share: float) -> None:
    verdict = world.cause(f"weather__{name}", lambda place: world.reading(place, name, back=1), share)
    assert verdict[:2] == ("stale_value", 1.0)


def test_stale_value_of_a_store_that_was_old_is_told_with_its_age(world: World) -> None:
    """The store was 26 hours old for each second record; the rows that it had are many behind, not one."""
    age = hours(26) * (np.arange(RECORDS) % 2)
    old = world.served(age)

    def of_the_store(place: int) -> object:
        return world.reading(place, "temp", moved=-int(age[place]))

    verdict = old.cause("weather__temp", of_the_store)
    assert verdict[:3] == ("stale_value", 1.0, "weather: the rows of the store, 26 hours old")
    unknown = world.cause("weather__temp", of_the_store)
    assert unknown.cause == "unknown"


def test_a_wrong_row_of_a_fresh_store_is_not_laid_to_its_age(world: World) -> None:
    fresh = world.served(np.full(RECORDS, hours(1 / 60)))
    verdict = fresh.cause("weather__temp", lambda place: world.reading(place, "temp", back=1))
    assert verdict[:3] == ("stale_value", 1.0, "weather: the row before")


def test_a_window_of_a_store_that_was_old_has_what_was_there_then(world: World) -> None:
    old = world.served(np.full(RECORDS, hours(26)))

    def of_the_store(place: int) -> object:
        _, user, at = world.records[place]
        rows = (row for row in world.clicks[user] if at - 3 * DAY <= row[0] < at)
        return sum(max(row[0], row[1]) <= at - hours(26) for row in rows)

    verdict = old.cause("clicks__clicks", of_the_store)
    assert verdict[:3] == ("stale_value", 1.0, "clicks: the rows of the store, 26 hours old")


@pytest.mark.parametrize(("name", "share"), [("temp", 0.02), ("temp", 1.0), ("sky", 1.0), ("wet", 1.0)])
def test_late_data_is_a_row_taken_before_it_was_available(world: World, name: str, share: float) -> None:
    verdict = world.cause(f"weather__{name}", lambda place: world.reading(place, name, late=True), share)
    assert verdict[:2] == ("late_data", 1.0)


@SHARES
@pytest.mark.parametrize("moved", [-5, 5.5, -0.25])
def test_timezone_shift_of_t_in_a_join(world: World, moved: float, share: float) -> None:
    verdict = world.cause(
        "weather__temp", lambda place: world.reading(place, "temp", moved=hours(moved)), share
    )
    assert verdict[:2] == ("timezone_shift", 1.0)


@SHARES
def test_timezone_shift_of_t_in_a_function(world: World, share: float) -> None:
    verdict = world.cause("hour", lambda place: (t_of(world, place) - timedelta(hours=5)).hour, share)
    assert verdict[:2] == ("timezone_shift", 1.0)


@SHARES
@pytest.mark.parametrize("offset", [0, 5.5, -8])
def test_calendar_vs_rolling_on_days_at_a_fixed_offset(world: World, offset: float, share: float) -> None:
    def on_days(place: int) -> object:
        midnight = (world.records[place][2] + hours(offset)) // DAY * DAY - hours(offset)
        return world.clicked(place, "count", midnight - 2 * DAY)

    assert world.cause("clicks__clicks", on_days, share)[:2] == ("calendar_vs_rolling", 1.0)


@SHARES
def test_calendar_vs_rolling_is_a_calendar_window_taken_as_a_rolling_one_too(
    world: World, share: float
) -> None:
    verdict = world.cause(
        "clicks__today", lambda place: world.clicked(place, "count", world.records[place][2] - DAY), share
    )
    assert verdict[:2] == ("calendar_vs_rolling", 1.0)


@SHARES
@pytest.mark.parametrize("closed", [{"end_inclusive": True}, {"start_exclusive": True}])
def test_window_boundary_is_an_end_inclusive_or_a_start_exclusive(
    world: World, closed: dict[str, bool], share: float
) -> None:
    def taken(place: int) -> object:
        return world.clicked(place, "count", world.records[place][2] - 3 * DAY, **closed)

    assert world.cause("clicks__clicks", taken, share)[:2] == ("window_boundary", 1.0)


@SHARES
def test_late_data_in_a_window_is_events_counted_before_they_were_available(
    world: World, share: float
) -> None:
    verdict = world.cause(
        "clicks__spend",
        lambda place: world.clicked(place, "sum", world.records[place][2] - 7 * DAY, late=True),
        share,
    )
    assert verdict[:2] == ("late_data", 1.0)


def test_a_fault_in_a_row_is_named_on_the_function_that_takes_it(world: World) -> None:
    def stale(place: int) -> object:
        temp = world.reading(place, "temp", back=1)
        return None if temp is None else feels(temp, t_of(world, place))

    assert world.cause("feels", stale, 0.1)[:2] == ("stale_value", 1.0)


def test_a_fault_in_a_window_is_named_on_the_function_that_takes_it(world: World) -> None:
    def inclusive(place: int) -> object:
        at = world.records[place][2]
        clicks = world.clicked(place, "count", at - 3 * DAY, end_inclusive=True)
        return price_per_click(world.clicked(place, "sum", at - 7 * DAY), clicks)

    assert world.cause("price_per_click", inclusive, 0.1)[:2] == ("window_boundary", 1.0)


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        ("rounding", lambda value: float(round(value))),
        ("unit_scale", lambda value: value * 1000),
        ("constant_default", lambda value: -1.0),
    ],
)
def test_a_fault_in_a_value_is_named_on_the_function_that_takes_it(
    world: World, cause: str, change: object
) -> None:
    assert callable(change)
    verdict = world.cause("gap", lambda place: gap(change(world.reading(place, "temp"))), 0.1)
    assert verdict.cause == cause


def test_a_function_of_a_logged_input_is_given_the_cause_of_the_input(world: World) -> None:
    temps = [world.reading(place, "temp") * 1.7 for place in range(RECORDS)]
    verdict = world.cause("gap", lambda place: gap(temps[place]), weather__temp=temps)
    assert tuple(verdict) == ("unit_scale", 1.0, "logged is the value times 1.7", ("weather__temp",))
    assert verdict.detail == "through weather__temp: logged is the value times 1.7"


def test_a_few_truths_are_too_little_evidence_of_anything(world: World) -> None:
    """Whatever is tried on three true/false values, it would give them by chance once in a few times."""
    wrong = [place for place in range(RECORDS) if place % 300 == 0]
    verdict = world.cause("weather__wet", lambda place: world.reading(place, "wet") != (place in wrong))
    assert verdict.cause == "unknown"


def test_a_shift_that_fits_some_by_chance_is_not_named(world: World) -> None:
    other = World(seed=9)
    assert world.cause("weather__temp", lambda place: other.reading(place, "temp")).cause == "unknown"
    assert world.cause("weather__wet", lambda place: other.reading(place, "wet")).cause == "unknown"
    assert (
        world.cause(
            "clicks__clicks",
            lambda place: other.clicked(place, "count", _midnight(other.records[place][2]) - 9 * HOUR),
        ).cause
        == "unknown"
    )
