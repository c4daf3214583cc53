"""What is expected of the next builds, of measures alone, without Spark."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import types as T

from skewless.config.specs.suite.suite import read_suite
from skewless.runs.start.suite.measures import Measure, Share
from skewless.runs.start.suite.proposal import Proposal, Roles, proposal_of

ROLES = Roles(["origin"], "predict_at", ["late"])
ALL = Share(1000, 0)


def number(name: str, least: float, greatest: float, nulls: int = 0, distinct: int = 300) -> Measure:
    share = Share(1000, nulls)
    kind = T.LongType() if isinstance(least, int) else T.DoubleType()
    return Measure(name, kind, share, share, distinct, least, greatest)


MEASURES = [
    Measure("origin", T.StringType(), ALL, ALL, 3, values=("EWR", "JFK", "LGA")),
    Measure("predict_at", T.TimestampType(), ALL, ALL, 900),
    replace(number("late", 0, 1, distinct=2), values=(0, 1)),
    number("weather__temp", -3.5, 98.5, nulls=100),
    replace(number("weather__hours", 0, 23, distinct=24), values=None),
    Measure("planes__tags", T.ArrayType(T.StringType()), ALL, ALL),
    Measure("event_date", T.DateType(), ALL, ALL, 30),
]


def expected(proposal: Proposal, column: str) -> list[dict[str, Any]]:
    """What is expected of a column, but for its name and the notes."""
    found = [item for item in proposal.expectations if item["kwargs"].get("column") == column]
    return [
        {"type": item["type"], "severity": item["severity"]}
        | {key: value for key, value in item["kwargs"].items() if key != "column"}
        for item in found
    ]


NOT_NULL, IN_SET = "expect_column_values_to_not_be_null", "expect_column_values_to_be_in_set"
BETWEEN = "expect_column_values_to_be_between"


def test_rows_and_columns_are_the_frame() -> None:
    first, second = proposal_of(MEASURES, ROLES).expectations[:2]
    assert first["kwargs"] == {"value": {"$PARAMETER": "label_events"}}
    assert second["kwargs"] == {"column_list": [each.name for each in MEASURES]}
    assert {first["severity"], second["severity"]} == {"critical"}


def test_a_key_is_never_null_and_a_category_of_its_own() -> None:
    assert expected(proposal_of(MEASURES, ROLES), "origin") == [
        {"type": NOT_NULL, "severity": "critical"},
        {"type": IN_SET, "severity": "warning", "value_set": ["EWR", "JFK", "LGA"], "mostly": 0.99},
    ]


def test_a_number_of_few_values_has_a_range_and_no_categories() -> None:
    engines = replace(number("planes__engines", 1, 4, distinct=4), values=(1, 2, 3, 4))
    assert [item["type"] for item in expected(proposal_of([engines], ROLES), "planes__engines")] == [
        NOT_NULL,
        BETWEEN,
    ]


def test_a_label_has_its_outcomes() -> None:
    assert expected(proposal_of(MEASURES, ROLES), "late") == [
        {"type": NOT_NULL, "severity": "critical"},
        {"type": IN_SET, "severity": "critical", "value_set": [0, 1]},
    ]


def test_nulls_and_ranges_have_margins() -> None:
    # Null in 10 %: half again and five points leave 80 %; half the spread on either side.
    assert expected(proposal_of(MEASURES, ROLES), "weather__temp") == [
        {"type": NOT_NULL, "severity": "critical", "mostly": 0.8},
        {"type": BETWEEN, "severity": "warning", "min_value": -60.0, "max_value": 150.0},
    ]
    assert expected(proposal_of(MEASURES, ROLES), "weather__hours")[1]["min_value"] == 0


def test_the_nulls_of_the_versions_own_rows_count_where_they_are_more() -> None:
    own = replace(MEASURES[3], own=Share(10, 5))
    [nulls, _] = expected(proposal_of([own], ROLES), "weather__temp")
    assert nulls["mostly"] == 0.2


@pytest.mark.parametrize(
    "change",
    [
        {"strange": 1},
        {"least": 7.0, "greatest": 7.0},
        {"least": None, "greatest": None},
        {"least": 1, "greatest": 1000, "kind": T.LongType(), "distinct": 950},
    ],
    ids=["NaN", "one value", "all null", "an id"],
)
def test_what_has_no_range(change: dict[str, Any]) -> None:
    found = proposal_of([replace(number("x", 0.0, 1.0), **change)], ROLES)
    assert [item["type"] for item in expected(found, "x")] == [NOT_NULL]


def test_nothing_is_said_of_a_column_that_is_mostly_null_or_nested_in_name() -> None:
    mostly = number("x", 0.0, 1.0, nulls=700)
    assert [item["type"] for item in expected(proposal_of([mostly], ROLES), "x")] == [BETWEEN]
    assert expected(proposal_of([number("a.b", 0.0, 1.0)], ROLES), "a.b") == []


def test_check_finds_nothing_wrong_with_it() -> None:
    suite = json.dumps({"name": "flights", "expectations": proposal_of(MEASURES, ROLES).expectations})
    assert read_suite("flights.json", suite)[1] == []
