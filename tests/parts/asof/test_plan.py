"""What Spark is going to run: one exchange and no sort per set of join keys, scans that prune, nothing early."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless import build_frame
from skewless.config import LocalFiles, load
from skewless.ground.run.ranges import RunRange
from skewless.parts.asof import JoinSide, as_of_join
from skewless.parts.spine import take_census
from skewless.training_set.ahead.pruning import prune
from skewless.training_set.bind import bind
from skewless.training_set.opened import OpenedTrainingSet
from tests.helpers.frames import at, delta, feature_table, frame, spine, training_set

LATER = at("00:00", "2100-01-01")


def plan(rows: DataFrame) -> str:
    """The physical plan that is going to run."""
    return str(rows._jdf.queryExecution().executedPlan().toString())


def filters(rows: DataFrame, kind: str) -> str:
    """The filters of this kind in the plan's one scan."""
    spark = rows.sparkSession
    spark.conf.set("spark.sql.maxMetadataStringLength", "100000")
    try:
        (found,) = re.findall(rf"{kind}: \[(.*?)\](?:,|$)", plan(rows), re.MULTILINE)
    finally:
        spark.conf.unset("spark.sql.maxMetadataStringLength")
    return str(found)


def counted(rows: DataFrame, kinds: str = "hashpartitioning") -> tuple[int, int]:
    """Exchanges, all of these kinds, and sorts; any other exchange fails."""
    text = plan(rows)
    exchanges = re.findall(r"\bExchange (\w+)", text)
    assert set(exchanges) <= set(kinds.split())
    return len(exchanges), len(re.findall(r"\bSort \[", text))


def given(rows: DataFrame) -> list[str]:
    """The columns that the one pass is given."""
    (columns,) = re.findall(r"MapInArrow answer\(([^)]*)\)", plan(rows))
    return [re.sub(r"#\d+L?$", "", name) for name in columns.split(", ")]


def side(spark: SparkSession, name: str, *keys: tuple[str, str], **options: Any) -> JoinSide:
    schema = "".join(f"{key} string, " for key, _ in keys) + "at timestamp, v int, w array<double>"
    row = (*["a" for _ in keys], at("09:00"), 1, [0.0])
    return JoinSide(
        name, frame(spark, schema, [row]), keys, ("v", "w"), **{"event_timestamp": "at", **options}
    )


def labels(spark: SparkSession) -> DataFrame:
    return spine(
        frame(spark, "j string, k string, l string, t timestamp", [("a", "a", "a", at("10:00"))]), "j", "k"
    )


def test_three_tables_on_the_same_keys_cost_one_exchange_and_no_sort(spark: SparkSession) -> None:
    sides = [
        side(spark, "plain", ("j", "j"), ("k", "k")),
        side(spark, "renamed", ("a", "k"), ("b", "j"), strict=True, max_age=timedelta(hours=1)),
        side(spark, "static", ("k", "k"), ("j", "j"), event_timestamp=None),
    ]
    assert counted(as_of_join(labels(spark), sides)) == (1, 0)


def test_two_sets_of_join_keys_cost_two_whatever_the_order_of_the_tables(spark: SparkSession) -> None:
    sides = [
        side(spark, "first", ("k", "k")),
        side(spark, "second", ("k", "l")),
        side(spark, "third", ("k", "k")),
        side(spark, "fourth", ("k", "l")),
    ]
    assert counted(as_of_join(labels(spark), sides)) == (2, 0)


def test_a_table_about_the_whole_world_costs_one_of_its_own(spark: SparkSession) -> None:
    sides = [side(spark, "world"), side(spark, "plain", ("k", "k"))]
    assert counted(as_of_join(labels(spark), sides)) == (2, 0)


def test_a_table_with_maps_costs_no_more(spark: SparkSession) -> None:
    rows = frame(spark, "k string, at timestamp, m map<string, int>", [("a", at("09:00"), [("x", 1)])])
    sides = [
        JoinSide("maps", rows, (("k", "k"),), ("m",), event_timestamp="at"),
        side(spark, "plain", ("k", "k")),
    ]
    assert counted(as_of_join(labels(spark), sides)) == (1, 0)


def test_tables_that_are_sent_cost_no_exchange_of_their_own(spark: SparkSession) -> None:
    sent = [side(spark, "world", broadcast=True), side(spark, "other", ("k", "l"), broadcast=True)]
    alone = as_of_join(labels(spark), sent)
    assert counted(alone) == (0, 0)
    assert plan(alone).count("MapInArrow answer") == 1
    beside = as_of_join(labels(spark), [*sent, side(spark, "plain", ("k", "k"))])
    assert counted(beside) == (1, 0)
    assert plan(beside).count("MapInArrow answer") == 1


def test_fifty_tables_meet_in_one_exchange_of_a_few_columns(spark: SparkSession) -> None:
    """A row pays for each column that it lacks, and beyond a hundred columns Spark compiles no stage."""
    sides = [side(spark, f"r{number}", ("k", "k")) for number in range(50)]
    joined = as_of_join(labels(spark), sides)
    assert counted(joined) == (1, 0)
    assert given(joined) == ["bucket", "key_0", "side", "moment", "label", "values_0", "values_1"]


def test_five_hundred_columns_of_a_table_are_a_few_columns_on_their_way(spark: SparkSession) -> None:
    names = [f"v{number}" for number in range(500)]
    values = [
        f"{kind}({number}) AS {name}"
        for number, (name, kind) in enumerate(zip(names, ["int", "string"] * 250, strict=True))
    ]
    rows = spark.range(1).selectExpr("'a' AS k", "TIMESTAMP '2024-07-01 09:00:00' AS at", *values)
    wide = JoinSide("wide", rows, (("k", "k"),), tuple(names), event_timestamp="at")
    joined = as_of_join(labels(spark), [wide])
    assert counted(joined) == (1, 0)
    assert given(joined) == ["bucket", "key_0", "side", "moment", "label", "values_0", "values_1"]
    (row,) = joined.select(wide.value("v0").alias("first"), wide.value("v499").alias("last")).collect()
    assert (row["first"], row["last"]) == (0, "499")


def test_label_events_without_an_entity_spread_over_partitions(spark: SparkSession) -> None:
    events = spark.range(4000).selectExpr("cast(NULL AS string) AS k", "TIMESTAMP '2024-07-01' AS t")
    table = side(spark, "r", ("k", "k"))
    joined = as_of_join(spine(events, "k"), [table]).select("label_id", table.value("v"))
    # Adaptive execution would put these few rows back into one partition.
    spark.conf.set("spark.sql.adaptive.coalescePartitions.enabled", "false")
    try:
        sizes = [len(part) for part in joined.rdd.glom().collect()]
    finally:
        spark.conf.unset("spark.sql.adaptive.coalescePartitions.enabled")
    assert sum(sizes) == 4000
    assert max(sizes) < 3000


DAYS = [(f"2024-07-{day:02}", day) for day in range(1, 11)]


@pytest.fixture(scope="module")
def daily(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ten days of rows, a file a day, partitioned by the date on which they became available."""
    path = str(tmp_path_factory.mktemp("tables") / "daily")
    rows = [
        ("a", at("12:00", day), at("13:00", day), at("12:00", day).date(), number) for day, number in DAYS
    ]
    schema = "k string, at timestamp, seen timestamp, day date, v int"
    frame(spark, schema, rows).repartition("day").write.format("delta").partitionBy("day").save(path)
    return path


def pruned(spark: SparkSession, tmp_path: Path, source: str, **options: Any) -> OpenedTrainingSet:
    """A build over one label event at 12:00 on 6 July, reading what could matter to it."""
    events = frame(spark, "k string, t timestamp, y int", [("a", at("12:00", "2024-07-06"), 1)])
    spec = training_set(feature_table(source, **options))
    resolved = load(LocalFiles(tmp_path), {}, {}).from_dicts(spec)
    opened = bind(spark, resolved, events)
    census = take_census(opened.events, opened.labels, opened.sample, RunRange(LATER))
    return prune(opened, census.first, census.last)


def days_read(opened: OpenedTrainingSet) -> set[int]:
    return {row["v"] for row in opened.sides[0].rows.collect()}


def test_the_time_range_that_can_matter_is_pushed_to_the_scan(
    spark: SparkSession, daily: str, tmp_path: Path
) -> None:
    opened = pruned(spark, tmp_path, daily, max_age="2d", available_at="seen")
    pushed = filters(opened.sides[0].rows, "PushedFilters")
    assert "GreaterThanOrEqual(at," in pushed
    assert "LessThanOrEqual(at," in pushed
    assert "LessThanOrEqual(seen," in pushed
    assert days_read(opened) == {4, 5}


def test_a_partition_column_that_is_the_time_prunes_partitions(
    spark: SparkSession, daily: str, tmp_path: Path
) -> None:
    opened = pruned(spark, tmp_path, daily, event_timestamp="day", max_age="1d")
    assert "day" in filters(opened.sides[0].rows, "PartitionFilters")
    assert {5, 6} <= days_read(opened) <= {3, 4, 5, 6, 7, 8}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {1, 2, 3, 4, 5, 6}),
        ({"delay": "1h"}, {1, 2, 3, 4, 5}),
        ({"max_age": "1d"}, {5, 6}),
        ({"available_at": "seen", "max_age": "1d"}, {5}),
        ({"available_at": "seen", "delay": "1d", "max_age": "2d"}, {4}),
        ({"static": True, "event_timestamp": None, "delay": None}, set(range(1, 11))),
    ],
)
def test_pruning_keeps_exactly_what_could_win(
    spark: SparkSession, daily: str, tmp_path: Path, options: dict[str, Any], expected: set[int]
) -> None:
    assert days_read(pruned(spark, tmp_path, daily, **options)) == expected


def test_pruning_keeps_rows_with_null_times_so_that_they_are_counted(
    spark: SparkSession, tmp_path: Path
) -> None:
    rows = [("a", None, 1), ("a", at("12:00", "2024-07-05"), 2), ("a", at("12:00", "2023-07-05"), 3)]
    source = delta(spark, str(tmp_path / "r"), "k string, at timestamp, v int", rows)
    assert days_read(pruned(spark, tmp_path, source, max_age="2d")) == {1, 2}


def test_build_frame_reads_the_files_that_its_range_can_use(
    spark: SparkSession, daily: str, tmp_path: Path
) -> None:
    events = frame(spark, "k string, t timestamp, y int", [("a", at("12:00", "2024-07-06"), 1)])
    spec = {**training_set(feature_table(daily, max_age="1d")), "strategy": "exchange"}
    start, end = at("00:00", "2024-07-06"), at("00:00", "2024-07-07")
    built = build_frame(spark, spec, events, conf_dir=str(tmp_path), start=start, end=end)
    assert {file.partition("day=")[2][:10] for file in built.inputFiles()} == {"2024-07-05", "2024-07-06"}
    assert [row["r__v"] for row in built.collect()] == [6]


def test_build_frame_runs_nothing_on_the_rows(spark: SparkSession, tmp_path: Path) -> None:
    """The rows raise when they are computed; making, analysing and planning the frame does not compute them."""
    poison = "raise_error('computed')"
    source = delta(spark, str(tmp_path / "r"), "k string, at timestamp, v int", [("a", at("09:00"), 1)])
    events = spark.range(1).selectExpr(
        "'a' AS k", "TIMESTAMP '2024-07-01' AS t", f"cast({poison} AS int) AS y"
    )
    built = build_frame(spark, training_set(feature_table(source)), events, conf_dir=str(tmp_path))
    assert built.columns == ["k", "t", "y", "r__v", "event_date"]
    with pytest.raises(Exception, match="computed"):
        built.collect()
