"""The Spark session: made with Delta where there is none, and cloned so that nobody's settings change a value."""

from __future__ import annotations

import os
import sys
from typing import Any

from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession

from skewless.ground.errors import InputError
from skewless.lake.failures import jvm_is_lost

DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
DELTA_CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"

# What decides values, and therefore must not be the caller's: overflow is an error (W4),
# a timestamp without a zone in a predicate or query is UTC, text compares by bytes.
PINNED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.caseSensitive": "false",
    "spark.sql.mapKeyDedupPolicy": "EXCEPTION",
    # INT96, Spark's default, is read by others as a time without a zone.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}

# What decides speed alone. To keep an Arrow batch below so many bytes, Spark asks every vector for its size after each
# row, which for nested columns takes longer than the join; this value turns the question off. Batches stay bounded by
# spark.sql.execution.arrow.maxRecordsPerBatch. What the caller has set stays: rows of megabytes need a limit.
QUICK = {"spark.sql.execution.arrow.maxBytesPerBatch": str(2**31 - 1)}


# Delta refuses a version whose commit is more than a week old, also where VACUUM has not run and its files are there.
# Whoever reads an old version here is told if a file is gone.
BY_FILES_NOT_BY_AGE = {
    "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration": "false"
}


def get_spark(app_name: str) -> SparkSession:
    """The running session (spark-submit's, a notebook's), else a local one with Delta.

    Errors: InputError where a session runs without Delta's extension, since its jars cannot be added afterwards.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if jvm_is_lost():
        _let_go_of_the_session()
    builder = SparkSession.builder.appName(app_name)
    if SparkSession.getActiveSession() is None and "PYSPARK_GATEWAY_PORT" not in os.environ:
        builder = _with_local_defaults(builder)
    spark = builder.getOrCreate()
    if DELTA_EXTENSION not in (spark.conf.get("spark.sql.extensions", "") or ""):
        raise InputError(
            "Spark session: Delta Lake is not configured; submit with --properties-file conf/spark/local.conf "
            f"or set spark.sql.extensions={DELTA_EXTENSION} and its package"
        )
    return spark


def _let_go_of_the_session() -> None:
    """Forget a session whose JVM is gone: pyspark would go on asking it, and a result may need another to be written.

    Under spark-submit there is no other, as the JVM is the parent of this process.
    """
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = SparkSession._activeSession = None


def _with_local_defaults(builder: Any) -> Any:
    from delta import configure_spark_with_delta_pip

    defaults = {
        "spark.master": os.environ.get("SKEWLESS_MASTER", "local[*]"),
        "spark.driver.memory": os.environ.get("SKEWLESS_DRIVER_MEMORY", "4g"),
        "spark.sql.extensions": DELTA_EXTENSION,
        "spark.sql.catalog.spark_catalog": DELTA_CATALOG,
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        "spark.log.level": os.environ.get("SKEWLESS_LOG_LEVEL", "FATAL"),
        "spark.databricks.delta.snapshotPartitions": "4",
    }
    for key, value in defaults.items():
        builder = builder.config(key, value)
    return configure_spark_with_delta_pip(builder)


def private_session(spark: SparkSession, **settings: str) -> SparkSession:
    """A clone with the caller's credentials, catalog and views, and the settings that decide a value or speed pinned.

    It reads versions of tables as long as their files are there.

    The caller's own session is not touched: frames are analysed in the clone, where each expression keeps the
    zone and the overflow rule that it was analysed with, and given back with `hand_over`.
    """
    clone = SparkSession(spark.sparkContext, spark._jsparkSession.cloneSession())
    own_choice = spark.conf.getAll
    quick = {key: value for key, value in QUICK.items() if key not in own_choice}
    for key, value in {**PINNED, **BY_FILES_NOT_BY_AGE, **quick, **settings}.items():
        clone.conf.set(key, value)
    return clone


def hand_over(frame: DataFrame, spark: SparkSession) -> DataFrame:
    """The same analysed plan as a DataFrame of the caller's session, so that its views and joins work as usual."""
    jvm: Any = spark._jvm
    dataset = jvm.org.apache.spark.sql.classic.Dataset.ofRows(spark._jsparkSession, frame._jdf.logicalPlan())
    return DataFrame(dataset, spark)
