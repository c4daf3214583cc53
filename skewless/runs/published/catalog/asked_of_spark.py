"""The same of a table in a catalog or a remote store, through a Spark session."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from skewless.ground.errors import NoTableError
from skewless.lake.session import private_session
from skewless.lake.sources import delta_table, open_source
from skewless.parts.publish import Output, SparkHistory, read_manifests
from skewless.runs.published.catalog.known_table import KnownColumn, KnownTable


def columns_of(spark: SparkSession, location: str, subject: str) -> KnownTable:
    return KnownTable(_columns(open_source(private_session(spark), location, subject).rows.schema))


def published_in(spark: SparkSession, location: str) -> KnownTable:
    session = private_session(spark)
    table = delta_table(session, location)
    if table is None:
        raise NoTableError(f"'{location}': nothing is published")
    versions, _ = read_manifests(SparkHistory(session, Output.at(session, location)))
    return KnownTable(_columns(table.toDF().schema), versions)


def _columns(schema: StructType) -> list[KnownColumn]:
    return [
        KnownColumn(each.name, each.dataType.simpleString(), str(each.metadata.get("comment", "")))
        for each in schema
    ]
