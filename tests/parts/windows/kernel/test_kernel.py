"""The kernel without Spark: rows in Arrow, by key, against `skewless.serving.windows`, however the batches are cut."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from skewless.parts.windows.kernel.kernel import AggregationError
from skewless.parts.windows.kernel.layout import Measure
from skewless.serving.aggregations.bounds import RollingWindow
from skewless.serving.predicates.predicate import compiled
from skewless.serving.values.instants import micros
from skewless.serving.windows import Aggregation, Visibility, evaluator
from tests.helpers.pass_rows import answered
from tests.helpers.window_strategies import AGGREGATIONS, COLUMN_TYPES, STREAMS, window_batch
from tests.oracles.asof import Row
from tests.oracles.windows import OracleStream, agrees

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
    """A member for every predicate, and calendar windows by columns of bounds, shared as those of a build are."""
    name, window = aggregation.name, aggregation.window
    member = None if aggregation.where is None else f"member_{aggregation.where}"
    plain = Measure(name, aggregation.function, aggregation.argument, member, aggregation.column)
    if isinstance(window, RollingWindow):
        return replace(plain, length=window.length, offset=window.offset)
    return replace(plain, bounds=(f"start_{window}", f"end_{window}"))


def rows_by_key(
    labels: list[Row], events: list[Row], visibility: Visibility, aggregations: list[Aggregation], seed: int
) -> pa.Table:
    """Label events and events by key, in random order within a key."""
    calendars = {names: each.window for each in aggregations if (names := measure_of(each).bounds)}
    wheres = {member: each.where for each in aggregations if (member := measure_of(each).member)}
    tests = {member: compiled(where, COLUMN_TYPES) for member, where in wheres.items() if where is not None}
    rows: list[Row] = [_label_row(place, label, calendars) for place, label in enumerate(labels)]
    for event, available, row in visibility.timed(events):
        members = {member: test(row) for member, test in tests.items()}
        values = {name: row[name] for name in VALUES}
        times = {"moment": event, "available": available}
        rows.append(
            {"bucket": row["case_id"], "key": row["case_id"], "table": 1, **times, **values, **members}
        )
    Random(seed).shuffle(rows)
    rows.sort(key=lambda row: row["bucket"])
    bounds = [name for names in calendars for name in names]
    whole = ("bucket", "key", "table", "moment", "available", *bounds)
    columns = dict.fromkeys(whole, pa.int64()) | {"label_event": pa.list_(pa.int64())} | VALUES
    columns |= dict.fromkeys(tests, pa.bool_())
    return pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in columns.items()})


def _label_row(place: int, label: Row, calendars: dict[tuple[str, str], Any]) -> Row:
    row: Row = {"bucket": label["case_id"], "key": label["case_id"], "label_event": [place]}
    if label["t"] is None:
        return row
    row["moment"] = micros(label["t"])
    for names, window in calendars.items():
        row.update(zip(names, window.bounds(row["moment"]), strict=True))
    return row


def answers(
    table: pa.Table,
    aggregations: list[Aggregation],
    strict: bool,
    rows_a_batch: int,
    lag: int | None = None,
    most_bytes: int = 2**30,
) -> Answers:
    """What the pass says of each label event."""
    measures = list(map(measure_of, aggregations))
    rows = answered(table, measures, strict, lag, rows_a_batch, most_bytes)
    return {place: row["events_ev"] for place, row in rows.items()}


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
    """The first few aggregates that differ from those of `skewless.serving.windows`."""
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
def test_batches_cut_anywhere_give_what_serving_gives(name: str) -> None:
    labels, events = window_batch(seed=3, cases=25)
    aggregations = [Aggregation.from_spec(spec) for spec in AGGREGATIONS]
    visibility, strict = visibility_of(STREAMS[name]), STREAMS[name].strict
    table = rows_by_key(labels, events, visibility, aggregations, seed=1)
    whole = answers(table, aggregations, strict, rows_a_batch=10_000)
    assert wrong(whole, labels, events, AGGREGATIONS, visibility) == []
    assert exact(answers(table, aggregations, strict, 7, most_bytes=40_000)) == exact(whole)


def test_neither_the_order_of_rows_nor_other_keys_change_a_bit() -> None:
    """Double sums above all: what is added first depends on nothing but the key's own events."""
    specs = [spec for spec in AGGREGATIONS if spec["function"] in ("sum", "mean", "stddev", "last_n")]
    aggregations = [Aggregation.from_spec(spec) for spec in specs]
    visibility = visibility_of(STREAMS["available"])
    labels, events = window_batch(seed=8, cases=30)
    first = answers(
        rows_by_key(labels, events, visibility, aggregations, seed=1), aggregations, False, 10_000
    )
    shuffled = rows_by_key(labels, events, visibility, aggregations, seed=2)
    again = answers(shuffled, aggregations, False, 1, most_bytes=1)
    assert exact(again) == exact(first)


def test_keys_that_share_a_bucket_stay_apart() -> None:
    """Every fourth key has the bucket of another, and their rows lie there in any order."""
    labels, events = window_batch(seed=5, cases=24)
    aggregations = [Aggregation.from_spec(spec) for spec in AGGREGATIONS]
    visibility = visibility_of(STREAMS["available"])
    table = rows_by_key(labels, events, visibility, aggregations, seed=1)
    shared = pc.bit_wise_and(table["key"], ~4)
    table = table.set_column(0, "bucket", shared).take(pc.sort_indices(shared))
    found = answers(table, aggregations, False, 17, most_bytes=20_000)
    assert wrong(found, labels, events, AGGREGATIONS, visibility) == []


def test_one_lag_for_all_events_is_the_availability_that_each_tells() -> None:
    labels, events = window_batch(seed=9, cases=20)
    aggregations = [Aggregation.from_spec(spec) for spec in AGGREGATIONS]
    hour = timedelta(hours=1)
    visibility = Visibility.of("event_ts", None, hour)
    table = rows_by_key(labels, events, visibility, aggregations, seed=1)
    told = answers(table, aggregations, False, 1_000)
    lagging = table.drop_columns(["available"])
    assert exact(answers(lagging, aggregations, False, 1_000, lag=3_600_000_000)) == exact(told)
    assert wrong(told, labels, events, AGGREGATIONS, visibility) == []


def test_whether_an_event_is_visible_is_told_beside_the_aggregates() -> None:
    count = Aggregation.from_spec({"name": "a", "function": "count", "window": "1s", "where": "flag"})
    rest: Row = dict.fromkeys((*VALUES, "event_ts")) | {"case_id": 0, "flag": False}
    late = NOON + timedelta(hours=9)
    events = [
        {**rest, "event_ts": NOON, "available_ts": NOON},
        {**rest, "event_ts": NOON + timedelta(minutes=1), "available_ts": late},
    ]
    moments = [NOON - timedelta(seconds=1), NOON, late - timedelta(microseconds=1), late, None]
    labels: list[Row] = [{"case_id": 0, "t": moment} for moment in moments]
    table = rows_by_key(labels, events, visibility_of(STREAMS["available"]), [count], seed=1)
    for strict in (False, True):
        rows = answered(table, [measure_of(count)], strict, None, 1_000, 2**30)
        assert [rows[place]["ev"] for place in range(5)] == [False, not strict, True, True, False]


@pytest.mark.parametrize("column", ["x", "n"])
def test_one_hot_key_among_others(column: str) -> None:
    """Most rows under one key, more of them than may be held at once, many late: of integers it is cut in time, of
    doubles, and for deviations, whose bits depend on where a key's events begin, it is not.
    """
    rng = Random(5)
    functions = ["sum", "mean", "min", "max", "first", "last", "count_distinct", "count"]
    functions += ["stddev"] if column == "x" else []
    specs: list[dict[str, Any]] = [
        {"name": f"{function}_{window}", "function": function, "column": column, "window": window}
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
    table = rows_by_key(labels, events, visibility, aggregations, seed=1)
    found = answers(table, aggregations, False, 64, most_bytes=40_000)
    assert exact(found) == exact(answers(table, aggregations, False, 64))
    assert wrong(found, labels, events, specs, visibility) == []


def _random_event(rng: Random, key: int) -> Row:
    happened = NOON + timedelta(seconds=rng.randrange(90_000))
    landed = happened + timedelta(seconds=rng.choice((0, 0, 60, 7_200)))
    rest: Row = dict.fromkeys(("d", "s", "flag"))
    return {
        "case_id": key,
        "event_ts": happened,
        "available_ts": landed,
        "x": rng.choice((None, 0.1, -0.3, 1e9)),
        "n": rng.choice((None, 1, -3, 2**40)),
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
    table = rows_by_key(labels, events, visibility_of(STREAMS["plain"]), [aggregation], seed=1)
    (answer,) = answers(table, [aggregation], False, 100).values()
    assert answer is not None
    return answer["a"]


def test_a_sum_of_integers_may_leave_64_bits_on_the_way_but_not_at_the_end() -> None:
    assert _of_one_window([2**63 - 1, 2**63 - 1, -(2**63)], "n", "sum") == 2**63 - 2
    with pytest.raises(AggregationError, match=r"^aggregation 'a': a sum does not fit in 64 bits$"):
        _of_one_window([2**63 - 1, 1], "n", "sum")


def test_no_rows_at_all_give_nothing() -> None:
    aggregation = Aggregation.from_spec({"name": "a", "function": "count", "window": "1d"})
    table = rows_by_key([], [], visibility_of(STREAMS["plain"]), [aggregation], seed=1)
    assert answers(table, [aggregation], False, 100) == {}


def test_the_deviation_of_equal_huge_values_is_zero() -> None:
    assert _of_one_window([1.5e308, 1.5e308], "x", "stddev") == 0.0
    assert _of_one_window([1.5e308, 1.5e308, 1.5e308], "x", "stddev") == 0.0
