"""Lines → Arrow columns, without Spark: one column for each role, name and logged type."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from skewless.parts.log.decoding import Slot, decode, slots_of
from skewless.serving.log.format.record import RecordEncoder

ROOT = Path(__file__).parents[3]
T = dt.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=dt.timezone.utc)


def line(features: dict[str, Any], **changed: Any) -> bytes:
    encoder = RecordEncoder(None, "7")
    text = encoder.encode(encoder.capture({"origin": "EWR"}, T, features, None, "r-1", None))
    return json.dumps({**json.loads(text), **changed}).encode()


def decoded(slots: list[Slot], *lines: bytes) -> list[dict[str, Any]]:
    batch = pa.RecordBatch.from_pydict({"file": ["f"] * len(lines), "raw": list(lines)})
    (result,) = decode(slots)(iter([batch]))
    rows: list[dict[str, Any]] = result.to_pylist()
    return rows


def slots(*lines: bytes) -> list[Slot]:
    return slots_of(json.dumps(json.loads(text)["types"]) for text in lines)


def test_each_type_of_a_name_has_a_column() -> None:
    lines = [line({"a": 1, "b": None, "c": []}), line({"a": 0.5, "c": [Decimal("1E+2")]})]
    found = slots(*lines)
    assert found == [
        Slot("entity", "origin", "string"),
        Slot("features", "a", "bigint"),
        Slot("features", "c", "array<void>"),
        Slot("features", "a", "double"),
        Slot("features", "c", "array<decimal>"),
    ]
    first, second = decoded(found, *lines)
    assert [first[f"value_{place}"] for place in range(5)] == ["EWR", 1, [], None, None]
    assert [second[f"value_{place}"] for place in range(5)] == ["EWR", None, None, 0.5, ["100"]]
    assert (first["event_timestamp"], first["request_id"], first["reason"]) == (T, "r-1", None)


def test_a_type_without_a_column_is_told_and_not_lost() -> None:
    (row,) = decoded([Slot("entity", "origin", "string")], line({"a": 1}))
    assert (row["record_id"], row["reason"]) == (None, None)
    assert slots_of([row["undiscovered"]]) == slots(line({"a": 1}))


def test_what_no_column_can_hold_is_refused_and_stops_nothing() -> None:
    lines = [
        line({"a": 1}, host="\ud800"),
        line({"a": 1}, pid=2**70),
        line({"": 1}),
        line({"a": "1E+999999"}, types={**json.loads(line({"a": Decimal(1)}))["types"]}),
        line({"a": "né\u2028"}),
    ]
    rows = decoded(slots(*lines), *lines)
    assert [bool(row["reason"]) for row in rows] == [True, True, True, True, False]
    assert [row["raw"] for row in rows] == lines
    assert all("\n" not in (row["reason"] or "") for row in rows)


def test_text_that_is_no_types_asks_for_nothing() -> None:
    assert slots_of([None, "", "[]", "{", '{"entity": 1}', '{"entity": {"a": 3}}']) == []


def test_workers_need_neither_delta_nor_pydantic_to_decode() -> None:
    program = "import sys; import skewless.parts.log.decoding; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not {"delta", "pydantic", "yaml", "click"} & set(run.stdout.split())


def test_when_the_store_was_materialised_is_kept_and_null_without_one() -> None:
    of_store = line({"a": 1}, materialized_at="2024-01-02T01:00:00.000000Z", store_versions={"t": 7})
    first, second = decoded(slots(of_store), of_store, line({"a": 1}))
    assert first["materialized_at"] == dt.datetime(2024, 1, 2, 1, tzinfo=dt.timezone.utc)
    assert (second["materialized_at"], second["reason"]) == (None, None)
