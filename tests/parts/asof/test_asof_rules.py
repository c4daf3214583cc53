"""J1 to J7, each boundary by literals; 8 and 9 are in `test_keys_and_times`."""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import SparkSession

from skewless.parts.asof import JoinSide
from tests.helpers.frames import at, frame, values_at, winners

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
PLAIN = "k string, at timestamp, v string"
CORRECTED = "k string, at timestamp, seen timestamp, v string"


def test_j1_duplicates_null_keys_and_null_times_stay_and_the_latter_see_nothing(
    spark: SparkSession,
) -> None:
    labels = [
        ("a", at("10:00"), 7),
        ("a", at("10:00"), 7),
        (None, at("10:00"), 8),
        ("a", None, 9),
        (None, None, 9),
    ]
    rows = frame(
        spark, PLAIN, [("a", at("09:00"), "past"), (None, at("09:00"), "nobody"), ("a", None, "never")]
    )
    event = JoinSide("r", rows, (("k", "k"),), ("v",), event_timestamp="at")
    static = JoinSide("s", rows.where("v = 'past'"), (("k", "k"),), ("v",))
    world = JoinSide("w", rows.where("v = 'past'"), (), ("v",), event_timestamp="at")
    joined = winners(frame(spark, "k string, t timestamp, y int", labels), [event, static, world], ["k"])
    past = {"v": "past"}
    answers = [(*row["label"].values(), row["r"], row["s"], row["w"]) for row in joined]
    assert sorted(answers, key=str) == sorted(
        [
            ("a", at("10:00"), 7, past, past, past),
            ("a", at("10:00"), 7, past, past, past),
            (None, at("10:00"), 8, None, None, past),
            ("a", None, 9, None, None, None),
            (None, None, 9, None, None, None),
        ],
        key=str,
    )


def test_j1_a_null_in_one_of_two_keys_is_no_entity(spark: SparkSession) -> None:
    labels = frame(spark, "k string, n int, t timestamp", [("a", None, at("10:00")), (None, 1, at("10:00"))])
    rows = frame(
        spark,
        "k string, n int, at timestamp, v int",
        [("a", None, at("09:00"), 1), (None, 1, at("09:00"), 2)],
    )
    side = JoinSide("r", rows, (("k", "k"), ("n", "n")), ("v",), event_timestamp="at")
    assert [row["r"] for row in winners(labels, [side], ["k", "n"])] == [None, None]


def test_j1_label_events_without_tables_are_the_spine(spark: SparkSession) -> None:
    labels = frame(spark, "k string, t timestamp", [("a", at("10:00")), (None, None)])
    assert {row["label"]["k"] for row in winners(labels, [], ["k"])} == {"a", None}


def test_j2_an_event_at_t_is_visible_and_strict_hides_it(spark: SparkSession) -> None:
    rows = frame(spark, PLAIN, [("a", at("10:00"), "at ten")])
    times = (at("10:00") - TICK, at("10:00"), at("10:00") + TICK)
    assert values_at(rows, *times) == ["absent", "at ten", "at ten"]
    assert values_at(rows, *times, strict=True) == ["absent", "absent", "at ten"]


def test_j2_an_availability_at_t_is_visible_and_strict_hides_it(spark: SparkSession) -> None:
    rows = frame(spark, CORRECTED, [("a", at("09:00"), at("10:00"), "seen at ten")])
    times = (at("10:00") - TICK, at("10:00"), at("10:00") + TICK)
    assert values_at(rows, *times, available_at="seen") == ["absent", "seen at ten", "seen at ten"]
    assert values_at(rows, *times, available_at="seen", strict=True) == ["absent", "absent", "seen at ten"]


def test_j2_a_row_available_before_its_event_waits_for_its_event(spark: SparkSession) -> None:
    rows = frame(spark, CORRECTED, [("a", at("10:00"), at("08:00"), "forecast")])
    assert values_at(rows, at("09:00"), at("10:00"), available_at="seen") == ["absent", "forecast"]


def test_j2_delay_is_added_to_available_at_or_else_to_the_event(spark: SparkSession) -> None:
    rows = frame(spark, CORRECTED, [("a", at("09:00"), at("10:00"), "v")])
    by_availability = values_at(rows, at("11:00") - TICK, at("11:00"), available_at="seen", delay=HOUR)
    by_event = values_at(rows, at("10:00") - TICK, at("10:00"), delay=HOUR)
    assert by_availability == by_event == ["absent", "v"]


def test_j3_max_age_is_inclusive(spark: SparkSession) -> None:
    rows = frame(spark, PLAIN, [("a", at("10:00"), "fresh")])
    times = (at("11:00"), at("11:00") + TICK)
    assert values_at(rows, *times, max_age=HOUR) == ["fresh", "absent"]
    assert values_at(rows, at("10:00"), at("10:00") + TICK, max_age=timedelta(0)) == ["fresh", "absent"]


def test_j3_valid_until_is_exclusive_and_null_is_no_end(spark: SparkSession) -> None:
    schema = "k string, at timestamp, ends timestamp, v string"
    ending = frame(spark, schema, [("a", at("10:00"), at("11:00"), "valid")])
    endless = frame(spark, schema, [("a", at("10:00"), None, "valid")])
    times = (at("11:00") - TICK, at("11:00"), at("23:00"))
    assert values_at(ending, *times, valid_until="ends") == ["valid", "absent", "absent"]
    assert values_at(endless, *times, valid_until="ends") == ["valid", "valid", "valid"]


def test_j3_no_older_row_takes_the_place_of_a_winner_that_fails(spark: SparkSession) -> None:
    schema = "k string, at timestamp, ends timestamp, v string"
    rows = frame(spark, schema, [("a", at("09:00"), None, "older"), ("a", at("10:00"), at("10:30"), "over")])
    times = (at("10:29"), at("10:30"), at("12:00"))
    assert values_at(rows, *times, valid_until="ends") == ["over", "absent", "absent"]


def test_j3_max_age_counts_from_the_event_and_not_from_the_availability(spark: SparkSession) -> None:
    rows = frame(spark, CORRECTED, [("a", at("09:00"), at("10:30"), "late")])
    assert values_at(rows, at("10:30"), available_at="seen", max_age=HOUR) == ["absent"]


def test_j4_of_equal_events_the_greatest_available_wins(spark: SparkSession) -> None:
    rows = [("a", at("09:00"), at("09:30"), "second"), ("a", at("09:00"), at("09:10"), "zz first")]
    assert values_at(frame(spark, CORRECTED, rows), at("10:00"), available_at="seen") == ["second"]
    assert values_at(frame(spark, CORRECTED, rows[::-1]), at("10:00"), available_at="seen") == ["second"]


def test_j4_then_the_selected_columns_decide_in_their_declared_order(spark: SparkSession) -> None:
    rows = frame(
        spark, "k string, at timestamp, v int, w int", [("a", at("09:00"), 1, 9), ("a", at("09:00"), 2, 8)]
    )
    assert values_at(rows, at("10:00"), columns=("v", "w")) == [2]
    assert values_at(rows, at("10:00"), columns=("w", "v")) == [1]


def test_j4_then_valid_until_decides_and_null_is_the_greatest(spark: SparkSession) -> None:
    schema = "k string, at timestamp, ends timestamp, v string"
    early, late, never = [("a", at("09:00"), ends, "v") for ends in (at("10:00"), at("11:00"), None)]
    times = (at("10:00"), at("11:00"))
    two_ends = frame(spark, schema, [late, early])
    without_end = frame(spark, schema, [never, late, early])
    assert values_at(two_ends, *times, valid_until="ends") == ["v", "absent"]
    assert values_at(without_end, *times, valid_until="ends") == ["v", "v"]


def test_j4_two_label_events_and_two_tied_rows_stay_two(spark: SparkSession) -> None:
    rows = frame(spark, PLAIN, [("a", at("09:00"), "x"), ("a", at("09:00"), "y"), ("a", at("09:00"), "y")])
    assert values_at(rows, at("10:00"), at("10:00")) == ["y", "y"]


def test_j4_rows_of_a_static_table_are_settled_by_their_columns(spark: SparkSession) -> None:
    rows = frame(spark, "k string, v string", [("a", "Z"), ("a", "z"), ("a", None)])
    assert values_at(rows, at("10:00", "1700-01-01"), at("10:00"), None, event_timestamp=None) == [
        "z",
        "z",
        "absent",
    ]


def test_j5_rows_with_a_null_time_or_key_match_nothing(spark: SparkSession) -> None:
    rows = frame(
        spark,
        CORRECTED,
        [
            ("a", None, at("09:00"), "no event"),
            ("a", at("09:00"), None, "no availability"),
            (None, at("09:00"), at("09:00"), "no key"),
        ],
    )
    assert values_at(rows, at("10:00"), available_at="seen") == ["absent"]
    assert values_at(rows, at("10:00")) == ["no availability"]


def test_j6_a_late_row_is_invisible_until_it_arrives(spark: SparkSession) -> None:
    rows = [("a", at("08:00"), at("08:00"), "older"), ("a", at("09:00"), at("11:00"), "late")]
    times = (at("10:00"), at("11:00") - TICK, at("11:00"))
    assert values_at(frame(spark, CORRECTED, rows), *times, available_at="seen") == ["older", "older", "late"]


def test_j6_a_late_row_does_not_displace_a_newer_event_when_it_arrives(spark: SparkSession) -> None:
    rows = [("a", at("09:00"), at("11:00"), "late"), ("a", at("10:00"), at("10:00"), "newer")]
    assert values_at(frame(spark, CORRECTED, rows), at("12:00"), available_at="seen") == ["newer"]


def test_j6_a_correction_replaces_its_row_from_its_own_availability_on(spark: SparkSession) -> None:
    rows = [("a", at("09:00"), at("09:10"), "wrong"), ("a", at("09:00"), at("10:00"), "corrected")]
    times = (at("09:10"), at("10:00") - TICK, at("10:00"))
    answers = values_at(frame(spark, CORRECTED, rows), *times, available_at="seen")
    assert answers == ["wrong", "wrong", "corrected"]


def test_j7_a_null_in_the_winning_row_is_the_value(spark: SparkSession) -> None:
    rows = frame(
        spark,
        "k string, at timestamp, v string, w int",
        [("a", at("08:00"), "old", 1), ("a", at("09:00"), None, None)],
    )
    assert values_at(rows, at("08:30"), at("10:00"), columns=("v", "w")) == ["old", None]
