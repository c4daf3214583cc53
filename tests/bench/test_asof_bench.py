"""What the benchmark of the as-of join makes of its measurements: goals, growth, and runs that are stopped."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest

from bench.asof.cases import ALL, CASES, Case, Goal, Table
from bench.asof.patience import Stopped, within
from bench.asof.table import Result, exponent, is_met, markdown
from bench.asof.trial import Measured
from bench.measure import Taken

TABLES = (Table("t0", 100, 10),)


def took(*seconds: float) -> Measured:
    return Measured([Taken(each, each, 0, 0) for each in seconds])


def result(case: Case, sides: Mapping[str, Measured]) -> Result:
    return Result(case, "2026-11-29", 3, sides)


@pytest.mark.parametrize("power", [0.9, 1.0, 1.5])
def test_the_exponent_is_the_power_by_which_seconds_grow_with_rows(power: float) -> None:
    assert exponent({rows: 3.0 * rows**power for rows in (10, 40, 160)}) == pytest.approx(power)


@pytest.mark.parametrize(
    ("goal", "other", "met"),
    [
        (Goal("tempo", 2.5), took(24.0, 25.0, 99.0), True),
        (Goal("tempo", 2.5), took(24.9), False),
        (Goal("duckdb", 1 / 2.5), took(4.0), True),
        (Goal("duckdb", 1 / 2.5), took(3.9), False),
        (Goal("feast", 8), Measured(stopped=81.0), True),
        # It might have taken longer.
        (Goal("feast", 8), Measured(stopped=60.0), None),
        (Goal("feast", 8), Measured(failed="its result is another"), None),
    ],
)
def test_a_goal_is_of_medians_and_of_a_stopped_side_only_if_it_was_reached(
    goal: Goal, other: Measured, met: bool | None
) -> None:
    case = Case("c", "a case", 100, TABLES, goals=(goal,))
    assert is_met(goal, result(case, {"ours": took(9.0, 10.0, 11.0), goal.side: other})) is met


def test_a_side_that_was_stopped_is_told_as_longer_and_one_that_failed_has_no_time() -> None:
    case = Case("c", "a case", 100, TABLES)
    sides = {"ours": took(10.0), "feast": Measured(stopped=600.2), "tempo": Measured(failed="another result")}
    told = markdown({"c": result(case, sides)})
    assert "| Feast's SQL | > 600 s | stopped | > 60.0x | ≥ 1x: met |" in told
    assert "| Tempo | no time: another result |" in told


def test_what_ours_takes_is_told_across_cases() -> None:
    names = {"k4": 10.0, "x4": 40.0, "x16": 200.0, "hot": 16.0}
    cases = {case.name: case for case in CASES}
    told = markdown({name: result(cases[name], {"ours": took(seconds)}) for name, seconds in names.items()})
    assert "rows: 1.08; goal ≤ 1.1: met" in told
    assert "1.60x the even case; goal ≤ 1.5x: **missed**" in told


def test_a_run_that_takes_too_long_is_stopped_again_and_again_until_it_ends() -> None:
    stops, is_ended = [], threading.Event()

    def stop() -> None:
        stops.append(1)
        if len(stops) == 3:
            is_ended.set()

    def run() -> None:
        is_ended.wait(30)
        raise RuntimeError("canceled")

    with pytest.raises(Stopped):
        within(0.02, run, stop, every=0.01)
    assert len(stops) == 3


def test_a_run_in_time_gives_what_it_gives_and_is_not_stopped() -> None:
    stops: list[int] = []
    assert within(60, lambda: 7, lambda: stops.append(1), every=0.01) == 7
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 / 0, lambda: stops.append(1), every=0.01)
    assert not stops


def test_goals_are_of_sides_that_take_part() -> None:
    for case in CASES:
        assert {goal.side for goal in case.goals} <= set(case.sides) <= set(ALL), case.name


def test_a_scaled_case_keeps_its_shape() -> None:
    case = next(case for case in CASES if case.name == "long").scaled(0.01)
    assert (case.labels, case.tables[0].rows, case.entities, case.goals[0].least) == (
        1_000,
        500_000,
        {"k": 1_000},
        3,
    )
