"""What a trace says of a label event is what the oracle's loops say: the winner, and each window's value and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from skewless.parts.asof import JoinSide
from skewless.parts.windows import WindowReduction
from skewless.runs.trace.findings import TracedTable
from skewless.runs.trace.traced_table import traced_table
from skewless.serving.values.instants import micros
from skewless.training_set.on_driver.entity_rows import entity_rows
from skewless.training_set.on_driver.history import History
from tests.helpers.frames import frame, side_of
from tests.helpers.strategies import SPEC_OPTIONS, SpecOptions, batch
from tests.helpers.window_strategies import AGGREGATIONS, MEANINGS, STREAMS, window_batch
from tests.oracles.asof import Row, asof, compare
from tests.oracles.windows import OracleStream, aggregate, agrees

CASES = 40
TRACED = AGGREGATIONS[::3]
ADDED = ("sum", "mean", "stddev")


def traces(side: JoinSide, labels: list[Row], kinds: Sequence[pa.DataType]) -> list[TracedTable]:
    """What `skewless trace` tells of one table for each label event; `kinds` are the types of its keys."""
    names = [label_column for _, label_column in side.keys]
    columns = [
        pa.array([label[name] for label in labels], kind) for name, kind in zip(names, kinds, strict=True)
    ]
    events = pa.table(columns, names=names)
    entities = pa.table(columns, names=[f"entity_{place}" for place in range(len(names))])
    moments = [None if label["t"] is None else micros(label["t"]) for label in labels]
    known = [at for at in moments if at is not None]
    rows = entity_rows(replace(side, max_age=None), entities, min(known), max(known)).toArrow()
    return list(traced_table(History(side, rows), events, moments))


@pytest.mark.parametrize("options", SPEC_OPTIONS, ids=lambda options: options.name)
def test_the_row_that_is_told_to_be_used_is_the_oracles(spark: SparkSession, options: SpecOptions) -> None:
    labels, rows = batch(options, seed=11, cases=CASES)
    table, kind = options.oracle_table(), options.time_type
    schema = (
        "case_id bigint, k1 bigint, k2 bigint, x double, s string, n bigint, tags array<int>, "
        f"event_ts {kind}, available_ts {kind}, ends_at {kind}"
    )
    side = side_of(table, frame(spark, schema, rows), "r")
    found = traces(side, labels, [pa.int64()] * 3)
    wanted = asof(labels, table, rows, "t")
    wrong = [
        (label, told, winner)
        for label, told, winner in zip(labels, found, wanted, strict=True)
        if compare([told.values[f"r__{name}"] for name in table.columns], _values(table.columns, winner)) != 0
        or (told.row is None) != (winner is None)
    ]
    assert wrong[:3] == []
    assert 0 < sum(winner is not None for winner in wanted) < len(labels)


def _values(columns: Sequence[str], winner: Row | None) -> list[Any]:
    return [None if winner is None else winner[name] for name in columns]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_window_that_is_told_holds_the_oracles_events_and_their_value(
    spark: SparkSession, stream: str
) -> None:
    labels, events = window_batch(seed=11, cases=10)
    schema = (
        "case_id int, event_ts timestamp, available_ts timestamp, x double, n bigint, d decimal(20, 2), s string, "
        "flag boolean"
    )
    rows, told = frame(spark, schema, events), STREAMS[stream]
    side = JoinSide(
        "r",
        rows,
        (("case_id", "case_id"),),
        (),
        told.event_timestamp,
        told.available_at,
        told.delay,
        strict=told.strict,
        reduction=WindowReduction.read(TRACED, rows.schema, told.strict),
    )
    wrong = []
    for label, found in zip(labels, traces(side, labels, [pa.int32()]), strict=True):
        own = [event for event in events if event["case_id"] == label["case_id"]]
        for spec in TRACED:
            window, meaning = found.aggregations[f"r__{spec['name']}"], MEANINGS.get(spec.get("where", ""))
            wanted = aggregate(own, label["t"], spec, told, meaning)
            weights = [event[spec["column"]] for event in own] if spec["function"] in ADDED else []
            inside = counted(own, label["t"], spec, told)
            if window.events != inside or not agrees(window.value, wanted, weights):
                wrong.append((spec, label, window, wanted))
    assert wrong[:3] == []


def counted(events: list[Row], at: datetime | None, spec: dict[str, Any], stream: OracleStream) -> int:
    """How many events count in the window at T."""
    count: dict[str, Any] = {name: spec[name] for name in ("window", "offset", "column") if name in spec}
    meaning = MEANINGS.get(spec.get("where", ""))
    return int(aggregate(events, at, {"function": "count", **count}, stream, meaning) or 0)
