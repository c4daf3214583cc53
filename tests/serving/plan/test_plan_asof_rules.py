"""The rules of the as-of join on the serving side, by literals: one boundary a test."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from skewless import FeatureError, ServingPlan
from tests.helpers.plans import LABELS, NOON, TYPES, labels_of, plan_of, table_of

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
ALICE = {"user": 1}


def row(age: timedelta = HOUR, v: Any = 1.0, **others: Any) -> dict[str, Any]:
    return {"seen_at": NOON - age, "v": v, **others}


def value(plan: ServingPlan, *rows: dict[str, Any], at: datetime | None = NOON) -> Any:
    return plan.compute(ALICE, rows={"clicks": list(rows)}, at=at)["clicks__v"]


def problem(*args: Any, **options: Any) -> str:
    with pytest.raises(FeatureError) as caught:
        args[0].compute(*args[1:], **options)
    return str(caught.value)


def test_j1_a_null_key_or_a_null_t_makes_every_joined_value_null() -> None:
    static = table_of(name="plan", static=True)
    counted = table_of(
        name="sums", columns=[], aggregations=[{"name": "n", "function": "count", "window": "1d"}]
    )
    plan = plan_of(table_of(), static, counted)
    rows, events = {"clicks": row(), "plan": {"v": 2.0}}, {"sums": [row()]}
    assert plan.compute(ALICE, rows=rows, events=events, at=NOON) == {
        "clicks__v": 1.0,
        "plan__v": 2.0,
        "sums__n": 1,
    }
    nothing = {"clicks__v": None, "plan__v": None, "sums__n": None}
    assert plan.compute({"user": None}, rows=rows, events=events, at=NOON) == nothing
    assert plan.compute({"user": None}, at=NOON) == nothing
    assert plan.compute(ALICE, at=None) == nothing


def test_j1_functions_follow_their_own_null_rule() -> None:
    def doubled(clicks__v: float) -> float:
        return clicks__v * 2

    def is_known(clicks__v: float | None) -> bool:
        return clicks__v is not None

    def hour(event_timestamp: datetime | None) -> int:
        return -1 if event_timestamp is None else event_timestamp.hour

    plan = plan_of(table_of(), functions=[doubled, is_known, hour])
    assert plan.compute(ALICE, at=None) == {"clicks__v": None, "doubled": None, "is_known": False, "hour": -1}


def test_j2_a_row_at_t_is_visible_and_one_after_is_not() -> None:
    plan = plan_of(table_of())
    assert value(plan, row(timedelta(0))) == 1.0
    assert value(plan, row(-TICK)) is None


def test_j2_strict_sees_rows_before_t_alone() -> None:
    plan = plan_of(table_of(strict=True, available_at="landed_at"))
    assert value(plan, row(TICK, landed_at=NOON - TICK)) == 1.0
    assert value(plan, row(TICK, landed_at=NOON)) is None
    assert value(plan, row(timedelta(0), landed_at=NOON - HOUR)) is None


def test_j2_the_delay_is_added_to_availability_or_else_to_the_event_timestamp() -> None:
    plain, landed = plan_of(table_of(delay="10m")), plan_of(table_of(delay="10m", available_at="landed_at"))
    ten = timedelta(minutes=10)
    assert value(plain, row(ten)) == 1.0
    assert value(plain, row(ten - TICK)) is None
    assert value(landed, row(HOUR, landed_at=NOON - ten)) == 1.0
    assert value(landed, row(HOUR, landed_at=NOON - ten + TICK)) is None


def test_j3_an_age_equal_to_max_age_is_fresh() -> None:
    plan = plan_of(table_of(max_age="1h"))
    assert value(plan, row(HOUR)) == 1.0
    assert value(plan, row(HOUR + TICK)) is None


def test_j3_at_valid_until_the_row_is_over_and_no_older_row_takes_its_place() -> None:
    plan = plan_of(table_of(valid_until="ends_at"))
    older = row(2 * HOUR, 2.0, ends_at=None)
    assert value(plan, row(ends_at=NOON + TICK), older) == 1.0
    assert value(plan, row(ends_at=NOON), older) is None
    assert value(plan, row(ends_at=None), older) == 1.0


@pytest.mark.parametrize(
    ("lesser", "greater"),
    [
        (None, -math.inf),
        (-0.0, 0.0),
        (math.inf, math.nan),
        (1.0, 1.5),
        (None, math.nan),
    ],
)
def test_j4_the_greatest_row_settles_a_tie(lesser: Any, greater: Any) -> None:
    plan = plan_of(table_of())
    for rows in ((lesser, greater), (greater, lesser)):
        assert repr(value(plan, *(row(v=v) for v in rows))) == repr(greater)


@pytest.mark.parametrize(
    ("kind", "lesser", "greater"),
    [
        ("string", "Z", "a"),
        ("string", "\uffff", "\U0001f600"),
        ("binary", b"\x7f", b"\x80"),
        ("boolean", False, True),
        ("bigint", -(2**63), 2**63 - 1),
        ("decimal(5,2)", Decimal("-1.00"), Decimal("0.10")),
        ("date", date(2024, 1, 1), date(2024, 1, 2)),
        ("timestamp_ntz", datetime(2024, 1, 1), datetime(2024, 1, 1, 1)),
        ("array<double>", [], [None]),
        ("array<double>", [1.0], [1.0, None]),
        ("array<double>", [-0.0], [0.0]),
        ("array<double>", [1.0, 9.0], [math.nan]),
        ("struct<b:int,a:int>", {"a": 9, "b": 1}, {"a": 1, "b": 2}),
        ("struct<b:int,a:int>", None, {"a": None, "b": None}),
        ("map<string,int>", {"b": 1, "a": 1}, {"a": 2}),
        ("map<string,int>", {"b": 1, "a": 1}, {"c": 0}),
        ("array<map<string,double>>", [{"a": -0.0}], [{"a": 0.0}]),
    ],
)
def test_j4_orders_values_of_every_type(kind: str, lesser: Any, greater: Any) -> None:
    plan = plan_of(table_of(types={**TYPES, "v": kind}))
    for rows in ((lesser, greater), (greater, lesser)):
        found = value(plan, *(row(v=v) for v in rows))
        assert repr(found) == repr(greater) or found == greater


def test_j4_availability_comes_before_the_columns_and_the_end_behind_them() -> None:
    plan = plan_of(table_of(available_at="landed_at", valid_until="ends_at", columns=["n", "v"]))

    def of(landed: timedelta, n: int, v: float, ends: datetime | None) -> dict[str, Any]:
        return row(HOUR, v, n=n, landed_at=NOON - landed, ends_at=ends)

    early, late = of(HOUR, 9, 9.0, None), of(HOUR - TICK, 1, 1.0, None)
    assert value(plan, early, late) == value(plan, late, early) == 1.0
    first, second = of(HOUR, 1, 9.0, None), of(HOUR, 2, 1.0, None)
    assert value(plan, first, second) == value(plan, second, first) == 1.0
    over, endless = of(HOUR, 1, 1.0, NOON - HOUR), of(HOUR, 1, 1.0, None)
    assert value(plan, over, endless) == value(plan, endless, over) == 1.0


def test_j4_settles_rows_of_a_static_table() -> None:
    plan = plan_of(table_of(static=True, columns=["s", "v"]))
    one, other = {"s": "b", "v": 1.0}, {"s": "a", "v": 2.0}
    for rows in ([one, other], [other, one]):
        assert plan.compute(ALICE, rows={"clicks": rows}, at=NOON) == {"clicks__s": "b", "clicks__v": 1.0}


@pytest.mark.parametrize("column", ["user", "seen_at", "landed_at"])
def test_j5_a_null_key_event_timestamp_or_availability_matches_nothing(column: str) -> None:
    plan = plan_of(table_of(available_at="landed_at"))
    whole = row(user=1, landed_at=NOON - HOUR)
    assert value(plan, whole) == 1.0
    assert value(plan, {**whole, column: None}) is None


def test_j6_a_late_row_is_invisible_and_a_correction_replaces_from_its_own_availability_on() -> None:
    plan = plan_of(table_of(available_at="landed_at"))
    first = row(2 * HOUR, 1.0, landed_at=NOON - 2 * HOUR)
    late = row(HOUR, 2.0, landed_at=NOON + TICK)
    correction = row(2 * HOUR, 3.0, landed_at=NOON)
    assert value(plan, first, late) == 1.0
    assert value(plan, first, late, at=NOON + TICK) == 2.0
    assert value(plan, first, correction) == 3.0
    assert value(plan, first, correction, at=NOON - TICK) == 1.0


def test_j7_a_null_inside_the_winning_row_stays_null() -> None:
    assert value(plan_of(table_of()), row(v=None), row(2 * HOUR, 2.0)) is None


def test_j8_a_row_of_another_entity_is_refused() -> None:
    plan = plan_of(table_of())
    assert value(plan, row(user=1)) == 1.0
    said = problem(plan, ALICE, rows={"clicks": [row(user=1), row(user=2)]}, at=NOON)
    assert said == (
        "feature table 'clicks': row 1: key 'user' is 2, but the request's 'user' is 1; "
        "give the rows of the request's entity"
    )


def test_j8_integers_of_other_widths_match_and_other_types_are_refused() -> None:
    labels = labels_of(columns={**LABELS, "user": "smallint"})
    assert value(plan_of(table_of(labels), labels=labels), row(user=1)) == 1.0
    for kind in ("string", "decimal(10,0)", "double"):
        with pytest.raises(
            FeatureError, match=re.escape(f"key 'user' is bigint but label column 'user' is {kind}")
        ):
            table_of(labels_of(columns={**LABELS, "user": kind}))
    with pytest.raises(FeatureError, match="cast one of them"):
        table_of(labels_of(columns={**LABELS, "user": "double"}), types={**TYPES, "user": "double"})


def test_j8_join_keys_name_any_label_column() -> None:
    labels = labels_of(columns={**LABELS, "friend": "bigint"})
    plan = plan_of(table_of(labels, join_keys=[("user", "friend")]), labels=labels)
    found = plan.compute({"friend": 2}, rows={"clicks": row(user=2)}, at=NOON)
    assert found == {"clicks__v": 1.0}
    assert plan.needs()["clicks"].keys == {"user": "friend"}


def test_a_table_about_the_whole_world_has_no_key() -> None:
    plan = plan_of(table_of(join_keys=[]))
    assert plan.compute({}, rows={"clicks": row()}, at=NOON) == {"clicks__v": 1.0}


NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        (datetime(2024, 7, 1, 8), datetime(2024, 7, 1, 12, tzinfo=timezone.utc)),
        (datetime(2024, 11, 3, 1, 30), datetime(2024, 11, 3, 5, 30, tzinfo=timezone.utc)),
        (datetime(2024, 11, 3, 1, 30, fold=1), datetime(2024, 11, 3, 5, 30, tzinfo=timezone.utc)),
        (datetime(2024, 3, 10, 2, 30), datetime(2024, 3, 10, 7, 30, tzinfo=timezone.utc)),
    ],
)
def test_j9_a_clock_time_is_the_earlier_instant_or_the_later_wall_time(
    wall: datetime, instant: datetime
) -> None:
    plan = plan_of(table_of(types={**TYPES, "seen_at": "timestamp_ntz"}, timezone=NEW_YORK))
    given = {"seen_at": wall, "v": 1.0}
    assert value(plan, given, at=instant) == 1.0
    assert value(plan, given, at=instant - TICK) is None


@pytest.mark.parametrize(("zone", "hour"), [(None, 0), (NEW_YORK, 4)])
def test_j9_a_date_is_midnight_of_the_zone_else_of_utc(zone: str | None, hour: int) -> None:
    plan = plan_of(table_of(types={**TYPES, "seen_at": "date"}, timezone=zone))
    midnight = datetime(2024, 7, 1, hour, tzinfo=timezone.utc)
    given = {"seen_at": date(2024, 7, 1), "v": 1.0}
    assert value(plan, given, at=midnight) == 1.0
    assert value(plan, given, at=midnight - TICK) is None


def test_j9_clock_times_need_a_declared_zone() -> None:
    with pytest.raises(
        FeatureError, match=r"'seen_at' \(event_timestamp\) is timestamp_ntz; declare timezone"
    ):
        table_of(types={**TYPES, "seen_at": "timestamp_ntz"})
    with pytest.raises(FeatureError, match="label events: time column 'predict_at'"):
        labels_of(columns={**LABELS, "predict_at": "timestamp_ntz"})


def test_j9_a_naive_instant_and_an_aware_clock_time_are_refused() -> None:
    plain = plan_of(table_of())
    naive = {"seen_at": NOON.replace(tzinfo=None), "v": 1.0}
    assert "column 'seen_at': naive datetime" in problem(plain, ALICE, rows={"clicks": naive}, at=NOON)
    clock = plan_of(table_of(types={**TYPES, "seen_at": "timestamp_ntz"}, timezone=NEW_YORK))
    assert "expected a naive datetime" in problem(clock, ALICE, rows={"clicks": row()}, at=NOON)


def test_j9_functions_see_utc_and_t_is_any_aware_datetime() -> None:
    def hour(event_timestamp: datetime, clicks__seen_at: datetime) -> str:
        return f"{event_timestamp:%H%z} {clicks__seen_at:%H%z}"

    plan = plan_of(table_of(columns=["seen_at"]), functions=[hour])
    given = {"seen_at": NOON.astimezone(ZoneInfo("Asia/Kolkata"))}
    found = plan.compute(ALICE, rows={"clicks": given}, at=NOON.astimezone(ZoneInfo(NEW_YORK)))
    assert found["hour"] == "12+0000 12+0000"
    assert found["clicks__seen_at"].tzinfo is timezone.utc
