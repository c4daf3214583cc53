"""Spark's window aggregations equal `skewless.serving.windows` and the oracle's loops: many small cases, one job."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless import build_frame
from skewless.serving.windows import Aggregation, Visibility, evaluator
from tests.helpers import by_hand
from tests.helpers.frames import arrow_rows, collected, delta, frame, training_set
from tests.helpers.window_strategies import AGGREGATIONS, COLUMN_TYPES, MEANINGS, STREAMS, window_batch
from tests.oracles.asof import Row
from tests.oracles.windows import aggregate, agrees

CASES = 30
LOOPED_CASES = 12
"""The cases that the oracle's loops, slow and plain, compute too."""

EVENTS = (
    "case_id bigint, event_ts timestamp, available_ts timestamp, x double, n bigint, d decimal(20, 2), s string, "
    "flag boolean"
)
LABELS = "case_id int, t timestamp, label_no int, y int"
ALIASES = {name: f"stream{place}" for place, name in enumerate(STREAMS)}
ADDED = ("sum", "mean", "stddev")

SPECS = {
    name: [spec for at, spec in enumerate(AGGREGATIONS) if at // 4 % 3 == place % 3]
    for place, name in enumerate(STREAMS)
}
"""A third of the functions for each stream, with every sort of window: each meets one stream whose availability is a
column, and one without. All of them on all streams are more columns than a quick test plans; the kernel's tests have
them."""


@contextmanager
def session_zone(spark: SparkSession, zone: str) -> Iterator[None]:
    before = str(spark.conf.get("spark.sql.session.timeZone"))
    spark.conf.set("spark.sql.session.timeZone", zone)
    try:
        yield
    finally:
        spark.conf.set("spark.sql.session.timeZone", before)


def numbered(labels: list[Row]) -> list[Row]:
    return [label | {"label_no": place, "y": 0} for place, label in enumerate(labels)]


def table_of(stream: str, source: str, specs: list[dict[str, Any]]) -> dict[str, Any]:
    """The stream as a feature table joined for its windows alone."""
    told = STREAMS[stream]
    times = {"event_timestamp": told.event_timestamp, "strict": told.strict, "delay": told.delay}
    if told.available_at:
        times["available_at"] = told.available_at
    named = {"name": ALIASES[stream], "source": source, "entity_keys": ["case_id"]}
    return {**named, **times, "columns": [], "aggregations": specs}


def built(events: DataFrame, strategy: str, *tables: dict[str, Any]) -> list[Row]:
    """The training set's rows in the order of `label_no`."""
    spec = {**training_set(*tables, entity_keys=["case_id"]), "strategy": strategy}
    rows = collected(build_frame(events.sparkSession, spec, events, conf_dir="/nowhere"))
    return sorted(rows, key=lambda row: int(row["label_no"]))


def weights(events: list[Row], spec: dict[str, Any]) -> list[Any]:
    return [event[spec["column"]] for event in events] if spec["function"] in ADDED else []


@pytest.fixture(scope="module")
def generated() -> tuple[list[Row], dict[int, list[Row]]]:
    """The label events, and each case's events."""
    labels, events = window_batch(seed=5, cases=CASES)
    by_case: dict[int, list[Row]] = defaultdict(list)
    for event in events:
        by_case[event["case_id"]].append(event)
    return numbered(labels), by_case


@pytest.fixture(scope="module", params=["exchange", "broadcast"])
def of_spark(
    request: pytest.FixtureRequest,
    spark: SparkSession,
    generated: tuple[list[Row], dict[int, list[Row]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Row]:
    """Every stream a table of one training set, joined in either way, in a session far from UTC."""
    labels, by_case = generated
    events = [event for own in by_case.values() for event in own]
    source = delta(spark, str(tmp_path_factory.mktemp("tables") / "events"), EVENTS, events)
    tables = [table_of(stream, source, SPECS[stream]) for stream in STREAMS]
    with session_zone(spark, "Asia/Kolkata"):
        rows = built(frame(spark, LABELS, labels), request.param, *tables)
    assert [row["label_no"] for row in rows] == list(range(len(labels)))
    return rows


@pytest.mark.parametrize("stream", STREAMS)
def test_spark_equals_serving(
    stream: str, generated: tuple[list[Row], dict[int, list[Row]]], of_spark: list[Row]
) -> None:
    labels, by_case = generated
    told = STREAMS[stream]
    visibility = Visibility.of(told.event_timestamp, told.available_at, told.delay, told.strict)
    serve = evaluator([Aggregation.from_spec(spec) for spec in SPECS[stream]], visibility, COLUMN_TYPES)
    wrong = []
    for label, row in zip(labels, of_spark, strict=True):
        own = by_case[label["case_id"]]
        served = serve(own, label["t"])
        for spec in SPECS[stream]:
            value, wanted = row[f"{ALIASES[stream]}__{spec['name']}"], served[spec["name"]]
            if not agrees(value, wanted, weights(own, spec)):
                wrong.append((spec, label, value, wanted))
    assert wrong[:3] == []


@pytest.mark.parametrize("stream", STREAMS)
def test_spark_equals_the_oracles_loops(
    stream: str, generated: tuple[list[Row], dict[int, list[Row]]], of_spark: list[Row]
) -> None:
    labels, by_case = generated
    wrong = []
    for label, row in zip(labels, of_spark, strict=True):
        if label["case_id"] >= LOOPED_CASES:
            continue
        own = by_case[label["case_id"]]
        for spec in SPECS[stream]:
            meaning = MEANINGS.get(spec.get("where", ""))
            value = row[f"{ALIASES[stream]}__{spec['name']}"]
            wanted = aggregate(own, label["t"], spec, STREAMS[stream], meaning)
            if not agrees(value, wanted, weights(own, spec)):
                wrong.append((spec, label, value, wanted))
    assert wrong[:3] == []


def test_partitions_and_the_order_of_rows_change_no_bit(
    spark: SparkSession,
    generated: tuple[list[Row], dict[int, list[Row]]],
    of_spark: list[Row],
    tmp_path: Path,
) -> None:
    """The events shuffled into several files, the label events into several partitions, more shuffle partitions."""
    labels, by_case = generated
    events = [event for own in by_case.values() for event in own]
    Random(2).shuffle(events)
    source = str(tmp_path / "events")
    schema, rows = arrow_rows(EVENTS, events)
    size = len(events) // 5 + 1
    by_hand.overwrite(Path(source), schema, *(rows.slice(place * size, size) for place in range(5)))
    specs = [
        spec for spec in SPECS["available, delay"] if spec["function"] in (*ADDED, "first", "last", "last_n")
    ]
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    try:
        table = table_of("available, delay", source, specs)
        again = built(frame(spark, LABELS, labels).repartition(3), "exchange", table)
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")
    names = [f"{ALIASES['available, delay']}__{spec['name']}" for spec in specs]
    for row, before in zip(again, of_spark, strict=True):
        assert [exact(row[name]) for name in names] == [exact(before[name]) for name in names]


def exact(value: Any) -> Any:
    """Equal to another's only with every bit of its doubles."""
    if isinstance(value, list):
        return [exact(item) for item in value]
    return struct.pack("<d", value) if isinstance(value, float) else value
