"""The rules of window aggregations on the serving side, by literals: the functions (W4 to W6)."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from skewless import FeatureError, windows

UTC = timezone.utc
NOON = datetime(2024, 7, 8, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEW_YORK = ZoneInfo("America/New_York")


def event(at: datetime | date | None, v: Any = 1, **others: Any) -> dict[str, Any]:
    return {"event_timestamp": at, "v": v, **others}


def values(*found: Any) -> list[dict[str, Any]]:
    """Events with these values, an hour apart, the last an hour before noon."""
    return [event(NOON - (len(found) - place) * HOUR, v) for place, v in enumerate(found)]


def problem(*args: Any, function: Any = windows.count, **options: Any) -> str:
    with pytest.raises(FeatureError) as caught:
        function(*args, **options)
    return str(caught.value)


def test_w4_duplicates_and_corrections_count_each() -> None:
    events = [event(NOON - HOUR), event(NOON - HOUR)]
    assert windows.count(events, window="7d", at=NOON) == 2
    assert windows.sum(events, window="7d", at=NOON, column="v") == 2


def test_w4_nulls_are_skipped() -> None:
    events = values(None, 3, None, 5, None)
    assert windows.count(events, window="7d", at=NOON) == 5
    assert windows.count(events, window="7d", at=NOON, column="v") == 2
    assert windows.sum(events, window="7d", at=NOON, column="v") == 8
    assert windows.mean(events, window="7d", at=NOON, column="v") == 4.0
    assert windows.first(events, window="7d", at=NOON, column="v") == 3
    assert windows.last(events, window="7d", at=NOON, column="v") == 5
    assert windows.last_n(events, window="7d", at=NOON, column="v", n=9) == [5, 3]
    assert windows.time_since_last(events, window="7d", at=NOON) == 3600.0
    assert windows.time_since_last(events, window="7d", at=NOON, column="v") == 7200.0


def test_w4_an_empty_window_is_0_or_an_empty_list_or_null() -> None:
    empty: dict[str, Any] = {"window": "7d", "at": NOON, "column": "v"}
    assert [windows.count([], **empty), windows.count_distinct([], **empty)] == [0, 0]
    assert windows.last_n([], **empty, n=1) == []
    for function in (windows.sum, windows.mean, windows.min, windows.max, windows.stddev, windows.first):
        assert function([], **empty) is None
    assert windows.last([], **empty) is windows.percentile([], **empty, p=1) is None
    assert windows.time_since_last([], **empty) is None


def test_w4_ties_are_settled_by_availability_and_then_by_value() -> None:
    tied = NOON - HOUR
    events = [
        event(tied, 9, landed=tied),
        event(tied, 1, landed=tied + TICK),
        event(tied, 2, landed=tied + TICK),
    ]
    options: dict[str, Any] = {"window": "7d", "at": NOON, "column": "v", "available_at": "landed"}
    assert windows.first(events, **options) == 9
    assert windows.last(events, **options) == 2
    assert windows.last_n(events, **options, n=2) == [2, 1]
    assert windows.last_n(events[::-1], **options, n=3) == [2, 1, 9]


def test_w4_tied_doubles_have_nan_last_and_negative_zero_before_zero() -> None:
    options: dict[str, Any] = {"window": "7d", "at": NOON, "column": "v"}
    tied = [event(NOON - HOUR, v) for v in (math.nan, 0.0, -0.0, 5.0)]
    for events in (tied, tied[::-1]):
        assert repr(windows.last_n(events, **options, n=4)) == "[nan, 5.0, 0.0, -0.0]"
        assert repr(windows.first(events, **options)) == "-0.0"
        assert repr(windows.last(events, **options)) == "nan"


def test_w4_nan_is_greatest_and_one_value_and_negative_zero_is_less_than_zero() -> None:
    events = values(math.nan, 0.0, -0.0, -math.nan, math.inf)
    options: dict[str, Any] = {"window": "7d", "at": NOON, "column": "v"}
    assert math.isnan(windows.max(events, **options))
    assert math.copysign(1, windows.min(events, **options)) == -1.0
    assert windows.count_distinct(events, **options) == 3
    assert windows.percentile(events, **options, p=0.6) == math.inf


def test_w4_percentile_is_the_exact_nearest_rank_of_p_as_written() -> None:
    events = values(*range(1, 11))
    found = [
        windows.percentile(events, window="7d", at=NOON, column="v", p=p)
        for p in (0, 0.1, 0.11, "0.5", 0.7, 1)
    ]
    assert found == [1, 1, 2, 5, 7, 10]


def test_w4_stddev_is_that_of_a_sample() -> None:
    options: dict[str, Any] = {"window": "7d", "at": NOON, "column": "v"}
    assert windows.stddev(values(1, 2, 3, 4), **options) == pytest.approx(1.2909944487358056, rel=1e-15)
    assert windows.stddev(values(5.0), **options) is None
    assert windows.stddev(values(1e9 + 1, 1e9 + 2, 1e9 + 3), **options) == 1.0
    assert windows.stddev(values(2**62, 2**62 + 2), **options) == math.sqrt(2)
    assert windows.stddev(values(Decimal("0.1"), Decimal("0.10")), **options) == 0.0


def test_w4_a_mean_is_a_double() -> None:
    options: dict[str, Any] = {"window": "7d", "at": NOON, "column": "v"}
    assert windows.mean(values(2**62, 2**62, 2**62), **options) == 2.0**62
    assert windows.mean(values(Decimal("0.1"), Decimal("0.3")), **options) == 0.2


def test_w4_text_is_ordered_by_bytes() -> None:
    events = values("\U0001f600", "\uffff", "Z", "a")
    assert windows.max(events, window="7d", at=NOON, column="v") == "\U0001f600"
    assert windows.min(events, window="7d", at=NOON, column="v") == "Z"


def test_w4_instants_come_back_in_utc() -> None:
    moment = datetime(2024, 7, 1, 8, tzinfo=NEW_YORK)
    found = windows.last(values(moment), window="7d", at=NOON, column="v")
    assert (found, found.tzinfo) == (datetime(2024, 7, 1, 12, tzinfo=UTC), UTC)


def test_w5_only_events_for_which_where_is_true_take_part() -> None:
    events = values(None, 1, 2, 3)
    assert windows.count(events, window="7d", at=NOON, where="v > 1") == 2
    assert windows.count(events, window="7d", at=NOON, where="NOT v > 1") == 1
    assert windows.sum(events, window="7d", at=NOON, column="v", where="v BETWEEN 2 AND 9") == 5


def test_w6_sums_of_integers_and_decimals_are_exact() -> None:
    options: dict[str, Any] = {"window": "7d", "at": NOON, "column": "v"}
    assert windows.sum(values(2**53, 1, 1), **options) == 2**53 + 2
    assert windows.sum(values(2**62, 2**62, -(2**62)), **options) == 2**62
    long = Decimal("9999999999999999999999999999.99")
    assert windows.sum(values(long, Decimal("0.01"), long), **options) == Decimal(
        "19999999999999999999999999999.99"
    )


def test_w4_an_overflow_names_the_aggregation() -> None:
    spec = {"name": "spent", "function": "sum", "column": "v", "window": "7d"}
    aggregation = windows.Aggregation.from_spec(spec)
    with pytest.raises(FeatureError) as caught:
        windows.evaluate(aggregation, values(2**62, 2**62), NOON)
    assert str(caught.value) == "aggregation 'spent': the sum 9223372036854775808 does not fit in 64 bits"
    long = Decimal("9" * 38)
    assert problem(values(long, Decimal(1)), function=windows.sum, window="7d", at=NOON, column="v") == (
        "aggregation 'sum': the sum 1" + "0" * 38 + " does not fit in a decimal of 38 digits"
    )
    assert windows.sum(values(long), window="7d", at=NOON, column="v") == long


def test_w6_doubles_are_added_in_order_whatever_the_order_of_the_list() -> None:
    events = values(1e16, 1.0, 1.0, -1e16)
    options: dict[str, Any] = {"window": "7d", "at": NOON, "column": "v"}
    assert windows.sum(events, **options) == windows.sum(events[::-1], **options) == 0.0
    tied = [event(NOON - HOUR, v) for v in (1.0, 1e16, 1.0, -1e16)]
    assert windows.sum(tied, **options) == windows.sum(tied[::-1], **options) == 2.0 - 2.0


def test_w6_nan_and_infinities_stay_what_ieee_says() -> None:
    options: dict[str, Any] = {"window": "7d", "at": NOON, "column": "v"}
    assert windows.sum(values(1.0, math.inf), **options) == math.inf
    assert math.isnan(windows.sum(values(-math.inf, math.inf), **options))
    assert math.isnan(windows.mean(values(1.0, math.nan), **options) or 0.0)
    assert windows.sum(values(1.7e308, 1.7e308), **options) == math.inf
    assert math.isnan(windows.stddev(values(1.0, math.inf), **options) or 0.0)


def test_values_of_the_wrong_type_are_refused() -> None:
    options: dict[str, Any] = {"window": "7d", "at": NOON, "column": "v"}
    assert problem(values("a"), function=windows.sum, **options) == (
        "aggregation 'sum': column 'v': expected int, float or Decimal, found str"
    )
    assert problem(values(1, "a"), function=windows.last, **options) == (
        "aggregation 'last': column 'v': expected values of one type, found int and str"
    )
    assert problem(values(2**63), function=windows.sum, **options).endswith("does not fit in 64 bits")
    assert problem(values([1]), function=windows.count_distinct, **options).endswith("found list")
    assert windows.count(values([1]), **options) == 1
    assert windows.sum(values(1, 0.5), **options) == 1.5


def test_an_evaluator_answers_all_aggregations_and_knows_the_types() -> None:
    specs = [
        {"name": "clicks", "function": "count", "window": "7d"},
        {"name": "spent", "function": "sum", "column": "v", "window": "1d"},
    ]
    aggregations = [windows.Aggregation.from_spec(spec) for spec in specs]
    evaluate = windows.evaluator(aggregations, windows.Visibility(), types={"v": "double"})
    found = evaluate(iter(values(1, 2)), NOON)
    assert (found, type(found["spent"])) == ({"clicks": 2, "spent": 3.0}, float)
    assert evaluate([], None) == {"clicks": None, "spent": None}
