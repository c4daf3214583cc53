"""The table of a feature log and the one beside it for rejected lines: made, grown and written to, each row once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType

from skewless.config import is_path
from skewless.ground.errors import InputError, afterwards
from skewless.ground.names import EVENT_DATE
from skewless.ground.spark_columns import column
from skewless.lake.sources import delta_table, latest_version
from skewless.lake.tables import CREATED_MEANWHILE, Place
from skewless.parts.log.column_types import converted, fits, struct_of
from skewless.parts.log.decoding import STRUCTS
from skewless.parts.log.merging import PREDICTION, Wanted

OWNER = "skewless.feature_log"
RECORDS, REJECTED = "records", "rejected lines"
SKIP_EMPTY = "spark.databricks.delta.skipRecordingEmptyCommits"
ALWAYS = struct_of(
    "record_id string, written_at timestamp, host string, pid bigint, model_version string, fingerprint string, "
    "event_timestamp timestamp, request_id string, types string, ingested_at timestamp, event_date date, "
    "materialized_at timestamp"
)
"""The columns that a table of records has from the start; one of an older release is given those it lacks."""
REJECTIONS = struct_of(
    "rejection_id string, record_id string, file string, reason string, raw string, raw_bytes binary, "
    "rejected_at timestamp"
)


@dataclass(frozen=True)
class LogTable:
    """A Delta table that this package makes: records of a log, or its rejected lines."""

    place: Place
    holds: str
    begins_with: StructType

    @classmethod
    def of_records(cls, spark: SparkSession, location: str) -> LogTable:
        return cls(Place.at(spark, location), RECORDS, ALWAYS)

    @classmethod
    def of_rejections(cls, spark: SparkSession, location: str) -> LogTable:
        """The table for what a log's table could not take."""
        return cls(Place.at(spark, rejected_name(location)), REJECTED, REJECTIONS)

    def exists(self, spark: SparkSession) -> bool:
        """Whether it is there; InputError where something else is."""
        found = self.place.found(spark, OWNER)
        if found.is_foreign:
            raise InputError(
                f"table '{self.place.location}' holds {found.what} that ingest-log did not make; give another table"
            )
        if found.holds not in (None, self.holds):
            raise InputError(
                f"table '{self.place.location}' holds a log's {found.holds}, not {self.holds}; give another table"
            )
        return found.holds is not None

    def is_ours(self, spark: SparkSession) -> bool:
        """Whether a table is there that this package made to hold this."""
        try:
            return self.exists(spark)
        except InputError:
            return False

    def create(self, spark: SparkSession) -> None:
        """Make it, without rows, if it is not there."""
        if self.exists(spark):
            return
        by_date = [EVENT_DATE] if EVENT_DATE in self.begins_with.names else []
        try:
            self.place.create(spark.createDataFrame([], self.begins_with), OWNER, self.holds, *by_date)
        except AnalysisException as error:
            if error.getCondition() not in CREATED_MEANWHILE or not self.exists(spark):
                raise

    def rows(self, spark: SparkSession) -> DataFrame:
        """What it holds now."""
        table = delta_table(spark, self.place.location)
        if table is None:
            raise InputError(f"table '{self.place.location}' is gone; run ingest-log again")
        return table.toDF()

    def version(self, spark: SparkSession) -> int:
        table = delta_table(spark, self.place.location)
        assert table is not None, "a table that was made or found"
        return latest_version(table)

    def note_written(self, spark: SparkSession, rows: int) -> int:
        """Let the run's datasets say that it added so many rows; the version that they stand in."""
        version = self.version(spark)
        self.place.note_written(self.rows(spark), version, rows)
        return version

    def insert_new(self, rows: DataFrame, condition: str) -> int:
        """Add the rows that match none of the table's by the condition on `new` and `old`; how many those were.

        One commit; two runs that add at the same time conflict, so that none adds what the other did.
        """
        table = delta_table(rows.sparkSession, self.place.location)
        assert table is not None, "a table that was made or found"
        # A merge and not an append with `txnAppId`: that saves a repeated batch, but knows nothing of a copied file,
        # and two appends at a time never conflict.
        merge = table.alias("old").merge(rows.alias("new"), condition).whenNotMatchedInsertAll()
        counts = merge.execute().first()
        assert counts is not None, "a merge gives its counts"
        return int(counts["num_inserted_rows"])

    def can_become(self, spark: SparkSession, wanted: Wanted, data_type: DataType) -> bool:
        """Whether every value of a standing column fits into another type."""
        assert wanted.standing is not None, "a standing column"
        is_misfit = ~fits(wanted.value, wanted.standing, data_type)
        return self.rows(spark).where(is_misfit).limit(1).count() == 0

    def evolve(self, spark: SparkSession, columns: Iterable[Wanted]) -> StructType:
        """Give the table these columns of logged values, and give its schema.

        New ones are added by a commit without rows. Where a type changes, the table is written anew in one commit.
        """
        wanted = list(columns)
        standing = self.rows(spark)
        lacking = [field for field in ALWAYS if field.name not in standing.columns]
        if not lacking and not any(item.is_new or item.changes for item in wanted):
            return standing.schema
        standing = standing.withColumns({each.name: F.lit(None).cast(each.dataType) for each in lacking})
        grown = standing.select(*map(column, ALWAYS.names), *_logged(wanted, standing.schema))
        if any(item.changes for item in wanted):
            # Delta's type widening would save the rewrite; delta-rs and DuckDB cannot read a table that has it.
            writer = grown.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
            self._save(spark, writer.partitionBy(EVENT_DATE))
        else:
            writer = grown.limit(0).write.format("delta").mode("append").option("mergeSchema", "true")
            self._save(spark, writer)
        return self.rows(spark).schema

    def _save(self, spark: SparkSession, writer: object) -> None:
        spark.conf.set(SKIP_EMPTY, "false")
        with afterwards(lambda: spark.conf.unset(SKIP_EMPTY)):
            writer.save(self.place.folder)  # type: ignore[attr-defined]


def rejected_name(location: str) -> str:
    """The location of the table for rejected lines.

    >>> rejected_name("s3a://bucket/log/"), rejected_name("lake.log"), rejected_name("lake.`my log`")
    ('s3a://bucket/log_rejected', 'lake.log_rejected', 'lake.`my log_rejected`')
    """
    if location.endswith("`") and not is_path(location):
        return f"{location[:-1]}_rejected`"
    return location.rstrip("/") + "_rejected"


def _logged(wanted: list[Wanted], schema: StructType) -> list[Column]:
    """The columns of logged values in their wanted types, those of names as structs."""
    by_role: Mapping[str, list[Wanted]] = {
        role: [item for item in wanted if item.role == role] for role in (*STRUCTS, PREDICTION)
    }
    columns: list[Column] = []
    for role, items in by_role.items():
        values = [
            (
                F.lit(None).cast(item.stored)
                if item.standing is None
                else converted(item.value, item.standing, item.stored)
            ).alias(item.name or role)
            for item in items
        ]
        if role == PREDICTION:
            columns += values
        elif values:
            value = F.struct(*values)
            is_there = column(role).isNotNull() if role in schema.names else F.lit(False)
            columns.append(F.when(is_there, value).alias(role))
    return columns
