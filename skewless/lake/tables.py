"""What all Delta tables of this package have in common: where they are, who made them, and what they avoid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
from pyspark.sql import SparkSession

from skewless.config import is_path
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


@dataclass(frozen=True)
class Place:
    """A table by path or catalog name: its `location` as configured, its folder, and what SQL calls it."""

    location: str
    folder: str
    sql_name: str

    @classmethod
    def at(cls, spark: SparkSession, location: str) -> Place:
        if is_path(location):
            absolute = Hadoop(spark).absolute(location).replace("`", "``")
            return cls(location, location.rstrip("/"), f"delta.`{absolute}`")
        if spark.catalog.tableExists(location):
            detail = spark.sql(f"DESCRIBE DETAIL {location}").first()
            assert detail is not None, "DESCRIBE DETAIL has one row"
            return cls(location, str(detail["location"]).rstrip("/"), location)
        *parts, table = location.replace("`", "").split(".")
        database = spark.catalog.getDatabase(".".join(parts) or spark.catalog.currentDatabase())
        return cls(location, f"{database.locationUri.rstrip('/')}/{table.lower()}", location)

    def properties(self, spark: SparkSession) -> Mapping[str, str]:
        """The properties of the Delta table that is here."""
        rows = spark.sql(f"SHOW TBLPROPERTIES {self.sql_name}").collect()
        return {row["key"]: row["value"] for row in rows}

    def holds_files(self, spark: SparkSession) -> bool:
        """Whether anything but hidden files is in the folder, or the folder is a file."""
        files = Hadoop(spark)
        return files.is_file(self.folder) or any(
            not name.startswith(("_", ".")) for name in files.list(self.folder)
        )
