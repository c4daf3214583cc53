"""What Spark cuts of long histories, against what is kept of all rows: random tables, one job each."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from skewless.ground.arrow_values import python_columns
from skewless.ground.instants import micros_of
from skewless.lake.sources import Source
from skewless.parts.asof import JoinSide
from skewless.runs.materialize.selection import ended_keys, selected_rows
from skewless.runs.materialize.tables import SourceTable
from skewless.serving.plan.document.layout import read_layout
from skewless.serving.plan.online.stored import stored_tables
from skewless.serving.plan.serve.tables import JoinedTable
from tests.helpers.plans import document_of, table_of

NOW = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
TICK, HOUR = timedelta(microseconds=1), timedelta(hours=1)
MOMENTS = [NOW + by * HOUR + tick * TICK for by in (-30, -25, -24, -2, -1, 0, 1) for tick in (-1, 0, 1)]
WINDOWS = [{"name": "n", "function": "count", "window": "1d", "offset": "1h"}]
VALUES = (None, float("nan"), -0.0, 0.0, 1.0)
KEYS = 300


def random_rows() -> pa.Table:
    chance = random.Random(7)
    rows = [
        {
            "user": chance.choice([None, *range(KEYS)]),
            "seen_at": chance.choice([None, *MOMENTS]),
            "landed_at": chance.choice([None, *MOMENTS]),
            "v": chance.choice(VALUES),
        }
        for _ in range(KEYS * 12)
    ]
    moment = pa.timestamp("us", "UTC")
    kinds = {"user": pa.int64(), "seen_at": moment, "landed_at": moment, "v": pa.float64()}
    return pa.Table.from_pylist(rows, pa.schema(kinds))


def side_of(table: JoinedTable, rows: Any) -> JoinSide:
    lengths = {name: timedelta(microseconds=getattr(table, name) or 0) for name in ("delay", "max_age")}
    return JoinSide(
        name=table.name, rows=rows, keys=table.join_keys, columns=table.columns, event_timestamp="seen_at",
        available_at=table.available_at, delay=lengths["delay"],
        max_age=None if table.max_age is None else lengths["max_age"], strict=table.strict,
    )  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {"available_at": "landed_at"},
        {"available_at": "landed_at", "strict": True, "max_age": "1d"},
        {"delay": "1h", "columns": [], "aggregations": WINDOWS},
    ],
    ids=["rows", "strict rows with a max_age", "events"],
)
def test_of_each_key_the_same_is_kept_as_of_all_rows_and_what_has_ended_is_found(
    spark: SparkSession, options: dict[str, Any]
) -> None:
    rows, now = random_rows(), micros_of(NOW)
    (stored,) = stored_tables(read_layout(document_of(table_of(**options))).tables)
    frame = spark.createDataFrame(rows)
    table = SourceTable(stored, Source("rows", 0, frame), side_of(stored.table, frame))
    selected = python_columns(selected_rows(table, now).toArrow())
    by_key: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for key, *values in zip(*selected.values(), strict=True):
        by_key[key].append(dict(zip(stored.columns, values, strict=True)))
    everything: dict[int, list[dict[str, Any]]] = defaultdict(list)
    columns = python_columns(rows)
    for row in zip(*columns.values(), strict=True):
        everything[row[0]].append(dict(zip(columns, row, strict=True)))
    assert sum(map(len, by_key.values())) < 0.85 * rows.num_rows
    for key in range(KEYS):
        assert texts(stored.kept(by_key[key], now)) == texts(stored.kept(everything[key], now)), key
    before = micros_of(NOW - 2 * HOUR)
    changing = {
        key
        for key in range(KEYS)
        if texts(stored.kept(everything[key], before)) != texts(stored.kept(everything[key], now))
    }
    ended = ended_keys(table, before, now)
    assert ended is not None
    found = ended.toArrow()["key_0"].to_pylist()
    assert changing <= {*found}
    assert len(found) == len({*found})


def texts(rows: list[dict[str, object]]) -> list[str]:
    """Rows to compare: NaN equals NaN, and -0.0 is not 0.0."""
    return sorted(map(repr, rows))
