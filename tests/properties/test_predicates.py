"""`where` read in Python equals `where` read by Spark: random predicates over random rows, in one job."""

from __future__ import annotations

from collections import Counter

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.lake.session import private_session
from skewless.serving.predicates.predicate import check, compiled, parse, to_sql
from tests.helpers.frames import collected, frame
from tests.helpers.predicate_strategies import COLUMN_TYPES, predicate_batch

PREDICATES = 250
SCHEMA = (
    "x double, y double, n bigint, m bigint, d decimal(20, 2), s string, `odd ``name``` string, flag boolean, "
    "at timestamp, day date, place int"
)


def test_spark_and_python_read_predicates_the_same(spark: SparkSession) -> None:
    """True, false and null of every predicate for every row, whatever the session's zone."""
    predicates, rows = predicate_batch(seed=11, count=PREDICATES)
    trees = [parse(text) for text, _ in predicates]
    assert [check(tree, COLUMN_TYPES) for tree in trees if check(tree, COLUMN_TYPES)] == []
    spark.conf.set("spark.sql.session.timeZone", "Asia/Kolkata")
    try:
        table = frame(
            private_session(spark), SCHEMA, [row | {"place": place} for place, row in enumerate(rows)]
        )
        verdicts = [F.expr(to_sql(tree, COLUMN_TYPES)).alias(f"p{place}") for place, tree in enumerate(trees)]
        found = collected(table.select("place", F.array(*verdicts).alias("verdicts")))
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert len(found) == len(rows)
    tests = [compiled(tree, COLUMN_TYPES) for tree in trees]
    seen: Counter[bool | None] = Counter()
    for answer in found:
        row = rows[answer["place"]]
        wanted = [test(row) for test in tests]
        wrong = [
            (text, row, of_spark, of_python)
            for (text, _), of_spark, of_python in zip(predicates, answer["verdicts"], wanted, strict=True)
            if of_spark is not of_python
        ]
        assert wrong[:3] == []
        assert wanted == [meaning(row) for _, meaning in predicates]
        seen.update(wanted)
    assert min(seen[truth] for truth in (True, False, None)) > PREDICATES


def test_an_int_in_a_double_column_compares_as_a_double(spark: SparkSession) -> None:
    """2**53 + 1 is no double: a serving event may hold it as an int where Spark's column holds a double."""
    tree = parse("x = 9007199254740992")
    table = frame(private_session(spark), "x double", [(float(2**53 + 1),)])
    (row,) = collected(table.select(F.expr(to_sql(tree, {"x": "double"})).alias("holds")))
    assert row["holds"] is compiled(tree, {"x": "double"})({"x": 2**53 + 1}) is True
