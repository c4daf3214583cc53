"""J4's order of values, type by type: of two rows that tie, the one whose value is listed later wins."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless.parts.asof import JoinSide
from tests.helpers.frames import at, frame, winners
from tests.oracles.asof import Row

NAN, INFINITY = float("nan"), float("inf")

SMALLEST_FIRST: dict[str, list[Any]] = {
    "double": [None, -INFINITY, -1.5, -0.0, 0.0, 5e-324, 1.5, INFINITY, NAN],
    "float": [None, -INFINITY, -1.5, -0.0, 0.0, 1.5, INFINITY, NAN],
    "string": [None, "", "Z", "a", "ab", "e\u0301", "\u00e9", "\uffff", "\U0001f600"],
    "binary": [None, b"", b"\x00", b"\x00\x00", b"\x7f", b"\x80", b"\xff"],
    "boolean": [None, False, True],
    "tinyint": [None, -128, -1, 0, 127],
    "bigint": [None, -(2**63), -1, 2**53, 2**53 + 1, 2**63 - 1],
    "decimal(38,18)": [
        None,
        Decimal("-1E19"),
        Decimal("-1E-18"),
        Decimal(0),
        Decimal("1E-18"),
        Decimal("1E19"),
    ],
    "date": [None, date(1, 1, 1), date(1969, 12, 31), date(1970, 1, 1), date(9999, 12, 31)],
    "timestamp": [None, at("00:00", "1900-01-01"), at("00:00"), at("00:00:00.000001")],
    "timestamp_ntz": [None, datetime(1900, 1, 1), datetime(2024, 7, 1), datetime(2024, 7, 1, 0, 0, 0, 1)],
    "array<int>": [None, [], [None], [None, 1], [1], [1, None], [1, 1], [2]],
    "array<double>": [None, [], [None], [None, 1.0], [-0.0], [-0.0, NAN], [0.0], [0.0, None], [NAN]],
    "array<array<float>>": [None, [], [None], [[]], [[-0.0]], [[0.0]], [[NAN]]],
    "struct<a: double, b: string>": [
        None,
        {"a": None, "b": None},
        {"a": None, "b": "a"},
        {"a": -0.0, "b": "b"},
        {"a": 0.0, "b": None},
        {"a": 0.0, "b": "a"},
        {"a": NAN, "b": None},
    ],
    "map<string, int>": [
        None,
        {},
        {"a": None},
        {"a": 1},
        {"b": 0, "a": 1},
        {"a": 1, "b": 1},
        {"a": 2},
        {"b": 0},
    ],
    "map<string, double>": [
        None,
        {},
        {"a": None},
        {"a": -0.0},
        {"z": 0.0, "a": -0.0},
        {"a": 0.0},
        {"a": NAN},
    ],
    "array<struct<m: map<int, int>>>": [
        None,
        [],
        [None],
        [{"m": None}],
        [{"m": {}}],
        [{"m": {2: 1, 1: 2}}],
        [{"m": {2: 1}}],
    ],
}


@pytest.fixture(scope="module")
def won(spark: SparkSession) -> dict[str, dict[tuple[int, int], Any]]:
    """Per type and pair of places in its list, the place of the winner; a case for each ordered pair."""
    sides, pairs = [], set()
    for number, (data_type, values) in enumerate(SMALLEST_FIRST.items()):
        schema = f"pair string, at timestamp, backwards int, v {data_type}"
        rows: list[Row] = []
        for pair in permutations(range(len(values)), 2):
            pairs.add(pair)
            for place in pair:
                value = (
                    list(values[place].items())
                    if data_type.startswith("map") and values[place]
                    else values[place]
                )
                rows.append({"pair": str(pair), "at": at("10:00"), "v": value, "backwards": -place})
        sides.append(
            JoinSide(
                name=f"type{number}",
                rows=frame(spark, schema, rows),
                keys=(("pair", "pair"),),
                columns=("v", "backwards"),
                event_timestamp="at",
            )
        )
    labels = frame(spark, "pair string, t timestamp", [(str(pair), at("10:00")) for pair in pairs])
    joined = winners(labels, sides, ["pair"])
    return {
        data_type: {
            row["label"]["pair"]: -row[f"type{number}"]["backwards"] for row in joined if row[f"type{number}"]
        }
        for number, data_type in enumerate(SMALLEST_FIRST)
    }


@pytest.mark.parametrize("data_type", SMALLEST_FIRST)
def test_of_two_tied_rows_the_greater_value_wins(data_type: str, won: dict[str, dict[str, int]]) -> None:
    pairs = list(permutations(range(len(SMALLEST_FIRST[data_type])), 2))
    assert won[data_type] == {str(pair): max(pair) for pair in pairs}
