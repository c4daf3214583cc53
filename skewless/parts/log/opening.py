"""A table of ingest-log, or the name of a mapped log → its rows in one layout."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from skewless.config import Configuration, LogMapping, is_location
from skewless.ground.errors import InputError
from skewless.ground.names import nearest
from skewless.lake.sources import Source, open_source
from skewless.parts.log.decoding import STRUCTS
from skewless.parts.log.mapping import mapped
from skewless.parts.log.table import ALWAYS, LogTable

LAYOUT = (
    *(
        "record_id",
        "written_at",
        "host",
        "pid",
        "model_version",
        "fingerprint",
        "event_timestamp",
        "request_id",
    ),
    *("prediction", "entity", "features", "tags", "types", "ingested_at", "event_date", "materialized_at"),
)
"""The columns of every opened log, in order."""


def open_log(spark: SparkSession, log: str, configuration: Configuration) -> DataFrame:
    """The records of a log at its newest version: columns LAYOUT, as docs/feature-log-table.md says.

    `log` is the name of a file in conf/logs, else a table that ingest-log made. `spark` has to be a session of the
    run's own. Errors: InputError where it is neither, and where a mapping does not fit its table.
    """
    names = configuration.log_names
    return open_records(spark, log, configuration.log(log) if log in names else None, names).rows


def open_records(
    spark: SparkSession,
    log: str,
    mapping: LogMapping | None,
    names: Iterable[str],
    version: int | None = None,
) -> Source:
    """The same with its place, at a version if one is given; `names` are those that there are mappings for."""
    if mapping is not None:
        source = open_source(spark, mapping.source, f"log '{log}'", version)
        return replace(source, rows=mapped(source.rows, mapping))
    if not is_location(log):
        raise InputError(f"log '{log}' is neither a name of conf/logs, nor a path, nor a catalog table name")
    if not LogTable.of_records(spark, log).is_ours(spark):
        guess = nearest(log, names)
        remedy = f"did you mean '{guess}'?" if guess else "say in conf/logs/NAME.yml what its columns mean"
        raise InputError(f"log '{log}' is no table that ingest-log made and no name of conf/logs; {remedy}")
    source = open_source(spark, log, f"log '{log}'", version)
    return replace(source, rows=source.rows.select(*(_column(name, source.rows.schema) for name in LAYOUT)))


def _column(name: str, schema: StructType) -> Column:
    if name in schema.names:
        return F.col(name)
    if name in ALWAYS.names:
        return F.lit(None).cast(ALWAYS[name].dataType).alias(name)
    return (F.struct() if name in STRUCTS else F.lit(None)).alias(name)
