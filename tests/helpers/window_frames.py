"""Events of one entity in memory, and their windows at some times through the join and the kernel."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from skewless.parts.asof import JoinSide
from skewless.parts.windows import WindowReduction
from tests.helpers.frames import at, frame, joined_either_way, spine

TICK = timedelta(microseconds=1)
NOON = at("12:00", "2024-07-20")
NEW_YORK = "America/New_York"

Specs = dict[str, dict[str, Any]]


def windows_at(rows: DataFrame, specs: Specs, *times: datetime | None, **options: Any) -> list[Any]:
    """Per time, entity a's aggregates by name; all null without an entity or a time. Rows have k and at."""
    label_events = [("a", moment, place) for place, moment in enumerate(times)]
    return answers(rows, specs, label_events, **options)


def answers(
    rows: DataFrame, specs: Specs, label_events: list[Any], key: str = "k string", **options: Any
) -> list[Any]:
    events = frame(rows.sparkSession, f"{key}, t timestamp, place int", label_events)
    aggregations = [{"name": name, **spec} for name, spec in specs.items()]
    reduction = WindowReduction.read(aggregations, rows.schema, options.get("strict", False))
    assert reduction is not None
    assert reduction.problems() == []
    told = {"event_timestamp": "at", **options}
    side = JoinSide("r", rows, (("k", "k"),), (), reduction=reduction, **told)
    found = joined_either_way(spine(events, "k"), [side], ["label.place", side.events_slot])
    assert len(found) == len(label_events)
    return [row[side.events_slot] for row in sorted(found, key=lambda row: int(row["place"]))]


def times(spark: SparkSession, *moments: datetime) -> DataFrame:
    """Events of entity a at these instants, and one of another entity at each."""
    return frame(spark, "k string, at timestamp", [(key, moment) for moment in moments for key in "ab"])


def values(spark: SparkSession, kind: str, *column: Any) -> DataFrame:
    """Events of entity a with these values, a minute apart, the last one a minute before noon."""
    first = NOON - timedelta(minutes=len(column))
    rows = [("a", first + timedelta(minutes=place), value) for place, value in enumerate(column)]
    return frame(spark, f"k string, at timestamp, v {kind}", rows)


def of_v(*functions: str, **more: Any) -> Specs:
    """These functions of the column v over a day, each under its own name."""
    return {function: {"function": function, "column": "v", "window": "1d", **more} for function in functions}


def count(window: Any, **more: Any) -> Specs:
    return {"n": {"function": "count", "window": window, **more}}


def calendar(unit: str, length: int = 1, zone: str = NEW_YORK) -> dict[str, Any]:
    return {"calendar": unit, "length": length, "timezone": zone}


def counts(rows: DataFrame, specs: Specs, *moments: datetime | None, **options: Any) -> list[int]:
    return [answer["n"] for answer in windows_at(rows, specs, *moments, **options)]
