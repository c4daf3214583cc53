"""How much of tables a plan reads, as Delta's log says it: no file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

_ENDLESS = 2**60


@dataclass(frozen=True)
class Extent:
    """How much of a table a plan reads, after partitions and file statistics have ruled out the rest."""

    files: int
    bytes: int


def extent_of(rows: DataFrame) -> Extent:
    """What the plan over Delta tables reads of them."""
    sizes = [int(leaf.stats().sizeInBytes()) for leaf in _leaves(rows)]
    return Extent(len(rows.inputFiles()), sum(sizes))


def whole_extent(rows: DataFrame) -> Extent:
    """What the version of the Delta table holds that these rows are read from, as Delta's snapshot says it."""
    plan: Any = rows._jdf.queryExecution().analyzed()
    # Not `extent_of` of the whole table, for which Delta goes through all of its files in a Spark job.
    snapshot = plan.collectLeaves().head().relation().location().getSnapshot()
    noted = snapshot.checksumOpt()
    if noted.isDefined():
        return Extent(int(noted.get().numFiles()), int(noted.get().tableSizeBytes()))
    # No writer has noted it beside the commit: two Spark jobs over the log.
    return Extent(int(snapshot.numOfFiles()), int(snapshot.sizeInBytes()))


def estimated_bytes(rows: DataFrame, columns: Sequence[Column] = ()) -> int:
    """What the files take that a plan reads, by the log, cut to the share of these columns by Spark's sizes of types.

    The plan is the one that `extent_of` asks, so that files are looked for once. Rows that lie in no file, whose size
    Spark does not know and takes for endless, count nothing.
    """
    sizes = [int(leaf.stats().sizeInBytes()) for leaf in _leaves(rows)]
    read = sum(size for size in sizes if size < _ENDLESS)
    if not columns:
        return read
    return min(read, read * _width(rows.select(*columns)) // _width(rows))


def _width(rows: DataFrame) -> int:
    return int(rows._jdf.schema().defaultSize())


def broadcast_bound(spark: SparkSession) -> int:
    """The bytes up to which Spark itself sends a table to every task; negative where it never does."""
    session: Any = spark._jsparkSession
    return int(session.sessionState().conf().autoBroadcastJoinThreshold())


def row_count(rows: DataFrame) -> int | None:
    """How many rows the files hold that the plan over Delta tables reads, as their log says it; no file is opened.

    None where the log has no statistics of one of them, or the session does not use any.
    """
    counts = [_records(rows.sparkSession, leaf) for leaf in _leaves(rows)]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _leaves(rows: DataFrame) -> list[Any]:
    # The optimised plan has partitions and file statistics applied; the analysed one would count the whole table.
    plan: Any = rows._jdf.queryExecution().optimizedPlan()
    leaves = plan.collectLeaves()
    return [leaves.apply(place) for place in range(leaves.size())]


def _records(spark: SparkSession, leaf: Any) -> int | None:
    if leaf.getClass().getSimpleName() != "LogicalRelation":
        return None
    location = leaf.relation().location()
    if location.getClass().getSimpleName() != "PreparedDeltaFileIndex":
        return None
    # Delta's own log has a count for each file. Parquet footers are a request for each, and Spark's estimate a guess.
    scan = location.preparedScan()
    jvm: Any = spark._jvm
    files = scan.scannedSnapshot().filesForScan(scan.allFilters().toSeq(), True).files()
    encoder = jvm.org.apache.spark.sql.delta.actions.SingleAction.addFileEncoder()
    session: Any = spark._jsparkSession
    counted = DataFrame(session.createDataset(files, encoder).toDF(), spark).agg(
        F.sum(F.get_json_object("stats", "$.numRecords").cast("bigint")).alias("records"),
        F.count_if(F.get_json_object("stats", "$.numRecords").isNull()).alias("unknown"),
    )
    row = counted.first()
    assert row is not None, "an aggregate without grouping has one row"
    return None if row["unknown"] else int(row["records"] or 0)
