"""A training set's place → what it tells of its commits: through Spark, or without its JVM where the place is local."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.ground.errors import NoTableError
from skewless.ground.names import EVENT_DATE
from skewless.ground.run.commits import HISTORY, Commit
from skewless.lake.delta_rs import DeltaRsTable, is_asked_here
from skewless.lake.local_files import entries, texts
from skewless.lake.session import private_session
from skewless.lake.sources import delta_table, partition_values
from skewless.lake.storage import Hadoop, local_path
from skewless.parts.publish.places import Output


class History(Protocol):
    """What is known of a table without its rows."""

    @property
    def output(self) -> Output: ...

    def commits(self, most: int = HISTORY) -> list[Commit]:
        """The newest so many that Delta's log still tells of, newest first; [] where there is no table."""

    def dates(self) -> frozenset[date | None]:
        """The dates that rows stand in, None where some have no T; the table has to be there."""

    def names(self, folder: str) -> list[str]:
        """Of the files in a folder of the output's, [] where there is none."""

    def texts(self, folder: str, names: Sequence[str]) -> Mapping[str, str | OSError]:
        """Name → the text of a file in such a folder, or why it cannot be read."""


@dataclass(frozen=True)
class SparkHistory:
    """By Spark and Hadoop's file systems, wherever the table is."""

    spark: SparkSession
    output: Output

    def commits(self, most: int = HISTORY) -> list[Commit]:
        table = delta_table(self.spark, self.output.location)
        if table is None:
            return []
        columns = ("version", "operation", "operationParameters", "userMetadata")
        rows = table.history(most).select(*columns, F.unix_micros("timestamp")).collect()
        return [Commit(*row) for row in rows]

    def dates(self) -> frozenset[date | None]:
        return _dates(partition_values(self.spark, self.output.folder, EVENT_DATE))

    def names(self, folder: str) -> list[str]:
        return Hadoop(self.spark).list(folder)

    def texts(self, folder: str, names: Sequence[str]) -> Mapping[str, str | OSError]:
        return Hadoop(self.spark).read_all(folder, names)


@dataclass(frozen=True)
class LocalHistory:
    """By delta-rs and this machine's own files."""

    table: DeltaRsTable

    @property
    def output(self) -> Output:
        return Output(self.table.location, self.table.location.rstrip("/"), "")

    def commits(self, most: int = HISTORY) -> list[Commit]:
        return self.table.commits_of(most)

    def dates(self) -> frozenset[date | None]:
        return _dates(self.table.partition_values(EVENT_DATE))

    def names(self, folder: str) -> list[str]:
        return [entry.name for entry in entries(local_path(folder))]

    def texts(self, folder: str, names: Sequence[str]) -> Mapping[str, str | OSError]:
        return texts(local_path(folder), names)


def history_of(location: str, spark: Callable[[], SparkSession]) -> History:
    """Without Spark where delta-rs finds a table on this machine; else it is asked for.

    A path without a scheme is on the default file system, which Spark alone knows: what is not found here may be there.
    Errors: InputError for a table that delta-rs finds and cannot read.
    """
    if is_asked_here(location) and (local_path(location) / "_delta_log").is_dir():
        with suppress(NoTableError):
            return LocalHistory(DeltaRsTable.at(location))
    session = private_session(spark())
    return SparkHistory(session, Output.at(session, location))


def _dates(written: set[str | None]) -> frozenset[date | None]:
    return frozenset(None if day is None else date.fromisoformat(day) for day in written)
