"""A program: a join whose one partition is many times what its Python worker may take; prints what came out.

    python -m tests.helpers.more_than_memory KEYS ROWS MEMORY

Row `n` is of key `n % KEYS` and happens at second `n`; each label event asks half a second after a row of its own key,
so that what wins, and how many rows its window holds, is known without looking. All rows meet in one partition.
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.config import Labels
from skewless.ground.run_range import RunRange
from skewless.lake.session import worker_memory
from skewless.parts.asof import JoinSide, as_of_join
from skewless.parts.spine import spine_of
from skewless.parts.windows import WindowReduction
from tests.helpers.frames import at

LABELS = 20_000
TEXT = 40


def main(keys: int, rows: int, memory: str) -> None:
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.executor.pyspark.memory", memory)
        .config("spark.driver.memory", "1g")
        .config("spark.ui.enabled", "false")
        .config("spark.log.level", "ERROR")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    table = spark.range(rows).select(
        (F.col("id") % keys).alias("k"),
        F.timestamp_seconds("id").alias("at"),
        F.col("id").alias("v"),
        F.lpad(F.col("id").cast("string"), TEXT, "x").alias("s"),
    )
    count = [{"name": "n", "function": "count", "window": f"{100 * keys}s"}]
    reduction = WindowReduction.read(count, table.schema, False)
    side = JoinSide("r", table, (("k", "k"),), ("v", "s"), "at", reduction=reduction)
    of_row = F.col("id") * (rows // LABELS)
    events = spark.range(LABELS).select(
        (of_row % keys).alias("k"),
        F.timestamp_micros(of_row * 1_000_000 + 500_000).alias("t"),
        of_row.alias("wanted"),
        F.least(F.floor(of_row / keys) + 1, F.lit(100)).alias("inside"),
    )
    labels = Labels(source="in/memory", entity_keys=("k",), event_timestamp="t", label_columns=("wanted",))
    spine = spine_of(events, labels, None, RunRange(at("00:00", "2100-01-01")))
    joined = as_of_join(spine, [side], {("k",): 1})
    wanted, text = F.col("label.wanted"), side.value("s")
    is_right = (side.value("v") == wanted) & (text.endswith(wanted.cast("string")))
    is_right &= F.col(side.events_slot).getField("n") == F.col("label.inside")
    (right,) = joined.select(F.count_if(is_right).alias("right")).collect()
    given = worker_memory(spark)
    print(f"{right['right']} of {LABELS} right within {given} bytes, ROWS took {rows * (TEXT + 60)}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
