"""Which label events a run takes: `where`, the range, maturity and the sample, and how they are counted."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import ArithmeticException
from pyspark.sql import DataFrame, SparkSession

from skewless import build_frame
from skewless.config import Labels, Sample
from skewless.ground.run.ranges import RunRange
from skewless.parts.spine import spine_of, spine_problems, take_census
from tests.helpers.frames import at, collected, frame, training_set

TICK = timedelta(microseconds=1)
LATER = RunRange(at("00:00", "2100-01-01"))


def labels(**options: Any) -> Labels:
    told = {"source": "in/memory", "entity_keys": ("k",), "event_timestamp": "t", "label_columns": ("y",)}
    return Labels(**{**told, **options})


def taken(
    events: DataFrame, spec: Labels, run_range: RunRange = LATER, sample: Sample | None = None
) -> list[int]:
    """The numbers y of the label events that the run takes."""
    return sorted(row["label"]["y"] for row in collected(spine_of(events, spec, sample, run_range)))


def events(spark: SparkSession, *times: datetime | None) -> DataFrame:
    return frame(spark, "k string, t timestamp, y int", [("a", moment, y) for y, moment in enumerate(times)])


def test_where_keeps_what_is_true_and_null_is_not_true(spark: SparkSession) -> None:
    rows = frame(
        spark,
        "k string, t timestamp, y int, fare double",
        [("a", None, 0, 5.0), ("a", None, 1, None), ("a", None, 2, -1.0)],
    )
    assert taken(rows, labels(where="fare > 0")) == [0]
    assert taken(rows, labels(where="NOT fare > 0")) == [2]


def test_a_range_is_half_open_and_holds_no_null_t(spark: SparkSession) -> None:
    rows = events(spark, at("10:00") - TICK, at("10:00"), at("11:00") - TICK, at("11:00"), None)
    as_of = LATER.as_of
    assert taken(rows, labels(), RunRange(as_of, at("10:00"), at("11:00"))) == [1, 2]
    assert taken(rows, labels(), RunRange(as_of, start=at("10:00"))) == [1, 2, 3]
    assert taken(rows, labels(), RunRange(as_of, end=at("11:00"))) == [0, 1, 2]
    assert taken(rows, labels()) == [0, 1, 2, 3, 4]


def test_label_events_after_as_of_are_left_for_a_later_run(spark: SparkSession) -> None:
    rows = events(spark, at("10:00"), at("10:00") + TICK, None)
    assert taken(rows, labels(), RunRange(at("10:00"))) == [0, 2]


def test_an_outcome_that_is_not_known_at_as_of_is_immature(spark: SparkSession) -> None:
    known = [at("12:00"), at("12:00") + TICK, None, at("12:00")]
    times = [at("10:00"), at("10:00"), at("10:00"), None]
    rows = frame(
        spark,
        "k string, t timestamp, y int, known timestamp",
        [("a", t, y, moment) for y, (t, moment) in enumerate(zip(times, known, strict=True))],
    )
    assert taken(rows, labels(label_available_at="known"), RunRange(at("12:00"))) == [0, 3]
    assert taken(rows, labels(), RunRange(at("12:00"))) == [0, 1, 2, 3]


def test_local_times_and_dates_are_cut_as_instants_of_their_zone(spark: SparkSession) -> None:
    local = frame(
        spark,
        "k string, t timestamp_ntz, y int",
        [("a", datetime(2024, 7, 1, 6), 0), ("a", datetime(2024, 7, 1, 5, 59), 1)],
    )
    days = frame(spark, "k string, t date, y int", [("a", date(2024, 7, 1), 0), ("a", date(2024, 7, 2), 1)])
    in_new_york = labels(timezone="America/New_York")
    assert taken(local, in_new_york, RunRange(LATER.as_of, start=at("10:00"))) == [0]
    assert taken(days, in_new_york, RunRange(LATER.as_of, start=at("04:00") + TICK)) == [1]
    assert taken(days, in_new_york, RunRange(LATER.as_of, end=at("04:00", "2024-07-02"))) == [0]


def test_t_is_the_instant_and_the_label_event_is_untouched(spark: SparkSession) -> None:
    local = frame(
        spark, "y int, `a.b` string, t timestamp_ntz, k string", [(1, "x", datetime(2024, 7, 1, 6), "a")]
    )
    (row,) = collected(spine_of(local, labels(timezone="America/New_York"), None, LATER))
    assert row["t"] == at("10:00")
    assert list(row["label"].items()) == [("y", 1), ("a.b", "x"), ("t", datetime(2024, 7, 1, 6)), ("k", "a")]


def many(spark: SparkSession, key_type: str) -> DataFrame:
    rows = [(number // 2, "x", None, number) for number in range(2000)]
    return frame(spark, f"k {key_type}, j string, t timestamp, y int", rows)


def test_a_sample_takes_whole_entities_the_same_ones_every_time(spark: SparkSession) -> None:
    tenth = Sample(fraction=0.1)
    drawn = taken(many(spark, "int"), labels(), sample=tenth)
    assert 120 < len(drawn) < 280
    assert {number ^ 1 for number in drawn} == set(drawn)
    assert taken(many(spark, "bigint").repartition(5), labels(), sample=tenth) == drawn
    assert taken(many(spark, "smallint"), labels(), sample=Sample(fraction=0.1, keys=("k",))) == drawn


def test_a_larger_sample_holds_the_smaller_and_the_whole_is_everything(spark: SparkSession) -> None:
    rows = many(spark, "int")
    third = taken(rows, labels(), sample=Sample(fraction=0.3))
    assert set(taken(rows, labels(), sample=Sample(fraction=0.1))) < set(third)
    assert len(taken(rows, labels(), sample=Sample(fraction=1.0))) == 2000


def test_a_sample_by_other_keys_draws_by_them_alone(spark: SparkSession) -> None:
    drawn = taken(many(spark, "int"), labels(), sample=Sample(fraction=0.5, keys=("j",)))
    assert len(drawn) in (0, 2000)


def test_a_sample_is_the_upper_bits_of_xxhash64_over_64_bit_keys(spark: SparkSession) -> None:
    rows = many(spark, "int")
    hashed = rows.selectExpr("y", "xxhash64(cast(k AS bigint), j) AS hash")
    below = [row["y"] for row in collected(hashed) if (row["hash"] % 2**64) < 0.25 * 2**64]
    assert taken(rows, labels(), sample=Sample(fraction=0.25, keys=("k", "j"))) == sorted(below)


def test_the_census_counts_each_label_event_under_the_first_reason_that_leaves_it_out(
    spark: SparkSession,
) -> None:
    ten, known = at("10:00"), at("11:00")
    rows = frame(
        spark,
        "k string, t timestamp, y int, known timestamp",
        [
            ("a", ten, 0, known),
            ("a", None, 1, known),
            ("a", at("09:00"), 2, known),
            ("a", ten, -1, known),
            ("a", ten, -1, None),
            ("a", at("13:00"), 3, known),
            ("a", at("13:00"), 4, None),
            ("a", ten, 5, None),
            ("a", ten, 6, at("13:00")),
        ],
    )
    spec = labels(where="y >= 0", label_available_at="known")
    census = take_census(rows, spec, None, RunRange(at("12:00")))
    assert census.left_out == {"where": 2, "T after --as-of": 2, "outcome not known at --as-of": 2}
    assert (census.in_range, census.taken, census.null_times) == (7, 3, 1)
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert (census.first, census.last) == ((at("09:00") - epoch) // TICK, (ten - epoch) // TICK)
    assert take_census(rows, spec, None, RunRange(at("12:00"), ten)).left_out["where"] == 2


def test_the_census_counts_what_the_sample_leaves(spark: SparkSession) -> None:
    sample = Sample(fraction=0.1)
    census = take_census(many(spark, "int"), labels(), sample, LATER)
    drawn = taken(many(spark, "int"), labels(), sample=sample)
    assert census.left_out == {"not in the sample": 2000 - len(drawn)}
    assert (census.taken, census.first) == (len(drawn), None)


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        (
            "t > current_date()",
            "labels.where 't > current_date()': current_date reads the clock; use --as-of and label_available_at, or a "
            "literal",
        ),
        ("rand() < 0.5", "labels.where 'rand() < 0.5': rand gives another value each time; remove it"),
        ("y + 1", "labels.where 'y + 1': is int, not a condition"),
    ],
)
def test_a_where_that_is_no_lasting_condition_is_refused(
    spark: SparkSession, where: str, problem: str
) -> None:
    assert spine_problems(events(spark), labels(where=where), None) == [problem]


def test_a_where_on_an_unknown_column_is_refused_in_one_line(spark: SparkSession) -> None:
    (problem,) = spine_problems(events(spark), labels(where="fare > 0"), None)
    assert problem.startswith("labels.where 'fare > 0': [UNRESOLVED_COLUMN")
    assert "`fare`" in problem
    assert "\n" not in problem


def test_a_where_may_mention_the_clock_in_text_and_names(spark: SparkSession) -> None:
    rows = frame(spark, "k string, t timestamp, y int, `now` string", [("a", None, 0, "current_date")])
    spec = labels(where="`now` = 'current_date'")
    assert spine_problems(rows, spec, None) == []
    assert taken(rows, spec) == [0]


def test_a_where_reads_a_timestamp_without_a_zone_as_utc_in_every_session(
    spark: SparkSession, tmp_path: Path
) -> None:
    spec = training_set(where="t >= TIMESTAMP '2024-07-01 10:00:00'")
    spark.conf.set("spark.sql.session.timeZone", "Asia/Kolkata")
    try:
        rows = events(spark, at("10:00") - TICK, at("10:00"))
        built = collected(build_frame(spark, spec, rows, conf_dir=str(tmp_path)))
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert [row["y"] for row in built] == [1]


def test_a_where_overflows_as_an_error_in_every_session(spark: SparkSession, tmp_path: Path) -> None:
    spec = training_set(where="y + 2147483647 > 0")
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        built = build_frame(spark, spec, events(spark, at("09:00"), at("10:00")), conf_dir=str(tmp_path))
        with pytest.raises(ArithmeticException):
            collected(built)
    finally:
        spark.conf.unset("spark.sql.ansi.enabled")
