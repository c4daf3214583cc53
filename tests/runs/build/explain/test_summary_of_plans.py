"""What a person reads of a plan: what is read and why, how it is joined, what is replaced, what is not ready."""

from __future__ import annotations

from typing import Any, cast

import pytest

from skewless.runs.build.explain.plan import Plan, PlannedFreshness, PlannedJoin, PlannedTable
from skewless.runs.build.explain.summary import summary_of_explanation

PROBLEM = "feature table 'weather': require_fresh 6h needs a row"
FRESH: PlannedFreshness = {
    "require_fresh": "6h",
    "since": "2024-07-01T18:00:00Z",
    "visible_at": "2024-07-02T00:00:00Z",
    "ready": False,
    "problem": PROBLEM,
}
TABLE: PlannedTable = {
    "table": "weather",
    "location": "/lake/weather",
    "version": 7,
    "files": 3,
    "of_files": 12,
    "bytes": 1_500_000,
    "of_bytes": 6_000_000,
    "rows": 5000,
    "since": "2024-07-01T00:00:00Z",
    "since_because": "first T less max_age 6h",
    "until": "2024-07-02T00:00:00Z",
    "until_because": "last T",
    "join_keys": {"origin": "origin"},
    "columns": ["wind"],
    "windows": [],
    "fresh": FRESH,
    "warnings": ["feature table 'weather': rows can leak"],
}
JOIN: PlannedJoin = {
    "keys": ["origin"],
    "feature_tables": ["weather"],
    "strategy": "exchange",
    "why": "it is large",
    "bytes": 5,
    "exchanges": 1,
    "partitions": 2000,
    "winners": ["weather"],
    "windows": [],
}
PLAN: Plan = {
    "training_set": "delays",
    "as_of": "2024-07-03T00:00:00+00:00",
    "start": None,
    "end": None,
    "ready": False,
    "columns": ["k", "t", "y", "event_date"],
    "strategy": "one",
    "why": "it is short",
    "label_events": {
        "sources": {"labels.l": {"location": "/lake/l", "version": 3}},
        "files": 1,
        "of_files": 2,
        "bytes": 1_000_000,
        "of_bytes": 2_000_000,
        "rows": None,
        "in_range": 1300,
        "taken": 1200,
        "left_out": {"where": 90, "T after --as-of": 10},
        "null_times": 4,
        "first": "2024-07-01T06:00:00Z",
        "last": "2024-07-02T00:00:00Z",
        "where": "y IS NOT NULL",
    },
    "feature_tables": {"weather": TABLE, "again": TABLE},
    "joins": [JOIN],
    "log": None,
    "features": {"modules": ["features.flights"], "functions": 3, "inputs": 5},
    "parity_sample": 1000,
    "expectations": {"suite": "gate", "expectations": 35},
    "output": {"location": "/lake/delays", "version": None, "replaces": None},
}


def lines_of(name: str, **changes: Any) -> list[str]:
    """The lines of a plan that begin with a name, without it."""
    text = summary_of_explanation(cast(Plan, PLAN | changes))
    return [line[2 + len(name) :].strip() for line in text.splitlines() if line.startswith(f"  {name} ")]


def test_the_number_of_label_events_stands_first() -> None:
    first = summary_of_explanation(PLAN).splitlines()[0]
    assert first == "delays: plan for 1,200 label events, 4 columns; nothing is built or written"


def test_label_events_are_told_with_their_sources_and_what_is_left_out() -> None:
    assert lines_of("label events.l") == ["/lake/l, version 3"]
    assert "? rows in 1 of 2 files, 1.0/2.0 MB; 1,300 in range, T from 2024-07-01T06:00:00Z to" in (
        summary_of_explanation(PLAN)
    )
    assert lines_of("left out") == [
        "90 label events: not where y IS NOT NULL",
        "10 label events: T after --as-of",
    ]
    assert lines_of("null T") == ["4 label events, which see nothing"]


def test_tables_are_aligned_with_what_is_read_of_them() -> None:
    rows = [
        line for line in summary_of_explanation(PLAN).splitlines() if line[2:].startswith(("table", "weath"))
    ]
    assert rows == [
        "  table          version   rows  files       MB  reads the events",
        "  weather              7  5,000   3/12  1.5/6.0  from 2024-07-01T00:00:00Z (first T less max_age 6h) to "
        "2024-07-02T00:00:00Z (last T)",
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"since": None, "since_because": "no max_age"},
            "everything up to 2024-07-02T00:00:00Z (last T): no max_age",
        ),
        (
            {"since": None, "since_because": "static, no history", "until": None, "until_because": None},
            "all: static, no history",
        ),
    ],
)
def test_a_table_without_a_bound_says_why(change: dict[str, Any], told: str) -> None:
    (row,) = lines_of("weather", feature_tables={"weather": {**TABLE, **change}})
    assert row.endswith(told)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "on origin: weather: exchange (it is large), into 2,000 partitions"),
        (
            {"partitions": 1, "keys": [], "windows": ["weather"]},
            "on no key: weather: exchange (it is large), into 1 partition; windows of weather in the same pass",
        ),
        (
            {"strategy": "broadcast", "why": "it is small", "exchanges": 0, "partitions": None},
            "on origin: weather: broadcast (it is small)",
        ),
    ],
)
def test_joins_say_what_they_cost(change: dict[str, Any], told: str) -> None:
    assert lines_of("join", joins=[{**JOIN, **change}]) == [told]


@pytest.mark.parametrize(
    ("version", "replaces", "told"),
    [
        (None, None, "nothing stands there"),
        (3, None, "version 3 stands there, all rows are replaced"),
        (3, "a = 1", "version 3 stands there, the rows with a = 1 are replaced"),
    ],
)
def test_the_output_says_what_is_replaced(version: int | None, replaces: str | None, told: str) -> None:
    output = {"location": "/lake/delays", "version": version, "replaces": replaces}
    assert lines_of("output", output=output) == [f"/lake/delays: {told}"]


def test_what_is_checked_is_told() -> None:
    assert lines_of("features") == ["3 functions of 5 inputs, one pass in Arrow (features.flights)"]
    assert lines_of("expectations") == ["35 of suite gate"]
    (line,) = lines_of("parity")
    assert line.startswith("up to 1,000 label events and the hard cases")
    assert lines_of("parity", parity_sample=0) == []


def test_freshness_and_warnings_of_a_table_under_two_names_are_told_once() -> None:
    assert lines_of("NOT READY") == [PROBLEM]
    assert lines_of("warning") == ["feature table 'weather': rows can leak"]
    ready = {**TABLE, "fresh": {**FRESH, "ready": True, "problem": None}}
    assert lines_of("ready", feature_tables={"weather": ready}) == [
        "feature table 'weather' has a row of the last 6h before 2024-07-02T00:00:00Z"
    ]
