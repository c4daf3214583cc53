"""How tables meet label events: what the planner chooses by their sizes and the bound, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless.config import LocalFiles, load
from skewless.training_set.ahead import strategy
from skewless.training_set.ahead.strategy import planned
from skewless.training_set.bind import bind
from skewless.training_set.opened import OpenedTrainingSet
from tests.helpers.frames import at, delta, feature_table, frame, training_set

BOUND = "spark.sql.autoBroadcastJoinThreshold"
SMALL, LARGE = "small", "large"


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A table of one row and one of a thousand different texts, some ten times as large on disk."""
    root = tmp_path_factory.mktemp("tables")
    few = [("a", at("09:00"), "v")]
    many = [(f"k{number}", at("09:00"), f"{number * 7919 % 104729}" * 20) for number in range(1000)]
    schema = "k string, at timestamp, v string"
    return {
        SMALL: delta(spark, str(root / SMALL), schema, few),
        LARGE: delta(spark, str(root / LARGE), schema, many),
    }


@pytest.fixture
def bound(spark: SparkSession) -> Iterator[Any]:
    yield lambda size: spark.conf.set(BOUND, str(size))
    spark.conf.unset(BOUND)


def opened(spark: SparkSession, root: Path, *joined: Any, **rest: Any) -> OpenedTrainingSet:
    events = frame(spark, "k string, j string, t timestamp, y int", [("a", "a", at("10:00"), 1)])
    spec = {**training_set(*joined), **rest}
    return planned(bind(spark, load(LocalFiles(root), {}, {}).from_dicts(spec), events))


def ways(found: OpenedTrainingSet) -> dict[str, str]:
    return {name: plan.way for plan in found.plan for name in plan.sides}


def test_a_set_of_keys_is_sent_where_all_its_tables_are_within_the_bound(
    spark: SparkSession, tables: dict[str, str], tmp_path: Path, bound: Any
) -> None:
    small = feature_table(tables[SMALL], name="small")
    large = feature_table(tables[LARGE], name="large")
    other = {"table": "small", "as": "other", "join_keys": {"k": "j"}}
    for size, expected in (
        (2_000, {"small": "exchange", "large": "exchange", "other": "broadcast"}),
        (1_000_000, {"small": "broadcast", "large": "broadcast", "other": "broadcast"}),
        (-1, {"small": "exchange", "large": "exchange", "other": "exchange"}),
    ):
        bound(size)
        found = opened(spark, tmp_path, small, large, other)
        assert ways(found) == expected
        assert {side.name: side.broadcast for side in found.sides} == {
            name: way == "broadcast" for name, way in expected.items()
        }


def test_a_table_without_keys_may_be_eight_times_as_large(
    spark: SparkSession, tables: dict[str, str], tmp_path: Path, bound: Any
) -> None:
    world = feature_table(tables[LARGE], name="world", entity_keys=[], columns=["v"])
    size = opened(spark, tmp_path, world).plan[0].bytes
    for limit, way in ((size // 8 + 1, "broadcast"), (size // 8 - 1, "exchange")):
        bound(limit)
        found = opened(spark, tmp_path, world)
        assert ways(found) == {"world": way}
        assert found.partitions == ({(): 1} if way == "exchange" else {})


def test_what_is_written_of_a_table_comes_before_the_strategy_and_that_before_sizes(
    spark: SparkSession, tables: dict[str, str], tmp_path: Path, bound: Any
) -> None:
    bound(2_000)
    source = feature_table(tables[LARGE])
    joined = [
        source,
        {"table": "r", "as": "sent", "broadcast": True},
        {"table": "r", "as": "met", "broadcast": False},
    ]
    for chosen, plain in (("auto", "exchange"), ("exchange", "exchange"), ("broadcast", "broadcast")):
        found = opened(spark, tmp_path, *joined, strategy=chosen)
        assert ways(found) == {"r": plain, "sent": "broadcast", "met": "exchange"}
    assert found.strategy == "broadcast and exchange"
    assert "broadcast: true of the table" in next(plan.why for plan in found.plan if "sent" in plan.sides)


def test_partitions_are_as_many_as_bytes_ask_for_and_one_for_each_core_at_least(
    spark: SparkSession, tables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = feature_table(tables[LARGE])
    assert opened(spark, tmp_path, source, strategy="exchange").partitions == {("k",): 2}
    monkeypatch.setattr(strategy, "PARTITION_BYTES", 1_000)
    assert opened(spark, tmp_path, source, strategy="exchange").partitions[("k",)] > 10


def test_without_a_table_there_is_nothing_to_plan(spark: SparkSession, tmp_path: Path) -> None:
    found = opened(spark, tmp_path)
    assert (found.plan, found.strategy, found.partitions) == ((), "none", {})
