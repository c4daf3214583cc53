"""The rules of window aggregations, through a serving plan, by literals: one boundary a test."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from skewless import FeatureError, ServingPlan
from tests.helpers.plans import NOON, TYPES, document_of, plan_of, table_of

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
COUNT = {"function": "count", "window": "1d"}


def event(at: datetime, v: Any = 1.0, **others: Any) -> dict[str, Any]:
    return {"seen_at": at, "v": v, **others}


def result(events: list[dict[str, Any]], at: datetime = NOON, spec: Any = COUNT, **table: Any) -> Any:
    plan = plan_of(table_of(columns=[], aggregations=[{"name": "a", **spec}], **table))
    return plan.compute({"user": 1}, events={"clicks": events}, at=at)["clicks__a"]


def counted(moments: list[datetime], at: datetime = NOON, **spec: Any) -> Any:
    return result([event(moment) for moment in moments], at, {**COUNT, **spec})


def day(length: int = 1, zone: str = "America/New_York") -> dict[str, object]:
    return {"calendar": "day", "length": length, "timezone": zone}


def test_w1_a_rolling_window_begins_with_its_start_and_ends_before_t() -> None:
    assert counted([NOON - DAY]) == 1
    assert counted([NOON - DAY - TICK]) == 0
    assert counted([NOON - TICK]) == 1
    assert counted([NOON]) == 0


def test_w1_an_event_that_is_not_yet_available_is_invisible() -> None:
    def at(landed: datetime, **table: Any) -> Any:
        return result([event(NOON - HOUR, landed_at=landed)], available_at="landed_at", **table)

    assert at(NOON) == 1
    assert at(NOON + TICK) == 0
    assert at(NOON, strict=True) == 0
    assert at(NOON - TICK, strict=True) == 1
    assert at(NOON - HOUR, delay="1h") == 1
    assert at(NOON - HOUR + TICK, delay="1h") == 0


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        (datetime(2024, 3, 10, 5, tzinfo=timezone.utc), 23),
        (datetime(2024, 11, 3, 4, tzinfo=timezone.utc), 25),
    ],
)
def test_w2_a_calendar_day_has_23_or_25_hours_where_the_clocks_change(start: datetime, hours: int) -> None:
    last = start + hours * HOUR - TICK
    assert counted([start - TICK, start, last - TICK, last], last, window=day()) == 2
    assert counted([start, last], start + hours * HOUR, window=day()) == 0


def test_w3_an_offset_moves_the_window_back_and_visibility_stays_at_t() -> None:
    assert counted([NOON - HOUR, NOON - HOUR - TICK, NOON - DAY - HOUR], offset="1h") == 2
    yesterday = datetime(2024, 6, 30, 4, tzinfo=timezone.utc)
    moments = [yesterday - TICK, yesterday, yesterday + DAY - TICK, yesterday + DAY]
    assert counted(moments, window=day(), offset=1) == 2
    late = [event(NOON - DAY, landed_at=NOON - TICK)]
    assert result(late, spec={**COUNT, "window": "2d", "offset": "1h"}, available_at="landed_at") == 1


def test_w4_every_visible_row_is_an_event_duplicates_and_corrections_too() -> None:
    same = event(NOON - HOUR, landed_at=NOON - HOUR)
    corrected = event(NOON - HOUR, 2.0, landed_at=NOON)
    assert result([same, same, corrected], available_at="landed_at") == 3
    last = {"function": "last", "column": "v", "window": "1d"}
    assert result([same, same, corrected], spec=last, available_at="landed_at") == 2.0


@pytest.mark.parametrize(
    ("function", "wanted"),
    [("count", 0), ("count_distinct", 0), ("last_n", []), ("sum", None), ("max", None)],
)
def test_w4_an_empty_window(function: str, wanted: Any) -> None:
    spec = {"function": function, "column": "v", "window": "1d", **({"n": 2} if function == "last_n" else {})}
    assert result([event(NOON - 2 * DAY)], spec=spec) == wanted


def test_w5_an_event_takes_part_where_the_predicate_is_true() -> None:
    events = [event(NOON - HOUR, v, n=n) for v, n in ((1.0, 1), (float("nan"), None), (None, 2), (0.5, 3))]
    assert result(events, spec={**COUNT, "where": "v > 0.5 AND n IS NOT NULL"}) == 1
    assert result(events, spec={**COUNT, "where": "v > 0.5"}) == 2
    assert result(events, spec={**COUNT, "where": "NOT v > 0.5"}) == 1


def test_w5_an_int_in_a_double_column_counts_as_a_double() -> None:
    events = [event(NOON - HOUR, 2**53 + 1)]
    assert result(events, spec={**COUNT, "where": "v = 9007199254740992"}) == 1
    with pytest.raises(FeatureError, match=r"compares double with string"):
        result(events, spec={**COUNT, "where": "v = 'a'"})


def test_w6_sums_of_integers_are_exact_and_doubles_are_added_in_order() -> None:
    total = {"function": "sum", "column": "v", "window": "1d"}
    whole = [event(NOON - HOUR, v) for v in (2**62, 2**62 - 1, 1, -1)]
    assert result(whole, spec=total, types={**TYPES, "v": "bigint"}) == 2**63 - 1
    moments = [event(NOON - (4 - place) * HOUR, v) for place, v in enumerate((1e16, 1.0, 1.0, -1e16))]
    assert result(moments, spec=total) == result(moments[::-1], spec=total) == 0.0


@pytest.mark.parametrize(
    ("unit", "zone"), [("month", "America/New_York"), ("day", "Asia/Tokyo"), ("week", "Asia/Amman")]
)
def test_a_plan_with_a_calendar_of_another_zone_over_dates_of_no_declared_zone_is_refused_when_it_is_read(
    unit: str, zone: str
) -> None:
    window = {"calendar": unit, "length": 1, "timezone": zone}
    dates: dict[str, Any] = {"types": {**TYPES, "seen_at": "date"}}
    with pytest.raises(FeatureError) as refused:
        result([], spec={**COUNT, "window": window}, **dates)
    assert str(refused.value) == (
        f"feature table 'clicks': aggregation 'a': its window is a calendar {unit} of {zone}, and event timestamps "
        "(column 'seen_at') are dates, midnight UTC unless a zone is declared; "
        f"declare timezone: {zone}, or UTC where that is meant"
    )
    assert result([], spec={**COUNT, "window": window}, timezone=zone, **dates) == 0
    assert result([], spec={**COUNT, "window": {**window, "timezone": "UTC"}}, **dates) == 0


def test_a_plan_that_was_exported_before_and_takes_such_dates_is_refused_when_it_is_loaded() -> None:
    window = {"calendar": "month", "length": 1, "timezone": "America/New_York"}
    dates: dict[str, Any] = {"types": {**TYPES, "seen_at": "date"}, "timezone": "America/New_York"}
    table = table_of(columns=[], aggregations=[{**COUNT, "name": "a", "window": window}], **dates)
    document = document_of(table)
    document["feature_tables"][0]["timezone"] = None
    with pytest.raises(
        FeatureError, match=r"aggregation 'a': its window is a calendar month of America/New_York"
    ):
        ServingPlan.from_document(document)
