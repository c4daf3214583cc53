"""What all Delta tables of this package have in common: where they are, who made them, and what they avoid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from delta.exceptions import (
    ConcurrentAppendException,
    ConcurrentDeleteDeleteException,
    ConcurrentDeleteReadException,
    ConcurrentTransactionException,
    ConcurrentWriteException,
    DeltaConcurrentModificationException,
    MetadataChangedException,
    ProtocolChangedException,
)
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.config import is_path
from skewless.ground.errors import InputError
from skewless.ground.run.datasets import Dataset
from skewless.ground.run.steps import this_run
from skewless.lake.failures import as_unwritable, remember_input
from skewless.lake.jvm.causes import READ_ERRORS
from skewless.lake.session import has_no_lasting_catalog
from skewless.lake.sources import delta_table, fields_of, table_property
from skewless.lake.storage import Hadoop

# No table feature that delta-rs and DuckDB cannot read, whatever defaults the session sets.
PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.checkpointPolicy": "classic",
    "delta.enableRowTracking": "false",
    "delta.minReaderVersion": "1",
    "delta.minWriterVersion": "2",
}

# Python's classes for Delta's conflicts have no base class of their own.
CONFLICTS = (
    ConcurrentAppendException,
    ConcurrentDeleteDeleteException,
    ConcurrentDeleteReadException,
    ConcurrentTransactionException,
    ConcurrentWriteException,
    DeltaConcurrentModificationException,
    MetadataChangedException,
    ProtocolChangedException,
)
CREATED_MEANWHILE = ("TABLE_OR_VIEW_ALREADY_EXISTS", "DELTA_TABLE_ALREADY_EXISTS")


NOTHING, SOMETHING, A_TABLE = "nothing", "something", "a table"


class Found(NamedTuple):
    """What is at a place: `what` in words, for a refusal, and what it `holds` where it is a table of ours."""

    what: str
    holds: str | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether something is there that is no table of ours, or not of this kind."""
        return self.what != NOTHING and self.holds is None


@dataclass(frozen=True)
class Place:
    """A table by path or catalog name: its `location` as configured, its folder, and what SQL calls it."""

    location: str
    folder: str
    sql_name: str

    @classmethod
    def at(cls, spark: SparkSession, location: str, subject: str = "table") -> Place:
        """Errors: InputError where there is no such place, MachineError where it may not be reached."""
        if not is_path(location) and "." not in location.partition(".")[2] and has_no_lasting_catalog(spark):
            raise InputError(
                f"{subject} '{location}' is a catalog table name, and the catalog of a local session ends with it; "
                "give a path, or run it by spark-submit on a Spark with a metastore"
            )
        try:
            place = cls._at(spark, location)
        except READ_ERRORS as error:
            raise as_unwritable(error, f"{subject} '{location}'") from error
        remember_input(Hadoop(spark).absolute(place.folder), f"{subject} '{location}'")
        return place

    @classmethod
    def _at(cls, spark: SparkSession, location: str) -> Place:
        if is_path(location):
            absolute = Hadoop(spark).absolute(location).replace("`", "``")
            return cls(location, location.rstrip("/"), f"delta.`{absolute}`")
        if spark.catalog.tableExists(location):
            detail = spark.sql(f"DESCRIBE DETAIL {location}").first()
            assert detail is not None, "DESCRIBE DETAIL has one row"
            return cls(location, str(detail["location"]).rstrip("/"), location)
        # There is no table yet to ask: this is where the catalog is going to put it.
        *parts, table = location.replace("`", "").split(".")
        database = spark.catalog.getDatabase(".".join(parts) or spark.catalog.currentDatabase())
        return cls(location, f"{database.locationUri.rstrip('/')}/{table.lower()}", location)

    def found(self, spark: SparkSession, owner: str) -> Found:
        """What is here, by the property `owner`, which tables of one kind have from the start."""
        if table := delta_table(spark, self.location):
            return Found(A_TABLE, table_property(table, owner))
        is_taken = (
            self._holds_files(spark) if is_path(self.location) else spark.catalog.tableExists(self.location)
        )
        return Found(SOMETHING if is_taken else NOTHING)

    def create(self, rows: DataFrame, owner: str, holds: str, *partition_columns: str) -> None:
        """Make a table of these rows here, which `found` then knows for one that holds this."""
        # With rows and properties in one commit: a table made first and filled later would for a moment be empty to
        # readers.
        writer = rows.writeTo(self.sql_name).using("delta")
        if partition_columns:
            writer = writer.partitionedBy(*map(F.col, partition_columns))
        for key, value in {**PROPERTIES, owner: holds}.items():
            writer = writer.tableProperty(key, value)
        writer.create()

    def note_written(self, like: DataFrame, version: int, rows: int) -> None:
        """Let the run's datasets say that it added so many rows, of the columns of `like`, as this version."""
        uri = Hadoop(like.sparkSession).absolute(self.folder)
        this_run().touches(Dataset(uri, self.location, True, version, fields_of(like), rows))

    def _holds_files(self, spark: SparkSession) -> bool:
        """Whether anything but hidden files is in the folder, or the folder is a file."""
        files = Hadoop(spark)
        return files.is_file(self.folder) or any(
            not name.startswith(("_", ".")) for name in files.list(self.folder)
        )
