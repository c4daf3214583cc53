"""Files of the feature log → micro-batches, each a fixed set of files that the checkpoint names before it is read."""

from __future__ import annotations

import hashlib
from datetime import datetime

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.ground.errors import InputError, PublishConflictError, afterwards
from skewless.lake.failures import remember_input
from skewless.lake.storage import Hadoop
from skewless.lake.tables import CONFLICTS
from skewless.parts.log.batch import Counts, Tables, decoded, write
from skewless.parts.log.table import LogTable

BYTES_A_BATCH = 2**30
ATTEMPTS = 3


def tables_at(spark: SparkSession, location: str) -> Tables:
    """The table of a log and that of its rejected lines, there or not; InputError for a name that cannot be one."""
    return Tables(LogTable.of_records(spark, location), LogTable.of_rejections(spark, location))


def ingest(spark: SparkSession, folder: str, tables: Tables, now: datetime) -> Counts:
    """Read every finished file below the folder that no earlier run has read.

    `spark` has to be a session of the run's own. Errors: InputError for a folder that cannot be read and for
    tables that this package did not make; PublishConflictError where other runs kept writing.
    """
    absolute = _readable(spark, folder)
    # Asked first, though only made when a line is rejected: a foreign table there is refused before anything is
    # written.
    tables.rejections.exists(spark)
    tables.records.create(spark)
    run = _Run(tables, now)
    # The batch in the cache gives the same rows each time: no need to write it down once more for the merge.
    spark.conf.set("spark.databricks.delta.merge.materializeSource", "none")
    query = (
        _lines(spark, folder)
        .writeStream.foreachBatch(run.take)
        .option("checkpointLocation", _checkpoint(tables, absolute))
        # A stream that ends: its checkpoint knows which files were read, and names a batch's files before it reads
        # them.
        .trigger(availableNow=True)
        .start()
    )
    try:
        query.awaitTermination()
    # Spark wraps what a batch raises in words of its own; whose fault it is can be seen from the error itself only.
    except StreamingQueryException:
        if run.failure is not None:
            raise run.failure from None
        raise
    return run.counts


def _checkpoint(tables: Tables, folder: str) -> str:
    """A place of its own for each log folder, inside the table's, where Delta and its readers do not look.

    It only saves reading files again: what stands in the tables is never added twice.
    """
    name = hashlib.sha256(folder.encode()).hexdigest()[:16]
    return f"{tables.records.place.folder}/_skewless/ingest/{name}"


def _readable(spark: SparkSession, folder: str) -> str:
    """The folder's whole name; InputError where there is none."""
    if set(folder) & set("*?[]{}"):
        raise InputError(f"log folder '{folder}': * ? [ ] {{ }} stand for patterns; rename the folder")
    files = Hadoop(spark)
    try:
        if not files.is_folder(folder):
            raise InputError(f"log folder '{folder}': no such folder; give the directory of the FeatureLog")
        absolute = files.absolute(folder)
    except OSError as error:
        raise InputError(f"log folder '{folder}': {error}") from error
    remember_input(absolute, f"log folder '{folder}'")
    return absolute


def _lines(spark: SparkSession, folder: str) -> DataFrame:
    """Every line of the finished files, as bytes, since not every line has to be text."""
    stream = (
        spark.readStream.format("text")
        .option("lineSep", "\n")
        .option("pathGlobFilter", "*.jsonl")
        .option("recursiveFileLookup", "true")
        .option("maxBytesPerTrigger", str(BYTES_A_BATCH))
        # By default files more than a week older than the newest are passed over without a word.
        .option("maxFileAge", "36500d")
        .load(folder)
    )
    return stream.select(
        F.col("_metadata.file_path").alias("file"), F.col("value").cast("binary").alias("raw")
    )


class _Run:
    """One run's batches; `failure` is what a batch raised, which Spark would wrap in its own words."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self.tables = tables
        self.now = now
        self.counts = Counts()
        self.failure: Exception | None = None

    def take(self, lines: DataFrame, batch: int) -> None:
        try:
            self.counts += self._written(lines)
        except Exception as error:  # whatever it is, it has to leave through Spark
            self.failure = error
            raise

    def _written(self, lines: DataFrame) -> Counts:
        batch = decoded(lines)
        with afterwards(batch.rows.unpersist):
            for _ in range(ATTEMPTS):
                try:
                    return write(batch, self.tables, self.now)
                except CONFLICTS:  # another run has written meanwhile: see what stands now
                    continue
        location = self.tables.records.place.location
        raise PublishConflictError(f"table '{location}': other runs keep writing to it; run ingest-log again")
