"""An audit of rows staged by hand: what it reads, what it leaves out, and what bound it claims."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.ground.errors import InputError
from skewless.parts.parity import AUDIT, Parity, audit_column, begin_audit, raw_rows
from skewless.parts.parity.raw_rows import rows_within
from skewless.parts.parity.sample import rows_with
from skewless.serving.plan.serve.serving_plan import ServingPlan
from tests.helpers.frames import at, collected, frame
from tests.helpers.plans import document_of, labels_of, table_of

HOUR = timedelta(hours=1)
T = at("12:00")
NO_TABLE: tuple[Any, ...] = ()


def staged(spark: SparkSession, schema: str, rows: Sequence[tuple[Any, ...]]) -> DataFrame:
    """Label events of a user at predict_at, none of them a hard case."""
    audit = audit_column([F.col("user")], F.col("predict_at"), NO_TABLE)
    return frame(spark, schema, rows).withColumn(AUDIT, audit)


def audited(rows: DataFrame, document: Any, size: int = 100, **tables: DataFrame) -> Parity:
    return begin_audit(rows, document, tables, size).result()


LABELS = "user bigint, predict_at timestamp, amount double, late boolean, clicks__v double"
CLICKS = "user int, seen_at timestamp, v double"


def test_what_passes_through_may_be_what_python_cannot_hold(spark: SparkSession) -> None:
    rows = staged(spark, LABELS, [(1, T, 9.5, True, 2.0)])
    rows = rows.withColumn("forever", F.expr("TIMESTAMP '+12024-01-01 00:00:00Z'"))
    rows = rows.withColumn("strange", F.expr("map(named_struct('a', 1), 1)"))
    columns = {"user": "bigint", "predict_at": "timestamp", "amount": "double", "forever": "timestamp"}
    document = document_of(
        table_of(labels_of(columns=columns, label_columns=[])),
        labels=labels_of(columns=columns, label_columns=[]),
    )
    clicks = frame(spark, CLICKS, [(1, T - HOUR, 2.0), (2, T, 3.0)])
    assert audited(rows, document, clicks=clicks) == Parity(rows=1, by_chance=1, mismatches=0, left_out=0)


def test_a_feature_value_that_python_cannot_hold_is_refused_by_name(spark: SparkSession) -> None:
    rows = staged(spark, LABELS, [(1, T, 9.5, True, 2.0)])
    clicks = frame(spark, CLICKS, [(1, T - HOUR, 2.0)]).withColumn(
        "ends_at", F.expr("TIMESTAMP '+12024-01-01 00:00:00Z'")
    )
    with pytest.raises(InputError, match=r"^column 'ends_at': Python, and so serving, cannot hold a value: "):
        audited(rows, document_of(table_of(valid_until="ends_at")), clicks=clicks)


def test_no_bound_is_claimed_for_what_was_left_out(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_rows, "MOST_ROWS", 3)
    rows = staged(spark, LABELS, [(user, T, 9.5, True, 2.0) for user in (1, 2, 3)])
    clicks = frame(spark, CLICKS, [(1, T - HOUR, 2.0), (2, T, 2.0), *[(3, T, 2.0)] * 3])
    found = audited(rows, document_of(table_of()), clicks=clicks)
    assert found == Parity(rows=2, by_chance=2, mismatches=0, left_out=1)
    world = document_of(table_of(join_keys=[]))
    assert audited(rows, world, clicks=clicks) == Parity(rows=0, by_chance=0, mismatches=0, left_out=3)


def test_the_bound_is_what_so_many_rows_without_a_difference_prove() -> None:
    assert Parity(1100, 1000, 0, 0).bound == pytest.approx(0.0029912, rel=1e-4)
    assert Parity(1, 1, 0, 0).bound == pytest.approx(0.95)
    assert Parity(0, 0, 0, 5).bound is None
    assert Parity(1000, 1000, 1, 0).bound is None


def test_many_label_events_of_one_midnight_do_not_crowd_out_the_others(spark: SparkSession) -> None:
    rows = staged(
        spark,
        LABELS,
        [*[(None, T, 1.0, True, None)] * 300, *[(user, T, 1.0, True, None) for user in range(5)]],
    )
    hashes = [row["hash"] for row in collected(rows.select(f"{AUDIT}.hash").distinct())]
    found = collected(rows_with(rows, hashes))
    assert {row["user"] for row in found} == {None, 0, 1, 2, 3, 4}
    assert len(found) == 4 * 6 + 1


@pytest.mark.parametrize(
    ("options", "ages"),
    [
        ({}, [9000, 30, 2, 0, -1]),
        ({"max_age": "1h"}, [2, 0, -1]),
        ({"columns": [], "aggregations": [{"name": "n", "function": "count", "window": "90m"}]}, [2, 0, -1]),
        ({"aggregations": [{"name": "n", "function": "count", "window": "90m"}]}, [9000, 30, 2, 0, -1]),
        ({"static": True}, [9000, 30, 2, 0, -1, -30]),
    ],
    ids=str,
)
def test_no_history_is_read_that_decides_nothing(
    spark: SparkSession, options: dict[str, Any], ages: list[int]
) -> None:
    rows = frame(
        spark,
        "seen_at timestamp, hours int",
        [(T - HOUR * hours, hours) for hours in (9000, 30, 2, 0, -1, -30)],
    )
    rows = rows.union(spark.sql("SELECT CAST(NULL AS TIMESTAMP), NULL"))
    needs = ServingPlan.from_document(document_of(table_of(**options))).needs()["clicks"]
    moments = pa.array([micros(T), None], pa.int64())
    found = [row["hours"] for row in collected(rows_within(rows, needs, moments))]
    assert found == [*ages, None]  # a row without a time is kept, and counted
    nothing = pa.array([None], pa.int64())
    assert len(collected(rows_within(rows, needs, nothing))) == 7


def micros(moment: datetime) -> int:
    return round(moment.timestamp()) * 1_000_000
