"""One pass of Spark counts what a plain loop counts, whatever is in the columns."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.parts.log.reading import logged_names
from skewless.parts.profile.bins import Bins, CategoryBins, NumberBins
from skewless.runs.watch.monitor.profile.counting import Subject, counted, laid_out
from skewless.runs.watch.monitor.profile.profile import EVERYTHING, Profile, Reference
from tests.helpers.frames import frame

NAN, INFINITY = float("nan"), float("inf")
ROWS: list[tuple[Any, ...]] = [
    (1.0, "a", "x", None),
    (2.0, "b", "x", None),
    (0.0, None, "y", None),
    (-0.0, "c", "y", None),
    (None, "a", None, None),
    (NAN, "a", "x", None),
    (-INFINITY, "d", "x", None),
    (None, None, "x", json.dumps({"features": {"V": "double"}})),
    (None, None, "x", json.dumps({"features": {"v": "double", "w": "string"}})),
]
BINS: dict[str, Bins] = {"v": NumberBins((0.0, 1.0)), "w": CategoryBins(("a",), frozenset("abc"))}


@pytest.fixture(scope="module")
def subject(spark: SparkSession) -> Subject:
    rows = frame(spark, "v double, w string, host string, types string", ROWS).repartition(2)
    columns = {name: F.col(name) for name in ("v", "w")}
    return Subject(rows, columns, {"host": F.col("host")}, F.col("types"))


@pytest.fixture(scope="module")
def profile(subject: Subject) -> Profile:
    return counted(subject, BINS, len(ROWS), known=10)


def told(profile: Profile, group: tuple[str, str], name: str) -> dict[str, int]:
    counts = profile.counts[group][name]
    by_label = zip(BINS[name].labels, counts.by_bin.tolist(), strict=True)
    found = {label: count for label, count in by_label if count}
    return {**found, "zeros": counts.zeros, "unlogged": counts.unlogged}


def test_every_row_is_counted_once_in_its_bin(profile: Profile) -> None:
    assert told(profile, EVERYTHING, "v") == {
        "-∞ to 0": 2, "0 to 1": 1, "1 to ∞": 1, "-infinity": 1, "NaN": 1, "null": 3, "zeros": 2, "unlogged": 0,
    }  # fmt: skip
    assert told(profile, EVERYTHING, "w") == {
        "'a'": 3, "other": 2, "new": 1, "null": 2, "zeros": 0, "unlogged": 1,
    }  # fmt: skip


def test_groups_are_counted_beside_the_whole_and_null_is_no_group(profile: Profile) -> None:
    assert set(profile.counts) == {EVERYTHING, ("host", "x"), ("host", "y")}
    assert told(profile, ("host", "y"), "v") == {"-∞ to 0": 2, "zeros": 2, "unlogged": 0}
    assert told(profile, ("host", "x"), "w") == {
        "'a'": 2, "other": 1, "new": 1, "null": 1, "zeros": 0, "unlogged": 1,
    }  # fmt: skip


def test_values_that_share_a_bin_are_counted_by_cell_of_all_rows_and_categories_by_segment(
    profile: Profile,
) -> None:
    """Of v: 1, 2 and 0 twice are in shared bins; of w all but 'a'."""
    counts = {name: profile.counts[EVERYTHING][name].by_cell for name in BINS}
    assert all(each is not None for each in counts.values())
    assert {name: sorted(each[each > 0].tolist()) for name, each in counts.items() if each is not None} == {
        "v": [1, 1, 2], "w": [1, 1, 1],
    }  # fmt: skip
    of_group = profile.counts["host", "x"]
    assert of_group["v"].by_cell is None
    assert of_group["w"].by_cell is not None
    assert int(of_group["w"].by_cell.sum()) == 2


def test_a_value_that_fills_a_cell_is_named(spark: SparkSession) -> None:
    values = [(float(place), f"city {place}") for place in range(300)] + [(-1.5, "NYC")] * 40
    rows = frame(spark, "v double, w string", values).repartition(2)
    bins: dict[str, NumberBins | CategoryBins] = {"v": NumberBins((0.0, 100.0)), "w": CategoryBins(())}
    names = counted(Subject(rows, {name: F.col(name) for name in bins}), bins, len(values)).names
    assert {name: set(of.values()) & {"-1.5", "'NYC'"} for name, of in names.items()} == {
        "v": {"-1.5"}, "w": {"'NYC'"},
    }  # fmt: skip


def test_what_a_record_has_may_be_told_by_number(subject: Subject, profile: Profile) -> None:
    texts = [row[3] for row in ROWS if row[3]]
    rows = subject.rows.withColumn("types", F.xxhash64("types"))
    numbers = {
        row["n"]: logged_names(row["types"])
        for row in subject.rows.where("types IS NOT NULL")
        .select("types", F.xxhash64("types").alias("n"))
        .collect()
    }
    assert len(numbers) == len(texts)
    says = F.when(F.col("host").isNotNull() & F.col("types").isin(list(numbers)), F.col("types"))
    again = counted(Subject(rows, subject.features, subject.dimensions, says, numbers), BINS, len(ROWS))
    for name in BINS:
        assert told(again, EVERYTHING, name) == told(profile, EVERYTHING, name)


def test_all_values_of_training_are_known_and_those_it_has_once_unless_they_are_too_many(
    subject: Subject, profile: Profile
) -> None:
    assert profile.bins["w"] == CategoryBins(("a",), frozenset("abcd"), once=3)
    few = counted(subject, {**BINS, "w": CategoryBins(("a",))}, len(ROWS), known=3)
    assert few.bins["w"] == CategoryBins(("a",))


def test_bins_of_no_rows_are_the_ones_that_need_none(subject: Subject) -> None:
    nothing = Subject(subject.rows.where("false"), subject.features)
    assert laid_out(nothing, lambda _: 2, lambda _: 2) == {"v": NumberBins(()), "w": CategoryBins(())}


def test_bins_are_laid_out_by_one_task_from_a_sample(subject: Subject) -> None:
    bins = laid_out(subject, lambda _: 2, lambda _: 2)
    assert bins == {"v": NumberBins((-5e-324, 0.0)), "w": CategoryBins(("a", "b"))}


def test_a_reference_is_the_same_after_it_was_written_down(profile: Profile) -> None:
    profile = replace(profile, names={"w": {7: "'d'"}})
    reference = Reference(3, "r", profile, {"2024-01-01": 9}, {"v": "number", "w": "category"})
    again = Reference.from_json(json.loads(json.dumps(reference.to_json())))
    assert again.to_json() == reference.to_json()
    assert again.profile.bins == profile.bins
