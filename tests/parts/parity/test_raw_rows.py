"""The raw rows of an audit's entities: all of them, of no other entity, read without the join."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless.parts.parity import raw_rows
from skewless.parts.parity.raw_rows import entity_rows
from tests.helpers.frames import at, frame


@pytest.fixture(scope="module")
def pairs(spark: SparkSession) -> DataFrame:
    """Rows of (1, 12) and (11, 2), which read alike, twice, and rows with a null in the key."""
    rows = [(1, 12, 1.0), (11, 2, 2.0), (1, 12, None), (None, 12, 3.0), (1, None, 4.0), (1, 2, 5.0)]
    return frame(spark, "a int, b bigint, v double", rows)


def labels(kinds: dict[str, pa.DataType], *rows: tuple[Any, ...]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    named = zip(kinds.items(), columns, strict=True)
    return pa.table({name: pa.array(column, kind) for (name, kind), column in named})


def test_composite_keys_of_other_widths_and_names_meet_and_those_that_read_alike_do_not(
    pairs: DataFrame,
) -> None:
    label_events = labels({"y": pa.int64(), "x": pa.int16()}, (1, 12), (1, 12), (11, 2), (9, 9), (None, 12))
    found, left_out = entity_rows(pairs, [("a", "y"), ("b", "x")], label_events, ["v"])
    assert found == {(1, 12): [{"v": 1.0}, {"v": None}], (11, 2): [{"v": 2.0}]}
    assert left_out == set()


def test_an_entity_is_written_in_the_order_of_the_join_keys(pairs: DataFrame) -> None:
    label_events = labels({"y": pa.int64(), "x": pa.int16()}, (11, 2))
    found, _ = entity_rows(pairs, [("b", "x"), ("a", "y")], label_events, ["v", "a"])
    assert found == {(2, 11): [{"v": 2.0, "a": 11}]}


def test_one_label_column_may_join_two_keys(pairs: DataFrame) -> None:
    rows = pairs.union(pairs.sparkSession.sql("SELECT 7, 7L, 8.0D"))
    found, _ = entity_rows(rows, [("a", "x"), ("b", "x")], labels({"x": pa.int8()}, (7,), (1,)), ["v"])
    assert found == {(7, 7): [{"v": 8.0}]}


def test_a_table_about_the_world_has_one_entity(pairs: DataFrame) -> None:
    found, left_out = entity_rows(pairs, [], labels({"x": pa.int8()}, (1,)), ["a", "v"])
    assert list(found) == [()]
    assert len(found[()]) == 6
    assert left_out == set()


def test_no_label_event_with_a_key_finds_no_row(pairs: DataFrame) -> None:
    assert entity_rows(pairs, [("a", "x")], labels({"x": pa.int32()}, (None,)), ["v"]) == ({}, set())


def test_keys_of_every_other_type(spark: SparkSession) -> None:
    schema = "s string, d date, t timestamp, n timestamp_ntz, m decimal(9,2), b binary, f boolean, v int"
    moment = at("23:30")
    row = ("ß", moment.date(), moment, moment.replace(tzinfo=None), 1, b"\0\xff", True, 1)
    names = [field.split()[0] for field in schema.split(", ")[:-1]]
    rows = frame(spark, schema, [row])
    label_events = rows.drop("v").toArrow()
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        found, _ = entity_rows(rows, [(name, name) for name in names], label_events, ["v"])
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert list(found.values()) == [[{"v": 1}]]
    ((text, day, instant, clock, *_),) = found
    assert (text, day, instant, clock) == ("ß", moment.date(), moment, moment.replace(tzinfo=None))
    assert str(instant.tzinfo) == "UTC"


def test_columns_of_odd_names(spark: SparkSession) -> None:
    rows = frame(spark, "`a.b` int, `c``d` string", [(1, "x")])
    found, _ = entity_rows(rows, [("a.b", "k.k")], labels({"k.k": pa.int32()}, (1,)), ["c`d"])
    assert found == {(1,): [{"c`d": "x"}]}


def test_the_largest_entities_are_left_out_where_all_do_not_fit(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_rows, "MOST_ROWS", 4)
    rows = frame(spark, "k int, v int", [(key, place) for key in (1, 2, 3) for place in range(key)])
    label_events = labels({"k": pa.int32()}, (1,), (2,), (3,), (None,))
    found, left_out = entity_rows(rows, [("k", "k")], label_events, ["v"])
    assert left_out == {(3,)}
    assert {entity: len(own) for entity, own in found.items()} == {(1,): 1, (2,): 2}
    monkeypatch.setattr(raw_rows, "MOST_ROWS", 6)
    assert entity_rows(rows, [("k", "k")], label_events, ["v"])[1] == set()


def test_a_world_that_does_not_fit_is_left_out_whole(
    pairs: DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_rows, "MOST_ROWS", 5)
    assert entity_rows(pairs, [], labels({"x": pa.int8()}, (1,)), ["v"]) == ({}, {()})
