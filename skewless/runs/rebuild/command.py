"""`skewless rebuild`."""

from __future__ import annotations

from pyspark.sql import SparkSession

from skewless.lake.session import private_session
from skewless.parts.publish import (
    Output,
    SparkHistory,
    manifest_of_version,
    read_manifests,
    refuse_foreign_table,
)
from skewless.runs.execution import REFUSED, Result, Run, refuse_no_location
from skewless.runs.rebuild.rebuild import rebuild
from skewless.runs.rebuild.summary import summary_of_rebuild
from skewless.training_set.recorded import Recorded


def rebuild_training_set(run: Run, name: str, version: int, to: str | None) -> Result:
    """`skewless rebuild`: exit code 3 where the rows are not the ones that the version wrote."""
    location = run.configuration().output_of(name)
    spark = private_session(run.spark())
    target = None if to is None else _new_place(spark, to)
    output = Output.at(spark, location)
    refuse_foreign_table(spark, output, name)
    manifest = manifest_of_version(name, read_manifests(SparkHistory(spark, output))[0], version)
    found = rebuild(spark, output, Recorded(version, manifest), target)
    return Result(found.to_json(), summary_of_rebuild(found), 0 if found.identical else REFUSED)


def _new_place(spark: SparkSession, location: str) -> Output:
    """Where a table may be made; InputError where the option names no place that there is."""
    refuse_no_location("--output", location)
    return Output.at(spark, location, "--output")
