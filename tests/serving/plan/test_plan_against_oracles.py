"""`ServingPlan.compute` equals the oracles' plain loops: random as-of joins and windows, one request at a time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from skewless import ServingPlan
from skewless.serving.plan.document.plan import feature_table_part
from tests.helpers.plans import labels_of, plan_of
from tests.helpers.strategies import KEYS, SPEC_OPTIONS, SpecOptions, asof_cases, batch
from tests.helpers.window_strategies import AGGREGATIONS, MEANINGS, STREAMS, window_batch, window_cases
from tests.oracles.asof import OracleTable, Row, asof
from tests.oracles.windows import OracleStream, aggregate, agrees, same

LABELS = {"case_id": "int", "k1": "bigint", "k2": "smallint", "t": "timestamp"}
VALUES = {"x": "double", "s": "string", "n": "bigint", "tags": "array<int>"}
EVENTS = {"x": "double", "n": "bigint", "d": "decimal(20,2)", "s": "string", "flag": "boolean"}


def asof_plan(options: SpecOptions) -> ServingPlan:
    table = options.oracle_table()
    labels = labels_of(entity_keys=KEYS, event_timestamp="t", columns=LABELS, label_columns=())
    times = dict.fromkeys(("event_ts", "available_ts", "ends_at"), options.time_type)
    part = feature_table_part(
        labels,
        name="r",
        table="generated",
        join_keys=[(key, key) for key in KEYS],
        columns=table.columns,
        types={"case_id": "bigint", "k1": "int", "k2": "int", **times, **VALUES},
        event_timestamp=table.event_timestamp,
        available_at=table.available_at,
        delay=table.delay,
        max_age=table.max_age,
        valid_until=table.valid_until,
        strict=table.strict,
        timezone=table.timezone,
        static=table.static,
    )
    return plan_of(part, labels=labels)


PLANS = {options.name: asof_plan(options) for options in SPEC_OPTIONS}


def matching(rows: list[Row], label: Row) -> list[Row]:
    """The rows that a store would give for a label event, and those with a null key, which match nothing."""
    return [row for row in rows if all(row[key] in (None, label[key]) for key in KEYS)]


def check_asof(plan: ServingPlan, table: OracleTable, labels: list[Row], rows: list[Row]) -> None:
    for label in labels:
        own = matching(rows, label)
        wanted = asof([label], table, own, "t")[0]
        given = {"r": own} if table.columns else {}
        found = plan.compute(label, rows=given, at=label["t"])
        expected = {f"r__{name}": None if wanted is None else wanted[name] for name in table.columns}
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert same_value(found[name], value), (name, found[name], value)


def same_value(found: Any, expected: Any) -> bool:
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(same_value, found, expected))
    return found is expected if None in (found, expected) else same(found, expected)


@settings(max_examples=300)
@given(asof_cases())
def test_an_as_of_join_equals_the_loop(case: tuple[SpecOptions, list[Row], list[Row]]) -> None:
    options, labels, rows = case
    check_asof(PLANS[options.name], options.oracle_table(), labels, rows)


@pytest.mark.parametrize("options", SPEC_OPTIONS, ids=lambda options: options.name)
def test_every_sort_of_table_equals_the_loop(options: SpecOptions) -> None:
    labels, rows = batch(options, seed=7, cases=150)
    table = options.oracle_table()
    for case in range(150):
        of_case = [label for label in labels if label["case_id"] == case]
        check_asof(PLANS[options.name], table, of_case, [row for row in rows if row["case_id"] == case])


@settings(max_examples=200)
@given(asof_cases())
def test_one_row_alone_is_held_to_the_same_rules(case: tuple[SpecOptions, list[Row], list[Row]]) -> None:
    options, labels, rows = case
    for label in labels:
        for row in matching(rows, label):
            check_asof(PLANS[options.name], options.oracle_table(), [label], [row])


def window_plan(stream: OracleStream, specs: list[dict[str, Any]]) -> ServingPlan:
    labels = labels_of(
        entity_keys=["case_id"],
        event_timestamp="t",
        columns={"case_id": "bigint", "t": "timestamp"},
        label_columns=(),
    )
    part = feature_table_part(
        labels,
        name="w",
        table="events",
        join_keys=[("case_id", "case_id")],
        columns=(),
        types={"case_id": "bigint", "event_ts": "timestamp", "available_ts": "timestamp", **EVENTS},
        event_timestamp=stream.event_timestamp,
        available_at=stream.available_at,
        delay=stream.delay,
        strict=stream.strict,
        aggregations=specs,
    )
    return plan_of(part, labels=labels)


def check_windows(
    plan: ServingPlan, specs: list[dict[str, Any]], stream: OracleStream, label: Row, events: list[Row]
) -> None:
    found = plan.compute(label, events={"w": events}, at=label["t"])
    assert list(found) == [f"w__{spec['name']}" for spec in specs]
    for spec in specs:
        wanted = aggregate(events, label["t"], spec, stream, MEANINGS.get(spec.get("where", "")))
        is_double = spec["function"] in ("sum", "mean", "stddev")
        values = [event[spec["column"]] for event in events] if is_double else []
        value = found[f"w__{spec['name']}"]
        assert agrees(value, wanted, values), (spec, value, wanted)


@settings(max_examples=400)
@given(window_cases())
def test_a_window_aggregation_equals_the_loop(
    case: tuple[dict[str, Any], str, list[Row], list[Row]],
) -> None:
    spec, stream, labels, events = case
    plan = window_plan(STREAMS[stream], [spec])
    for label in labels:
        check_windows(plan, [spec], STREAMS[stream], label, events)


@pytest.mark.parametrize("stream", STREAMS)
def test_all_window_aggregations_together_equal_the_loop(stream: str) -> None:
    labels, events = window_batch(seed=9, cases=12)
    plan = window_plan(STREAMS[stream], AGGREGATIONS)
    for label in labels:
        of_entity = [event for event in events if event["case_id"] == label["case_id"]]
        check_windows(plan, AGGREGATIONS, STREAMS[stream], label, of_entity)
