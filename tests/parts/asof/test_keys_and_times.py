"""J8 and J9: which keys are equal, and which instant a written time is."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless.parts.asof import JoinSide
from tests.helpers.frames import at, frame, values_at, winners

TICK = timedelta(microseconds=1)


def test_j8_entities_1_12_and_11_2_are_two(spark: SparkSession) -> None:
    rows = frame(
        spark,
        "j int, k int, at timestamp, v string",
        [(1, 12, at("09:00"), "one"), (11, 2, at("09:00"), "eleven")],
    )
    labels = frame(
        spark, "j int, k int, t timestamp", [(11, 2, at("10:00")), (1, 12, at("10:00")), (1, 2, at("10:00"))]
    )
    side = JoinSide("r", rows, (("j", "j"), ("k", "k")), ("v",), event_timestamp="at")
    found = {
        row["label"]["j"] * 100 + row["label"]["k"]: row["r"] for row in winners(labels, [side], ["j", "k"])
    }
    assert found == {1102: {"v": "eleven"}, 112: {"v": "one"}, 102: None}


def test_j8_integers_of_different_widths_match(spark: SparkSession) -> None:
    rows = frame(spark, "k tinyint, at timestamp, v string", [(-1, at("09:00"), "minus one")])
    labels = frame(spark, "k bigint, t timestamp", [(-1, at("10:00")), (255, at("10:00"))])
    side = JoinSide("r", rows, (("k", "k"),), ("v",), event_timestamp="at")
    assert {row["label"]["k"]: row["r"] for row in winners(labels, [side], ["k"])} == {
        -1: {"v": "minus one"},
        255: None,
    }


@pytest.mark.parametrize("keys", [(("x", "here"), ("y", "there")), (("y", "there"), ("x", "here"))])
def test_j8_each_table_key_meets_its_own_label_column(
    spark: SparkSession, keys: tuple[tuple[str, str], ...]
) -> None:
    rows = frame(
        spark,
        "x string, y string, at timestamp, v int",
        [("p", "q", at("09:00"), 1), ("q", "p", at("09:00"), 2)],
    )
    labels = frame(spark, "here string, there string, t timestamp", [("p", "q", at("10:00"))])
    side = JoinSide("r", rows, keys, ("v",), event_timestamp="at")
    assert [row["r"] for row in winners(labels, [side], ["here", "there"])] == [{"v": 1}]


def test_j8_two_table_keys_may_meet_one_label_column(spark: SparkSession) -> None:
    rows = frame(
        spark,
        "x string, y string, at timestamp, v int",
        [("p", "p", at("08:00"), 1), ("q", "p", at("09:00"), 2)],
    )
    labels = frame(spark, "here string, t timestamp", [("p", at("10:00"))])
    side = JoinSide("r", rows, (("x", "here"), ("y", "here")), ("v",), event_timestamp="at")
    assert [row["r"] for row in winners(labels, [side], ["here"])] == [{"v": 1}]


def test_j8_one_table_joins_twice_by_different_label_columns(spark: SparkSession) -> None:
    rows = frame(
        spark, "k string, at timestamp, v string", [("p", at("09:00"), "of p"), ("q", at("09:00"), "of q")]
    )
    labels = frame(
        spark, "here string, there string, t timestamp", [("p", "q", at("10:00")), ("p", None, at("10:00"))]
    )
    sides = [JoinSide(name, rows, (("k", name),), ("v",), event_timestamp="at") for name in ("here", "there")]
    joined = winners(labels, sides, ["here"])
    assert {row["label"]["there"]: (row["here"], row["there"]) for row in joined} == {
        "q": ({"v": "of p"}, {"v": "of q"}),
        None: ({"v": "of p"}, None),
    }


def local_rows(spark: SparkSession, *times: datetime | date) -> DataFrame:
    kind = "timestamp_ntz" if isinstance(times[0], datetime) else "date"
    return frame(
        spark, f"k string, at {kind}, v int", [("a", moment, place) for place, moment in enumerate(times)]
    )


def test_j9_a_local_time_in_the_autumn_fold_is_the_earlier_instant(spark: SparkSession) -> None:
    rows = local_rows(spark, datetime(2024, 11, 3, 1, 30))
    times = (at("05:30", "2024-11-03") - TICK, at("05:30", "2024-11-03"))
    assert values_at(rows, *times, timezone="America/New_York") == ["absent", 0]


def test_j9_a_local_time_in_the_spring_gap_is_the_later_wall_time(spark: SparkSession) -> None:
    rows = local_rows(spark, datetime(2024, 3, 10, 2, 30))
    times = (at("07:30", "2024-03-10") - TICK, at("07:30", "2024-03-10"))
    assert values_at(rows, *times, timezone="America/New_York") == ["absent", 0]


def test_j9_a_date_is_midnight_of_the_zone_or_else_of_utc(spark: SparkSession) -> None:
    rows = local_rows(spark, date(2024, 7, 1))
    assert values_at(rows, at("00:00") - TICK, at("00:00")) == ["absent", 0]
    assert values_at(rows, at("04:00") - TICK, at("04:00"), timezone="America/New_York") == ["absent", 0]


def test_j9_a_midnight_that_the_clocks_skip_is_the_first_moment_of_the_day(spark: SparkSession) -> None:
    rows = local_rows(spark, date(2018, 11, 4))
    times = (at("03:00", "2018-11-04") - TICK, at("03:00", "2018-11-04"))
    assert values_at(rows, *times, timezone="America/Sao_Paulo") == ["absent", 0]


def test_j9_local_times_are_exact_to_the_microsecond(spark: SparkSession) -> None:
    rows = local_rows(spark, datetime(2024, 7, 1, 6, 0, 59, 999999))
    times = (at("10:00:59.999998"), at("10:00:59.999999"))
    assert values_at(rows, *times, timezone="America/New_York") == ["absent", 0]
