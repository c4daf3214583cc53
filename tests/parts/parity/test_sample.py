"""Which label events an audit replays: the same ones every time, the hard cases among them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.parts.parity import AUDIT, audit_column
from skewless.parts.parity.sample import chosen_rows
from tests.helpers.frames import at, collected, frame

SCHEMA = "k int, t timestamp, y int, boundary boolean, late boolean, absent boolean, events bigint"
T = at("10:00")
PLAIN = (0, False, False, False, 3)


def told(*tables: str) -> Sequence[Column]:
    columns = ("boundary", "late", "absent", "events")
    return [F.struct(*[F.col(column) for column in columns]) for _ in tables]


def staged(spark: SparkSession, rows: Sequence[tuple[Any, ...]]) -> DataFrame:
    """Label events of key k with T in t, and what one table says of each."""
    return frame(spark, SCHEMA, rows).withColumn(AUDIT, audit_column([F.col("k")], F.col("t"), told("r")))


def chosen(rows: DataFrame, size: int) -> set[int]:
    """The keys of the chosen label events."""
    hashes, _ = chosen_rows(rows, size)
    return {row["k"] for row in collected(rows.where(F.col(f"{AUDIT}.hash").isin(hashes)).select("k"))}


@pytest.fixture(scope="module")
def many(spark: SparkSession) -> DataFrame:
    """A thousand plain label events, and one hard case of each kind, all on one row each."""
    rows = [(key, T, *PLAIN) for key in range(1000)]
    hard = [
        (2001, T, 0, True, False, False, 3),
        (2002, T, 0, False, True, False, 3),
        (2003, T, 0, False, False, True, 3),
        (2004, T, 0, False, False, False, 9999),
        (None, T, 0, False, False, True, 0),
        (2006, None, 0, False, False, True, 0),
    ]
    return staged(spark, [*rows, *hard]).cache()


def test_the_sample_is_the_same_whatever_the_partitioning_and_the_order(many: DataFrame) -> None:
    first = chosen_rows(many.coalesce(1), 20)
    assert chosen_rows(many.orderBy(F.col("k").desc()).repartition(4), 20) == first
    hashes, by_chance = first
    assert len(by_chance) == 20
    known = {row["hash"] for row in collected(many.select(f"{AUDIT}.hash"))}
    assert by_chance == set(sorted(known)[:20])
    assert by_chance <= set(hashes) <= known


def test_every_kind_of_hard_case_is_in_the_sample(many: DataFrame) -> None:
    assert {2001, 2002, 2003, 2004} <= chosen(many, 10)


def test_a_label_event_without_an_entity_is_a_kind_of_its_own_and_no_absence(many: DataFrame) -> None:
    rows = {row["k"]: row[AUDIT] for row in collected(many.where("k IS NULL OR k > 2000"))}
    assert [key for key, row in rows.items() if row["keyless"]] == [None, 2006]
    assert [key for key, row in rows.items() if row["absent"]] == [2003]
    keyless = chosen(many.where("k IS NULL OR k < 1000"), 10)
    assert None in keyless
    assert 2006 in chosen(many.where("k = 2006 OR k < 1000"), 10)


def test_a_tenth_of_the_sample_is_taken_of_each_kind(spark: SparkSession) -> None:
    rows = staged(spark, [(key, T, 0, True, False, False, key) for key in range(100)])
    hashes, by_chance = chosen_rows(rows, 30)
    largest = {row["hash"] for row in collected(rows.where("k >= 97").select(f"{AUDIT}.hash"))}
    assert set(hashes) == by_chance | largest  # the least hashes of the boundary cases are chance's own


def test_a_sample_of_all_rows_and_more_takes_them_all_once(many: DataFrame) -> None:
    hashes, by_chance = chosen_rows(many.union(many), 5000)
    assert len(hashes) == len(by_chance) == 1006


def test_the_hash_is_of_keys_and_t_and_of_no_other_column(spark: SparkSession) -> None:
    tick = timedelta(microseconds=1)
    rows = staged(
        spark,
        [
            (1, T, 0, False, False, False, 3),
            (1, T, 1, True, True, True, 4),
            (1, T + tick, *PLAIN),
            (2, T, *PLAIN),
            (None, T, *PLAIN),
        ],
    )
    one, same, later, other, keyless = (row[AUDIT]["hash"] for row in collected(rows))
    assert one == same
    assert len({one, later, other, keyless}) == 4


def test_t_is_kept_to_the_microsecond(spark: SparkSession) -> None:
    moment = at("10:00:00.000001", "1969-12-31")
    (row,) = collected(staged(spark, [(1, moment, *PLAIN)]))
    assert row[AUDIT]["at"] == -50_399_999_999


def test_label_events_of_no_table_at_all(spark: SparkSession) -> None:
    rows = frame(spark, "k int, t timestamp", [(1, T), (None, T)])
    rows = rows.withColumn(AUDIT, audit_column([F.col("k")], F.col("t"), []))
    hashes, by_chance = chosen_rows(rows, 1)
    assert (len(hashes), len(by_chance)) in [(1, 1), (2, 1)]  # the one without an entity may be chance's own
    assert chosen_rows(rows.limit(0), 1) == ([], set())


def test_the_hardest_of_several_tables_counts(spark: SparkSession) -> None:
    rows = frame(spark, SCHEMA, [(1, T, *PLAIN)])
    easy = F.struct(F.lit(False).alias("boundary"), F.lit(False).alias("late"), F.lit(False).alias("absent"),
                    F.lit(7).cast("bigint").alias("events"))  # fmt: skip
    hard = F.struct(F.lit(True).alias("boundary"), F.lit(False).alias("late"), F.lit(True).alias("absent"),
                    F.lit(2).cast("bigint").alias("events"))  # fmt: skip
    (row,) = collected(rows.select(audit_column([F.col("k")], F.col("t"), [easy, hard]).alias(AUDIT)))
    found = {name: row[AUDIT][name] for name in ("boundary", "late", "absent", "keyless", "events")}
    assert found == {"boundary": True, "late": False, "absent": True, "keyless": False, "events": 7}
