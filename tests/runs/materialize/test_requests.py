"""Requests that an audit makes of the keys that were written, without Spark."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from skewless.ground.instants import micros_of
from skewless.runs.materialize.requests import key_of, requests_of, turns
from skewless.serving.plan.document.layout import Layout, read_layout
from skewless.serving.plan.document.plan import feature_table_part, label_events_part, plan_document
from skewless.serving.plan.online.stored import stored_tables
from skewless.serving.sets.feature_set import FeatureSet
from tests.helpers.plans import document_of, table_of

NOW = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
TICK, HOUR = timedelta(microseconds=1), timedelta(hours=1)


def layout_of(**keys: list[tuple[str, str]]) -> Layout:
    """Tables that join on these (table key, label column) pairs; label columns are `int`, keys `bigint`."""
    names = sorted({column for pairs in keys.values() for _, column in pairs})
    kinds = dict.fromkeys(names, "int") | {"at": "timestamp"}
    labels = label_events_part(entity_keys=names, event_timestamp="at", columns=kinds)
    tables = [
        feature_table_part(
            labels,
            name=name,
            table=name,
            join_keys=pairs,
            event_timestamp="seen_at",
            columns=["v"],
            types={"seen_at": "timestamp", "v": "double", **{key: "bigint" for key, _ in pairs}},
        )
        for name, pairs in keys.items()
    ]
    document = plan_document(
        training_set="demo",
        version=0,
        label_events=labels,
        feature_tables=tables,
        features=FeatureSet.from_functions([]),
        modules=[],
    )
    return read_layout(document)


def asked(layout: Layout, **keys: list[tuple[int, ...]]) -> list[dict[str, Any]]:
    return requests_of(layout.tables, layout.labels, keys)


def test_every_key_is_asked_for_and_requests_are_whole() -> None:
    layout = layout_of(planes=[("tail", "tail")], flown=[("tail", "tail")], weather=[("origin", "origin")])
    found = asked(layout, planes=[(1,), (2,)], flown=[(2,), (3,)], weather=[(7,)])
    assert found == [{"tail": 1, "origin": 7}, {"tail": 2, "origin": 7}, {"tail": 3, "origin": 7}]


def test_a_table_of_which_no_key_is_given_is_asked_for_what_the_others_say_or_for_nothing() -> None:
    layout = layout_of(planes=[("tail", "tail")], route=[("from", "origin"), ("to", "dest")])
    (only,) = asked(layout, planes=[(1,)])
    assert only == {"tail": 1, "origin": None, "dest": None}
    assert [key_of(only, table) for table in layout.tables] == [(1,), None]
    (whole,) = asked(layout, route=[(1, 2)])
    assert [key_of(whole, table) for table in layout.tables] == [None, (1, 2)]


def test_a_table_that_is_joined_twice_is_asked_for_by_both_names() -> None:
    layout = layout_of(here=[("origin", "origin")], there=[("origin", "dest")])
    assert asked(layout, here=[(1,), (2,)], there=[(1,), (2,)]) == [
        {"origin": 1, "dest": 1},
        {"origin": 2, "dest": 2},
    ]


def test_a_table_about_the_whole_world_is_asked_for_once() -> None:
    assert asked(layout_of(rates=[], planes=[("tail", "tail")]), rates=[()]) == [{"tail": None}]


def test_a_key_that_the_label_column_cannot_hold_is_left_out() -> None:
    assert asked(layout_of(planes=[("tail", "tail")]), planes=[(2**40,), (2**31 - 1,)]) == [
        {"tail": 2**31 - 1}
    ]


def later(options: dict[str, Any], **row: Any) -> list[timedelta]:
    """How long after NOW values may change: the instants of the row alone, not the midnights."""
    (stored,) = stored_tables(read_layout(document_of(table_of(**options))).tables)
    days = {timedelta(days=days) for days in (1, 2, 7, 31)}
    found = [timedelta(microseconds=at - micros_of(NOW)) for at in turns(stored, [row], micros_of(NOW))]
    return [each for each in found if each not in days]


def test_values_change_when_a_row_is_seen_and_when_it_is_too_old() -> None:
    options = {"available_at": "landed_at", "max_age": "3h"}
    late = {"seen_at": NOW - 2 * HOUR, "landed_at": NOW + HOUR, "v": 1.0}
    assert later(options, **late) == [HOUR, HOUR + TICK, HOUR, HOUR + TICK]
    over = {"seen_at": NOW - 3 * HOUR, "landed_at": NOW - 3 * HOUR, "v": 1.0}
    assert later(options, **over) == [TICK]


def test_values_change_when_an_event_enters_a_window_and_leaves_it() -> None:
    windows = [{"name": "n", "function": "count", "window": "2h", "offset": "1h"}]
    found = later({"columns": [], "aggregations": windows}, seen_at=NOW)
    assert {HOUR, 3 * HOUR} <= {*found}
