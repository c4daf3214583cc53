"""Which T a run is about."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.ground.run.ranges import RunRange

AS_OF, START, END = (datetime(2024, month, 1, tzinfo=timezone.utc) for month in (9, 1, 2))


@pytest.mark.parametrize(
    ("run_range", "document", "text"),
    [
        (
            RunRange(AS_OF, START, END),
            ("2024-01-01T00:00:00+00:00", "2024-02-01T00:00:00+00:00"),
            "[2024-01-01T00:00:00+00:00, 2024-02-01T00:00:00+00:00)",
        ),
        (
            RunRange(AS_OF, start=START),
            ("2024-01-01T00:00:00+00:00", None),
            "[2024-01-01T00:00:00+00:00, the end)",
        ),
        (RunRange(AS_OF), (None, None), "[the beginning, the end)"),
    ],
)
def test_a_range_is_written_down_and_read_back(
    run_range: RunRange, document: tuple[str | None, str | None], text: str
) -> None:
    start, end = document
    assert run_range.to_json() == {"as_of": "2024-09-01T00:00:00+00:00", "start": start, "end": end}
    assert RunRange.written(run_range.to_json()) == run_range
    assert str(run_range) == text


def test_a_range_holds_its_start_and_neither_its_end_nor_null(spark: SparkSession) -> None:
    tick = timedelta(microseconds=1)
    moments = {"before": START - tick, "start": START, "last": END - tick, "end": END, "null": None}
    rows = spark.createDataFrame(list(moments.items()), "name string, t timestamp")
    found = {
        name: {row["name"]: row["held"] for row in rows.select("name", held.alias("held")).collect()}
        for name, held in {
            "both": RunRange(AS_OF, START, END).holds(F.col("t")),
            "from": RunRange(AS_OF, start=START).holds(F.col("t")),
            "until": RunRange(AS_OF, end=END).holds(F.col("t")),
            "all": RunRange(AS_OF).holds(F.col("t")),
        }.items()
    }
    names = ("before", "start", "last", "end", "null")
    assert found == {
        "both": dict(zip(names, (False, True, True, False, False), strict=True)),
        "from": dict(zip(names, (False, True, True, True, False), strict=True)),
        "until": dict(zip(names, (True, True, True, False, False), strict=True)),
        "all": dict.fromkeys(names, True),
    }
