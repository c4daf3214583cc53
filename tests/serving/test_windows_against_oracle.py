"""`skewless.serving.windows` equals plain loops over random streams."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from skewless import windows
from skewless.serving.windows import Aggregation, Visibility
from tests.helpers.window_strategies import AGGREGATIONS, MEANINGS, STREAMS, window_batch, window_cases
from tests.oracles.asof import Row
from tests.oracles.windows import OracleStream, aggregate, agrees


def visibility(stream: OracleStream) -> Visibility:
    return Visibility.of(stream.event_timestamp, stream.available_at, stream.delay, stream.strict)


def expected(spec: dict[str, Any], label: Row, events: list[Row], stream: OracleStream) -> Any:
    return aggregate(events, label["t"], spec, stream, MEANINGS.get(spec.get("where", "")))


def column_of(events: list[Row], spec: dict[str, Any]) -> list[Any]:
    numeric = spec["function"] in ("sum", "mean", "stddev")
    return [event[spec["column"]] for event in events] if numeric else []


@settings(max_examples=300)
@given(window_cases())
def test_every_function_equals_the_loop(case: tuple[dict[str, Any], str, list[Row], list[Row]]) -> None:
    spec, stream, labels, events = case
    aggregation = Aggregation.from_spec(spec)
    for label in labels:
        found = windows.evaluate(aggregation, events, label["t"], visibility(STREAMS[stream]))
        wanted = expected(spec, label, events, STREAMS[stream])
        assert agrees(found, wanted, column_of(events, spec)), (found, wanted)


@pytest.mark.parametrize("stream", STREAMS)
def test_all_aggregations_together_equal_the_loop(stream: str) -> None:
    labels, events = window_batch(seed=4, cases=12)
    evaluator = windows.evaluator(
        [Aggregation.from_spec(spec) for spec in AGGREGATIONS], visibility(STREAMS[stream])
    )
    for label in labels:
        of_entity = [event for event in events if event["case_id"] == label["case_id"]]
        found = evaluator(of_entity, label["t"])
        for spec in AGGREGATIONS:
            wanted = expected(spec, label, of_entity, STREAMS[stream])
            assert agrees(found[spec["name"]], wanted, column_of(of_entity, spec)), (
                spec,
                found[spec["name"]],
            )


def test_the_aggregations_cover_every_function_with_every_sort_of_window() -> None:
    sorts = {
        (spec["function"], isinstance(spec["window"], dict), "offset" in spec, "where" in spec)
        for spec in AGGREGATIONS
    }
    functions = set(windows.__all__) - {"Aggregation", "Visibility", "evaluate", "evaluator"}
    assert {sort[0] for sort in sorts} == functions
    assert all(
        (name, rolls, moved) in {sort[:3] for sort in sorts}
        for name in functions
        for rolls in (False, True)
        for moved in (False, True)
    )


def test_the_generated_streams_reach_every_kind_of_result() -> None:
    labels, events = window_batch(seed=4, cases=200)
    spec = {"function": "count", "window": "1d"}
    stream = STREAMS["available"]
    counts = [
        aggregate([e for e in events if e["case_id"] == label["case_id"]], label["t"], spec, stream)
        for label in labels
    ]
    assert {None, 0, 1, 2} <= set(counts)
