"""The generated cases: DuckDB answers them as the oracle does, and they notice every option that is off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.strategies import SPEC_OPTIONS, SpecOptions, asof_cases, batch, plain_cases
from tests.oracles import duck
from tests.oracles.asof import OracleTable, Row, asof, compare

TICK = timedelta(microseconds=1)


@given(case=plain_cases())
@settings(deadline=None, max_examples=40)
def test_duckdb_agrees_on_one_case(case: tuple[SpecOptions, list[Row], list[Row]]) -> None:
    options, labels, rows = case
    table = options.oracle_table()
    assert compare(asof(labels, table, rows, "t"), duck.asof(labels, table, rows, "t")) == 0


TIMES_ONLY = [o for o in SPEC_OPTIONS if o.time_type == "timestamp" and not (o.available_at or o.static)]


@pytest.mark.parametrize("options", TIMES_ONLY, ids=lambda options: options.name)
def test_duckdb_agrees_on_a_batch(options: SpecOptions) -> None:
    labels, rows = batch(options, seed=1, cases=200)
    untied = list({tuple(row[c] for c in ("case_id", "k1", "k2", "event_ts")): row for row in rows}.values())
    table = options.oracle_table()
    assert compare(asof(labels, table, untied, "t"), duck.asof(labels, table, untied, "t")) == 0


@given(case=asof_cases(), order=st.randoms(use_true_random=False))
@settings(deadline=None)
def test_row_order_and_repeated_rows_change_nothing(
    case: tuple[SpecOptions, list[Row], list[Row]], order: Random
) -> None:
    options, labels, rows = case
    mixed = rows + rows[:2]
    order.shuffle(mixed)
    table = options.oracle_table()
    assert compare(asof(labels, table, rows, "t"), asof(labels, table, mixed, "t")) == 0


@pytest.mark.parametrize("options", SPEC_OPTIONS, ids=lambda options: options.name)
def test_a_batch_is_repeatable_and_has_winners_and_absences(options: SpecOptions) -> None:
    labels, rows = batch(options, seed=7, cases=100)
    assert compare([labels, rows], [*batch(options, seed=7, cases=100)]) == 0
    winners = asof(labels, options.oracle_table(), rows, "t")
    share = sum(winner is not None for winner in winners) / len(labels)
    assert 0.1 < share < 0.95


def near_misses(table: OracleTable) -> dict[str, OracleTable]:
    """The same table with one declared option forgotten or a microsecond off."""
    forgotten = {
        "available_at": replace(table, available_at=None),
        "valid_until": replace(table, valid_until=None),
        "max_age": replace(table, max_age=None),
        "delay": replace(table, delay=timedelta(0)),
        "timezone": replace(table, timezone="Asia/Tokyo"),
    }
    misses = {name: other for name, other in forgotten.items() if other != table and getattr(table, name)}
    if not table.static:
        misses["boundary"] = replace(table, strict=not table.strict)
        misses["delay a microsecond longer"] = replace(table, delay=table.delay + TICK)
    if table.max_age is not None:
        misses["max_age a microsecond shorter"] = replace(table, max_age=table.max_age - TICK)
    return misses


@pytest.mark.parametrize("options", SPEC_OPTIONS, ids=lambda options: options.name)
def test_a_batch_notices_an_option_that_is_forgotten_or_a_microsecond_off(options: SpecOptions) -> None:
    labels, rows = batch(options, seed=3, cases=150)
    table = options.oracle_table()
    expected = asof(labels, table, rows, "t")
    unnoticed = [
        name
        for name, other in near_misses(table).items()
        if compare(asof(labels, other, rows, "t"), expected) == 0
    ]
    assert unnoticed == []
