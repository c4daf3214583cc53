"""Delta tables by path or catalog name, each pinned to the version that stands when it is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delta.tables import DeltaTable
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.config import is_path
from skewless.ground.errors import InputError
from skewless.ground.run.commits import RESTORED
from skewless.ground.run.datasets import Dataset, Field
from skewless.ground.run.steps import this_run
from skewless.lake.failures import as_unreadable, failed_file, refuse_at_the_machine, remember_input
from skewless.lake.jvm.causes import READ_ERRORS, reason_of
from skewless.lake.jvm.listed_files import files_in, rows_of_listed
from skewless.lake.jvm.log_files import broken_commit, refuse_empty_commit
from skewless.lake.jvm.not_delta import no_delta_table
from skewless.lake.plan_reads import reads_beside
from skewless.lake.storage import Hadoop


@dataclass(frozen=True)
class Source:
    """A table at one version: `rows` reads that version whatever is written meanwhile."""

    location: str
    version: int
    rows: DataFrame


@dataclass(frozen=True)
class Versions:
    """Which version of each input is read, by the input's name in a manifest; None: the newest of each."""

    recorded: Mapping[str, int] | None = None

    def of(self, name: str) -> int | None:
        """The version of one input, None for the newest. Errors: InputError where there should be one and is none."""
        if self.recorded is None:
            return None
        if name not in self.recorded:
            known = ", ".join(self.recorded) or "none"
            raise InputError(
                f"input '{name}': no version of it is recorded; recorded are {known}; build it again instead"
            )
        return self.recorded[name]


NEWEST = Versions()


def delta_table(spark: SparkSession, location: str) -> DeltaTable | None:
    """The Delta table at a path or of a catalog name, None where there is none.

    Errors: InputError where a commit of it holds nothing.
    """
    table = _delta_table(spark, location)
    if table is not None:
        handle: Any = table._jdt
        # The snapshot that the log was just opened with, not a newer one: that would list it again.
        refuse_empty_commit(handle.deltaLog().unsafeVolatileSnapshot(), f"table '{location}'")
    return table


def _delta_table(spark: SparkSession, location: str) -> DeltaTable | None:
    try:
        if is_path(location):
            return DeltaTable.forPath(spark, location)
        return DeltaTable.forName(spark, location) if spark.catalog.tableExists(location) else None
    # No table at a path, or no catalog or database of the name, is an error of the analyser.
    except AnalysisException:
        return None


def open_source(spark: SparkSession, location: str, subject: str, version: int | None = None) -> Source:
    """The table at a version, by default pinned to its newest.

    Errors, naming `subject`, what the configuration calls the table: NoTableError where there is no table,
    ParquetSourceError where it is of Parquet, InputError where it cannot be read.
    """
    try:
        newest = _newest_version(spark, location)
        if newest is None:
            raise no_delta_table(spark, location, subject)
        version = newest if version is None else version
        rows = read_version(spark, location, version)
        refuse_empty_commit(_index_of(rows).getSnapshot(), subject)
        remember_input(root := root_of(rows), subject)
        this_run().touches(Dataset(root, location, False, version, fields_of(rows)))
        return Source(location, version, rows)
    except READ_ERRORS as error:
        broken = failed_file(error) or _broken_commit(spark, location)
        remedy = f"; {RESTORED}" if broken else ""
        raise as_unreadable(error, f"{subject}: cannot read {broken or location}", remedy) from error


def _newest_version(spark: SparkSession, location: str) -> int | None:
    """The newest version of a Delta table, None where there is no table."""
    if is_path(location):
        # Of the log itself: Delta's handle of a table reads it once more to have rows, which nobody asked for here.
        version = int(_snapshot_at(spark, location).version())
        return None if version < 0 else version
    table = _delta_table(spark, location)
    return None if table is None else latest_version(table)


def fields_of(rows: DataFrame) -> tuple[Field, ...]:
    """The columns of rows, as a run's datasets have them."""
    return tuple(Field(each.name, each.dataType.simpleString()) for each in rows.schema)


def _broken_commit(spark: SparkSession, location: str) -> str | None:
    return broken_commit(spark, location) if is_path(location) else None


def root_of(rows: DataFrame) -> str:
    """The directory of a Delta table that is read as a whole."""
    return str(_index_of(rows).rootPaths().head().toString())


def _index_of(rows: DataFrame) -> Any:
    plan: Any = rows._jdf.queryExecution().analyzed()
    return plan.collectLeaves().head().relation().location()


def partition_values(spark: SparkSession, folder: str, name: str) -> set[str | None]:
    """The values of a partition column that some file of a Delta table's newest version has, as its log has them.

    Of the log alone: a query for them would open every file, for the number of its rows.
    """
    snapshot = _snapshot_at(spark, folder)
    refuse_empty_commit(snapshot, f"table '{folder}'")
    files = DataFrame(snapshot.allFiles().toDF(), spark)
    return {row[0] for row in files.select(F.col("partitionValues").getItem(name)).distinct().collect()}


def _snapshot_at(spark: SparkSession, folder: str) -> Any:
    """What stands in a folder now; its version is -1 where there is no Delta table."""
    log: Any = spark._jvm.org.apache.spark.sql.delta.DeltaLog  # type: ignore[union-attr]
    session: Any = spark._jsparkSession
    return log.forTableWithSnapshot(session, folder)._2()


def rows_of_files(spark: SparkSession, location: str, version: int, paths: Sequence[str]) -> DataFrame:
    """The rows that these files hold of a version of a table, by their paths in its log.

    As Delta reads the table, and not as plain Parquet, which has no partition columns, mapped names or deleted rows.
    """
    rows = read_version(spark, location, version)
    snapshot = _index_of(rows).getSnapshot()
    return rows_of_listed(rows, snapshot, list(files_in(snapshot, paths).values()))


def table_id(rows: DataFrame) -> str:
    """The id of the Delta table that is read as a whole: another table in its place has another one."""
    return str(_index_of(rows).getSnapshot().metadata().id())


def latest_version(table: DeltaTable) -> int:
    """The newest version there is now, whatever stood when `table` was looked up."""
    # Asked of the log: the newest line of the history would be a Spark job.
    return int(_newest_snapshot(table).version())


def table_property(table: DeltaTable, name: str) -> str | None:
    """A property of the table as it stands now, None where it is not set."""
    found = _newest_snapshot(table).metadata().configuration().get(name)
    return str(found.get()) if found.isDefined() else None


def _newest_snapshot(table: DeltaTable) -> Any:
    # An empty Option each for the time from which a snapshot is fresh enough, and for a catalog table, as Delta has it
    # where nobody says otherwise.
    handle: Any = table._jdt
    none = table._spark._jvm.scala.Option.empty()  # type: ignore[union-attr]
    return handle.deltaLog().update(False, none, none)


def read_version(spark: SparkSession, location: str, version: int) -> DataFrame:
    """The rows of one version of a table."""
    reader = spark.read.format("delta").option("versionAsOf", version)
    return reader.load(location) if is_path(location) else reader.table(location)


def why_unreadable(spark: SparkSession, location: str, version: int, *, with_files: bool) -> str | None:
    """Why a version of a table can no longer be read, None where it can.

    `with_files` asks the file system for each of its files, until one is gone; else only Delta's log is asked.
    """
    try:
        rows = read_version(spark, location, version)
        files = Hadoop(spark)
        gone = (path for path in rows.inputFiles() if not files.is_file(path)) if with_files else iter(())
        missing = next(gone, None)
    except (*READ_ERRORS, OSError) as error:
        refuse_at_the_machine(error)
        return reason_of(error)
    return None if missing is None else f"file {missing} is gone"


def run_query(
    spark: SparkSession, query: str, sources: Mapping[str, str], versions: Versions = NEWEST
) -> tuple[DataFrame, dict[str, Source]]:
    """The rows of a SELECT over views of pinned tables, and those tables by view name.

    The views live in `spark`, which has to be a session of the run's own. The query is read as a subquery, so that
    a statement which changes something is an error, not a change.
    Errors: InputError with whatever the query reads beside the views, which no version pins: another table or path,
    the path of a source, a view of the caller's.
    """
    opened = {
        view: open_source(spark, location, f"labels.sources '{view}'", versions.of(f"labels.{view}"))
        for view, location in sources.items()
    }
    for view, source in opened.items():
        # Views of pinned rows: the table's own name in a query would read whatever version stands when the plan runs.
        source.rows.createOrReplaceTempView(view)
    select = query.strip().removesuffix(";")
    try:
        rows = spark.sql(f"SELECT * FROM ({select}\n)")
    except PySparkException as error:
        raise InputError(f"labels.query: {reason_of(error)}") from error
    if beside := reads_beside(rows, sources):
        known = ", ".join(sources) or "none"
        remedy = "add it to labels.sources, and read it by its view"
        raise InputError(
            f"labels.query: reads {name} beside labels.sources ({known}), at no recorded version; {remedy}"
            for name in beside
        )
    return rows, opened
