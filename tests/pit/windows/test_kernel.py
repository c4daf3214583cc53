"""The kernel without Spark: sorted rows in Arrow against `features.windows`, however the batches are cut."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from features.predicate import compiled
from features.window_bounds import RollingWindow, micros
from features.windows import Aggregation, Visibility, evaluator
from jobs.pit.windows import kernel
from jobs.pit.windows.kernel import AggregationError, Layout, Measure, aggregate_batches
from tests.oracles.asof import Row
from tests.oracles.windows import OracleStream, agrees
from tests.window_strategies import AGGREGATIONS, COLUMN_TYPES, STREAMS, window_batch

VALUES = {
    "x": pa.float64(),
    "n": pa.int64(),
    "d": pa.decimal128(20, 2),
    "s": pa.string(),
    "flag": pa.bool_(),
    "available_ts": pa.timestamp("us", "UTC"),
}
NOON = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
Answers = dict[int, dict[str, Any] | None]


def measure_of(aggregation: Aggregation) -> Measure:
    """A member of its own for every aggregation, and calendar windows by columns of bounds."""
    name, window = aggregation.name, aggregation.window
    value = None if aggregation.function in ("count", "time_since_last") else aggregation.column
    plain = Measure(name, aggregation.function, aggregation.argument, f"member_{name}", value)
    if isinstance(window, RollingWindow):
        return Measure(*plain_fields(plain), length=window.length, offset=window.offset)
    return Measure(*plain_fields(plain), bounds=(f"start_{name}", f"end_{name}"))


def plain_fields(measure: Measure) -> tuple[str, str, Any, str, str | None]:
    return measure.name, measure.function, measure.argument, measure.member, measure.value


def sorted_rows(
    labels: list[Row], events: list[Row], visibility: Visibility, aggregations: list[Aggregation], seed: int
) -> pa.Table:
    """Label events and events by key, in random order within a key."""
    rows: list[Row] = [_label_row(place, label, aggregations) for place, label in enumerate(labels)]
    tests = {each.name: each.where and compiled(each.where, COLUMN_TYPES) for each in aggregations}
    for event, available, row in visibility.timed(events):
        taking_part = {
            f"member_{each.name}": _takes_part(row, each.column, tests[each.name]) for each in aggregations
        }
        values = {name: row[name] for name in VALUES}
        rows.append(
            {"key": row["case_id"], "ev": {"event": event, "available": available, **values, **taking_part}}
        )
    Random(seed).shuffle(rows)
    rows.sort(key=lambda row: row["key"])
    fields = [("event", pa.int64()), ("available", pa.int64()), *VALUES.items()]
    fields += [(f"member_{each.name}", pa.bool_()) for each in aggregations]
    bounds = [name for each in aggregations for name in (measure_of(each).bounds or ())]
    columns = {name: pa.int64() for name in ("key", "at", "label_id", *bounds)} | {"ev": pa.struct(fields)}
    return pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in columns.items()})


def _label_row(place: int, label: Row, aggregations: list[Aggregation]) -> Row:
    row: Row = {"key": label["case_id"], "label_id": place}
    if label["t"] is None:
        return row
    row["at"] = micros(label["t"])
    for each in aggregations:
        if names := measure_of(each).bounds:
            row.update(zip(names, each.window.bounds(row["at"]), strict=True))
    return row


def _takes_part(row: Row, column: str | None, test: Any) -> bool:
    return (test is None or test(row) is True) and (column is None or row[column] is not None)


def answers(table: pa.Table, aggregations: list[Aggregation], strict: bool, rows_a_batch: int) -> Answers:
    """What the kernel says of each label event."""
    layout = Layout(
        keys=("key",),
        time="at",
        label_id="label_id",
        carried=("label_id",),
        events={"ev": tuple(map(measure_of, aggregations))},
        strict=frozenset({"ev"} if strict else ()),
    )
    found: Answers = {}
    for batch in aggregate_batches(iter(table.to_batches(max_chunksize=rows_a_batch)), layout):
        for row in batch.to_pylist():
            assert row["label_id"] not in found
            found[row["label_id"]] = row["ev"]
    return found


def exact(value: Any) -> Any:
    """A value that is equal to another's only with every bit of its doubles."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    return [exact(item) for item in value] if isinstance(value, list) else value


def wrong(
    found: Answers, labels: list[Row], events: list[Row], specs: list[dict[str, Any]], visibility: Visibility
) -> list[Any]:
    """The first few aggregates that differ from those of `features.windows`."""
    expected = evaluator([Aggregation.from_spec(spec) for spec in specs], visibility, COLUMN_TYPES)
    by_case: dict[int, list[Row]] = {}
    for event in events:
        by_case.setdefault(event["case_id"], []).append(event)
    problems = []
    for place, label in enumerate(labels):
        own = by_case.get(label["case_id"], [])
        wanted, answer = expected(own, label["t"]), found[place]
        for spec in specs:
            numeric = spec["function"] in ("sum", "mean", "stddev")
            weights = [event[spec["column"]] for event in own] if numeric else []
            value = None if answer is None else answer[spec["name"]]
            if not agrees(value, wanted[spec["name"]], weights):
                problems.append((spec, label, value, wanted[spec["name"]]))
    return problems[:3]


def visibility_of(stream: OracleStream) -> Visibility:
    return Visibility.of(stream.event_timestamp, stream.available_at, stream.delay, stream.strict)


@pytest.mark.parametrize("name", list(STREAMS))
def test_batches_cut_anywhere_give_what_serving_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    labels, events = window_batch(seed=3, cases=25)
    aggregations = [Aggregation.from_spec(spec) for spec in AGGREGATIONS]
    visibility, strict = visibility_of(STREAMS[name]), STREAMS[name].strict
    table = sorted_rows(labels, events, visibility, aggregations, seed=1)
    whole = answers(table, aggregations, strict, rows_a_batch=10_000)
    assert wrong(whole, labels, events, AGGREGATIONS, visibility) == []
    monkeypatch.setattr(kernel, "ROWS_AT_ONCE", 40)
    assert exact(answers(table, aggregations, strict, rows_a_batch=7)) == exact(whole)


def test_neither_the_order_of_rows_nor_other_keys_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Double sums above all: what is added first depends on nothing but the key's own events."""
    specs = [spec for spec in AGGREGATIONS if spec["function"] in ("sum", "mean", "stddev", "last_n")]
    aggregations = [Aggregation.from_spec(spec) for spec in specs]
    visibility = visibility_of(STREAMS["available"])
    labels, events = window_batch(seed=8, cases=60)
    first = answers(
        sorted_rows(labels, events, visibility, aggregations, seed=1), aggregations, False, 10_000
    )
    monkeypatch.setattr(kernel, "ROWS_AT_ONCE", 1)
    again = answers(sorted_rows(labels, events, visibility, aggregations, seed=2), aggregations, False, 1)
    assert exact(again) == exact(first)


def test_one_hot_key_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most rows under one key, more of them than are gathered at once, many late."""
    rng = Random(5)
    functions = ("sum", "mean", "stddev", "min", "max", "first", "last", "count_distinct", "count")
    specs: list[dict[str, Any]] = [
        {"name": f"{function}_{window}", "function": function, "column": "x", "window": window}
        for function in functions
        for window in ("1h", "1d")
    ]
    events = [_random_event(rng, key=7 if rng.random() < 0.9 else rng.randrange(15)) for _ in range(2_000)]
    labels: list[Row] = [
        {"case_id": rng.choice((7, 7, 3, 99)), "t": NOON + timedelta(seconds=rng.randrange(100_000))}
        for _ in range(60)
    ]
    visibility = visibility_of(STREAMS["available"])
    aggregations = [Aggregation.from_spec(spec) for spec in specs]
    monkeypatch.setattr(kernel, "ROWS_AT_ONCE", 300)
    found = answers(
        sorted_rows(labels, events, visibility, aggregations, seed=1), aggregations, False, rows_a_batch=64
    )
    assert wrong(found, labels, events, specs, visibility) == []


def _random_event(rng: Random, key: int) -> Row:
    happened = NOON + timedelta(seconds=rng.randrange(90_000))
    landed = happened + timedelta(seconds=rng.choice((0, 0, 60, 7_200)))
    rest: Row = dict.fromkeys(("n", "d", "s", "flag"))
    return {
        "case_id": key,
        "event_ts": happened,
        "available_ts": landed,
        "x": rng.choice((None, 0.1, -0.3, 1e9)),
        **rest,
    }


def _of_one_window(values: list[Any], column: str, function: str) -> Any:
    """The aggregate over events a second apart that all lie in the window."""
    spec = {"name": "a", "function": function, "column": column, "window": "1d"}
    aggregation = Aggregation.from_spec(spec)
    rest: Row = dict.fromkeys((*VALUES, "event_ts"))
    events = [
        {**rest, "case_id": 0, "event_ts": NOON + timedelta(seconds=place), column: value}
        for place, value in enumerate(values)
    ]
    labels: list[Row] = [{"case_id": 0, "t": NOON + timedelta(hours=1)}]
    table = sorted_rows(labels, events, visibility_of(STREAMS["plain"]), [aggregation], seed=1)
    (answer,) = answers(table, [aggregation], False, 100).values()
    assert answer is not None
    return answer["a"]


def test_a_sum_of_integers_may_leave_64_bits_on_the_way_but_not_at_the_end() -> None:
    assert _of_one_window([2**63 - 1, 2**63 - 1, -(2**63)], "n", "sum") == 2**63 - 2
    with pytest.raises(AggregationError, match=r"^aggregation 'a': a sum does not fit in 64 bits$"):
        _of_one_window([2**63 - 1, 1], "n", "sum")


def test_no_rows_at_all_give_nothing() -> None:
    aggregation = Aggregation.from_spec({"name": "a", "function": "count", "window": "1d"})
    table = sorted_rows([], [], visibility_of(STREAMS["plain"]), [aggregation], seed=1)
    assert answers(table, [aggregation], False, 100) == {}


def test_the_deviation_of_equal_huge_values_is_zero() -> None:
    assert _of_one_window([1.5e308, 1.5e308], "x", "stddev") == 0.0
    assert _of_one_window([1.5e308, 1.5e308, 1.5e308], "x", "stddev") == 0.0
