"""Which names a record has, by every reader of a log."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.parts.log.reading import (
    features_said,
    has_name,
    logged_names,
    names_as_fields,
    says_it_has,
    was_logged,
)
from skewless.skew.label_events import Presence

TYPES: tuple[tuple[str, str | None, bool | None, set[str] | None], ...] = (
    ("null of no type", '{"entity":{"k":"bigint"},"features":{"X":"void"},"tags":{}}', True, {"x"}),
    ("a value", '{"entity":{},"features":{"x":"double","y":"bigint"},"tags":{}}', True, {"x", "y"}),
    ("another name", '{"entity":{"x":"bigint"},"features":{"y":"double"},"tags":{}}', False, {"y"}),
    ("no feature", '{"entity":{},"features":{},"tags":{}}', False, set()),
    ("does not say", None, None, None),
)


def test_every_reader_says_the_same_of_a_record(spark: SparkSession) -> None:
    rows = spark.createDataFrame([case[:2] for case in TYPES], "case string, types string")
    parsed = names_as_fields({"features": ["X"]})
    presence = Presence({"features": ("x",), "entity": ()})
    one = rows.select(
        "case",
        has_name(parsed["features"], "X").alias("has"),
        says_it_has(parsed, "features", "X").alias("says"),
        was_logged("X").alias("logged"),
        features_said().alias("names"),
    )
    bits = presence.added_to(rows).select(
        "case",
        presence.says("features", "X", F.col("types")).alias("bit"),
        presence.was_logged("features", "X", F.col("types")).alias("bit_logged"),
    )
    found = {row["case"]: row.asDict() for row in one.join(bits, "case", how="inner").collect()}
    for case, _, says, names in TYPES:
        row = found[case]
        assert (row["says"], row["bit"], row["has"]) == (says, says, bool(says)), case
        assert row["logged"] is row["bit_logged"] is (says is not False), case
        assert (None if row["names"] is None else set(row["names"])) == names, case


@pytest.mark.parametrize(("types", "names"), [(case[1], case[3]) for case in TYPES if case[1] is not None])
def test_and_so_does_the_text_of_its_types(types: str, names: set[str]) -> None:
    assert logged_names(types) == names
