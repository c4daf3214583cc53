"""The Spark session: made with Delta where there is none, and cloned so that nobody's settings change a value."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile
from contextlib import nullcontext
from datetime import datetime, timezone
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.logger import PySparkLogger
from pyspark.sql import DataFrame, SparkSession

from skewless.ground.errors import InputError
from skewless.ground.run.steps import WrittenRun, step, this_run
from skewless.ground.version import other_spark
from skewless.lake.jvm.callers import DELTA_CATALOG, DELTA_EXTENSION, refuse_connect, refuse_session
from skewless.lake.jvm.lost_jvm import jvm_is_lost, keep_quiet_of_its_end

# What decides values, and therefore must not be the caller's: overflow is an error (W4),
# a timestamp without a zone in a predicate or query is UTC, text compares by bytes.
PINNED = {
    # Dates, casts and predicates would otherwise follow the clock of whoever runs the job (J9).
    "spark.sql.session.timeZone": "UTC",
    # Without it a sum that overflows wraps around, and a bad cast is a null: both unseen.
    "spark.sql.ansi.enabled": "true",
    # A literal without a zone is an instant; as NTZ it would compare with nothing here.
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    # Names compare case-insensitively in the configuration, so collisions are looked for that way.
    "spark.sql.caseSensitive": "false",
    # LAST_WIN would keep whichever entry came last, and a checksum would follow it.
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


WAREHOUSE = "skewless-warehouse-"


def get_spark(app_name: str) -> SparkSession:
    """The running session (spark-submit's, a notebook's), else a local one with Delta.

    Errors: InputError for a Spark that is not supported, for Spark Connect, and where a session runs without Delta,
    whose jars cannot be added afterwards.
    """
    if problem := other_spark():
        raise InputError(problem)
    refuse_connect()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if jvm_is_lost():
        _let_go_of_the_session()
    builder = SparkSession.builder.appName(app_name)
    is_own = SparkSession.getActiveSession() is None
    is_local = is_own and "PYSPARK_GATEWAY_PORT" not in os.environ
    if is_local:
        builder = _with_local_defaults(builder)
    with step("starting Spark") if is_own else nullcontext():
        if is_local:
            _start_jvm(builder)
        spark = builder.getOrCreate()
    if is_own:
        keep_quiet_of_its_end(spark.sparkContext)
    refuse_session(spark)
    return spark


def cancel_jobs() -> None:
    """End every Spark job of this process: one that is not the run's own, as pyspark does too where it is interrupted.

    Not by a tag of the run: Delta and broadcasts start jobs in threads that do not have it.
    """
    if context := SparkContext._active_spark_context:
        context.cancelAllJobs()


def leave_call() -> None:
    """Give up the connection of this thread to the JVM, on which a call is under way; the next call makes another.

    Else the answer to this call would be read as that to the next one.
    """
    client: Any = SparkContext._gateway and SparkContext._gateway._gateway_client
    # Without threads of its own in the JVM (PYSPARK_PIN_THREAD=false) a connection under way is used by nobody else.
    if connection := getattr(client, "get_thread_connection", lambda: None)():
        connection.close()


def _let_go_of_the_session() -> None:
    """Forget a session whose JVM is gone: pyspark would go on asking it, and a result may need another to be written.

    Under spark-submit there is no other, as the JVM is the parent of this process.
    """
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = SparkSession._activeSession = None


def _start_jvm(builder: Any) -> None:
    """Start the JVM in a process group of its own, if there is none yet.

    `timeout`, Airflow and others signal the whole group: a JVM that ends with the run leaves nobody to remove what the
    run has begun. It ends when this process does, as its standard input is closed then.
    """
    if SparkContext._gateway is None:
        conf = SparkConf(loadDefaults=False).setAll(builder._options.items())
        launch: Any = launch_gateway  # without types
        gateway = launch(conf, {"start_new_session": True})
        SparkContext._ensure_initialized(gateway=gateway)


def _with_local_defaults(builder: Any) -> Any:
    from delta import configure_spark_with_delta_pip

    defaults = {
        "spark.master": os.environ.get("SKEWLESS_MASTER", "local[*]"),
        "spark.driver.memory": os.environ.get("SKEWLESS_DRIVER_MEMORY", "4g"),
        "spark.sql.extensions": DELTA_EXTENSION,
        "spark.sql.catalog.spark_catalog": DELTA_CATALOG,
        "spark.sql.session.timeZone": "UTC",
        # Spark's own is a folder in the working directory. This session's catalog ends with it, and its tables too.
        "spark.sql.warehouse.dir": _own_warehouse(),
        # Else pyspark notes for each column the line of Python that made it, by three calls into the JVM.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        # Arrow looks before each value that crosses to Python whether its buffer is there and long enough, a tenth of
        # the work of a join; Spark's writers make the buffers that they write to. The default options, so that those
        # of a user's own in spark-defaults.conf (a proxy, a trust store) stay.
        "spark.driver.defaultJavaOptions": (
            "-Darrow.enable_unsafe_memory_access=true -Darrow.enable_null_check_for_get=false"
        ),
        # No port: two runs on one machine would look for free ones, and nobody watches a local run.
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        # What fails comes back as an exception, which is said in a line; Spark's log would add its stack.
        "spark.log.level": os.environ.get("SKEWLESS_LOG_LEVEL", "FATAL"),
        # Delta's 50 are for logs of millions of files: a first run over five tables took 26 s longer by them, 13 by
        # two.
        "spark.databricks.delta.snapshotPartitions": "4",
    }
    for key, value in defaults.items():
        builder = builder.config(key, value)
    return configure_spark_with_delta_pip(builder)


def _own_warehouse() -> str:
    folder = tempfile.mkdtemp(prefix=WAREHOUSE)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def has_no_lasting_catalog(spark: SparkSession) -> bool:
    """Whether what is written by a catalog name is gone with this process: our own session, without a metastore."""
    is_own = f"/{WAREHOUSE}" in str(spark.conf.get("spark.sql.warehouse.dir"))
    return is_own and spark.conf.get("spark.sql.catalogImplementation") == "in-memory"


def private_session(spark: SparkSession, **settings: str) -> SparkSession:
    """A clone with the caller's credentials, catalog and views, and the settings that decide a value or speed pinned.

    It reads versions of tables as long as their files are there.

    The caller's own session is not touched: frames are analysed in the clone, where each expression keeps the
    zone and the overflow rule that it was analysed with, and given back with `hand_over`.
    """
    # Not `newSession()`, which starts from the context's settings: paths may need credentials that only this session
    # has.
    clone = SparkSession(spark.sparkContext, spark._jsparkSession.cloneSession())
    own_choice: Any = spark._jsparkSession.conf()
    quick = {key: value for key, value in QUICK.items() if not own_choice.contains(key)}
    for key, value in {**PINNED, **BY_FILES_NOT_BY_AGE, **quick, **settings}.items():
        clone.conf.set(key, value)
    return clone


def written_run(spark: SparkSession) -> WrittenRun:
    """What a manifest says of the run that makes it: when it began, its steps so far, and the Spark that it is on."""
    return {
        **this_run().to_json(),
        "ended_at": datetime.now(timezone.utc).isoformat(),
        "spark": {"version": spark.version, "application_id": str(spark.sparkContext.applicationId)},
    }


def hush_query_errors() -> None:
    """Keep pyspark from logging the stack of an error that a command reports in a line."""
    # Py4J logs the stack of a connection that broke, and of its next try, to the root.
    logging.getLogger().addFilter(_is_not_of_py4j)
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    return "py4j" not in record.pathname


def worker_memory(spark: SparkSession) -> int | None:
    """The bytes that a Python worker may take (`spark.executor.pyspark.memory` for each core), None without a limit."""
    # Of the session, which knows the context's settings: pyspark fetches a copy of those one by one.
    limit = spark.conf.get("spark.executor.pyspark.memory", None)
    if limit is None:
        return None
    jvm: Any = spark._jvm
    megabytes = jvm.org.apache.spark.network.util.JavaUtils.byteStringAsMb(limit)
    return int(megabytes) * 2**20 // int(spark.conf.get("spark.executor.cores", None) or 1)


def hand_over(frame: DataFrame, spark: SparkSession) -> DataFrame:
    """The same analysed plan as a DataFrame of the caller's session, so that its views and joins work as usual."""
    jvm: Any = spark._jvm
    # Through the JVM, since pyspark has no way from one session to another but to collect.
    dataset = jvm.org.apache.spark.sql.classic.Dataset.ofRows(spark._jsparkSession, frame._jdf.logicalPlan())
    return DataFrame(dataset, spark)
