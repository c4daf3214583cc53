"""What a caller hands over as a session and as label events → why it cannot be worked with, with the remedy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from py4j.java_gateway import JavaPackage
from py4j.protocol import Py4JError
from pyspark.sql import DataFrame, SparkSession

from skewless.ground.errors import InputError
from skewless.ground.version import other_spark
from skewless.serving.errors import kind_of

DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
DELTA_CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"
SPARKS_OWN_CATALOG = "builtin"

CLASSIC = "skewless needs a session with the driver in its own process"
HOW_TO_MAKE_ONE = (
    "unset SPARK_REMOTE and spark.api.mode, and start it with SparkSession.builder.getOrCreate()"
)
REMEDIES = {
    "pandas": "give spark.createDataFrame(labels)",
    "pyarrow": "give spark.createDataFrame(labels)",
    "polars": "give spark.createDataFrame(labels.to_arrow())",
    "pyspark": "give labels.to_spark()",
}
"""How what another library made becomes a Spark DataFrame, by the library."""


def refuse_session(spark: Any) -> None:
    """InputError where this is no session that skewless can work in: a classic one, running, with Delta."""
    if problem := _session_problem(spark):
        raise InputError(f"Spark session: {problem}")


def refuse_connect() -> None:
    """InputError where this process is told to make Spark Connect sessions, which have no JVM of their own."""
    if setting := next(
        (name for name in ("SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED") if os.environ.get(name)), None
    ):
        raise InputError(f"Spark session: {setting} asks for Spark Connect; {CLASSIC}; unset it")


def refuse_labels(labels: Any, spark: SparkSession) -> None:
    """InputError where these are no rows of a Spark DataFrame that this session can read."""
    if problem := _labels_problem(labels, spark):
        raise InputError(f"labels: {problem}")


def _session_problem(spark: Any) -> str | None:
    if problem := other_spark():
        return problem
    if _is_connect(spark):
        return f"this is one of Spark Connect; {CLASSIC}: {HOW_TO_MAKE_ONE}"
    if not isinstance(spark, SparkSession):
        return f"expected a SparkSession, found {kind_of(spark)}"
    if _is_stopped(spark):
        return "it is stopped; start another with SparkSession.builder.getOrCreate()"
    return other_spark(spark.version) or next(_lacks_delta(spark), None)


def _lacks_delta(spark: SparkSession) -> Iterator[str]:
    if DELTA_EXTENSION not in (spark.conf.get("spark.sql.extensions", "") or ""):
        yield (
            "Delta Lake is not configured; submit with --properties-file conf/spark/local.conf "
            f"or set spark.sql.extensions={DELTA_EXTENSION} and its package"
        )
    jvm: Any = spark._jvm
    if isinstance(jvm.io.delta.tables.DeltaTable, JavaPackage):
        yield "Delta Lake's jar is not there; add its package with spark.jars.packages or --packages"
    if spark.conf.get("spark.sql.catalog.spark_catalog", SPARKS_OWN_CATALOG) == SPARKS_OWN_CATALOG:
        yield f"its catalog is not Delta Lake's; set spark.sql.catalog.spark_catalog={DELTA_CATALOG}"


def _labels_problem(labels: Any, spark: SparkSession) -> str | None:
    if _is_connect(labels):
        return f"this is a DataFrame of Spark Connect; {CLASSIC}: {HOW_TO_MAKE_ONE}"
    if not isinstance(labels, DataFrame):
        remedy = REMEDIES.get(
            type(labels).__module__.partition(".")[0], "make one with spark.createDataFrame"
        )
        return f"expected a Spark DataFrame, found {kind_of(labels)}; {remedy}"
    if labels.sparkSession.sparkContext is not spark.sparkContext:
        return "this is a DataFrame of a session that is stopped; make it again in the running one"
    if labels.isStreaming:
        return "this is a stream; write it to a Delta table and read that with spark.read"
    return None


def _is_connect(given: Any) -> bool:
    return any(base.__module__.startswith("pyspark.sql.connect") for base in type(given).__mro__)


def _is_stopped(spark: SparkSession) -> bool:
    java: Any = spark.sparkContext._jsc
    try:
        return java is None or bool(java.sc().isStopped())
    except (Py4JError, OSError):  # its JVM is gone
        return True
