"""Staging, the one commit that publishes, and the refusals that keep other tables safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from delta.tables import DeltaTable
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from skewless.config import is_path
from skewless.ground.errors import InputError, afterwards
from skewless.ground.instants import DAY_IN_MICROSECONDS, utc
from skewless.ground.names import EVENT_DATE
from skewless.ground.run.commits import text_of
from skewless.ground.run.manifest import Manifest
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import doing, step
from skewless.ground.run.stops import decide
from skewless.ground.spark_columns import column
from skewless.ground.standard_output import tell
from skewless.lake.failures import refuse_at_the_machine
from skewless.lake.jvm.causes import READ_ERRORS
from skewless.lake.jvm.listed_files import first_commit
from skewless.lake.sources import delta_table, latest_version
from skewless.lake.storage import Hadoop
from skewless.lake.tables import CONFLICTS, CREATED_MEANWHILE
from skewless.parts.publish.checksum import checksum
from skewless.parts.publish.comparison import other_columns
from skewless.parts.publish.first import first_publication, is_first_publication, published_meanwhile
from skewless.parts.publish.history import SparkHistory
from skewless.parts.publish.leases import leased
from skewless.parts.publish.leftovers import sweep
from skewless.parts.publish.manifest import committed, write_beside
from skewless.parts.publish.places import KINDS, Output, held_text
from skewless.parts.publish.standing import Standing


def refuse_foreign_table(spark: SparkSession, output: Output, name: str) -> None:
    """InputError where the output holds anything but the rows of this training set, of the kind that goes there."""
    found = {owner: output.place.found(spark, owner) for owner in KINDS}
    own, place = found[output.owner], f"output '{output.location}'"
    held = [held_text(owner, each.holds) for owner, each in found.items() if each.holds is not None]
    if held and own.holds != name:
        wanted = held_text(output.owner, name) if own.holds is None else f"'{name}'"
        raise InputError(f"{place} holds {held[0]}, not {wanted}; give another output")
    if own.is_foreign and not is_first_publication(spark, output, own):
        raise InputError(f"{place} holds {own.what} that skewless did not make; give another output")


def refuse_taken(spark: SparkSession, output: Output) -> None:
    """InputError where the output holds anything, be it hidden files or a part of some other table."""
    location = output.location
    if is_path(location):
        files = Hadoop(spark)
        holds_files = bool(files.list(location)) and not is_first_publication(spark, output)
        is_taken = files.is_file(location) or holds_files or DeltaTable.isDeltaTable(spark, location)
    else:
        is_taken = spark.catalog.tableExists(location)
    if is_taken:
        raise InputError(
            f"--output '{location}' holds something already, or lies inside a table; give a place that is empty"
        )


def stage(rows: DataFrame, output: Output, run_id: str) -> DataFrame:
    """Write the rows to this run's own place; gives them read back from there."""
    # The joins run once, here. What is audited, validated, hashed and published is read back from this place, so that
    # all four see the same rows: a plan that is run again may number label events otherwise, and costs the joins
    # again. A cache instead would be computed anew, in part, when an executor is lost.
    place = output.staging(run_id)
    # `error`: the place is named by the run, so that anything there would be another run's.
    with doing(f"staging rows in {place}"), _without_statistics(rows.sparkSession):
        rows.write.format("delta").mode("error").save(place)
        return first_commit(rows.sparkSession, place, rows.schema)


@contextmanager
def _without_statistics(spark: SparkSession) -> Iterator[None]:
    """Nobody looks for staged rows by their values, and each file's statistics would be computed and written down."""
    collected = "spark.databricks.delta.stats.collect"
    before = spark.conf.get(collected)
    spark.conf.set(collected, "false")
    with afterwards(lambda: spark.conf.set(collected, before or "true")):
        yield


@contextmanager
def staging_discarded(spark: SparkSession, output: Output, run_id: str) -> Iterator[None]:
    """Remove what `stage` wrote, whatever became of it, and what dead runs have staged; others know this one for alive
    until then.
    """
    files, place = Hadoop(spark), output.staging(run_id)
    with (
        leased(files, output.lease(run_id)),
        afterwards(lambda: files.delete(place), f"staging {place}"),
    ):
        sweep(files, output, run_id)
        yield


@step("keeping rejected rows")
def reject(spark: SparkSession, rows: DataFrame, output: Output, manifest: Mapping[str, Any]) -> str:
    """Keep the rows among the rejected ones and write down why; gives their place."""
    decide()
    place = output.rejected(manifest["run_id"])
    # The rows first: a reason must not name a place that a killed run has left empty.
    with doing(f"keeping rejected rows in {place}"):
        rows.write.format("delta").mode("error").save(place)
        Hadoop(spark).write(f"{output.refusals}/{manifest['run_id']}.json", text_of(manifest))
    return place


@step("comparing with what stands")
def standing_version(
    spark: SparkSession, staged: DataFrame, standing: Standing, predicate: str | None, manifest: Manifest
) -> int | None:
    """The version that stands where publishing would change nothing: its rows in the slice have the checksum of the
    manifest, and are of the same definition. Else None.
    """
    table = delta_table(spark, standing.output.location)
    if table is None or not standing.is_of(
        manifest["serving_plan"]["fingerprint"], RunRange.written(manifest)
    ):
        return None
    # The schema apart: the checksum goes by values in their places, and a renamed column keeps it.
    rows = table.toDF()
    types = {field.name: field.dataType for field in rows.schema}
    is_whole = predicate is None and rows.columns != staged.columns
    if is_whole or any(types.get(field.name) != field.dataType for field in staged.schema):
        return None
    replaced = rows if predicate is None else rows.where(predicate)
    try:
        content = checksum(replaced.select(*map(column, staged.columns)))
    except READ_ERRORS as error:  # one of its files is gone or torn, and to publish is what mends it
        refuse_at_the_machine(error)
        return None
    if content != manifest["checksum"]:
        return None
    standing.output.place.note_written(staged, version := latest_version(table), rows=0)
    return version


@step("publishing")
def publish(
    spark: SparkSession,
    staged: DataFrame,
    output: Output,
    predicate: str | None,
    manifest: Mapping[str, Any],
    unless: Callable[[], None] = lambda: None,
) -> int:
    """Make the staged rows visible in one commit that carries the manifest; gives its version.

    `predicate` bounds the slice that is replaced, exactly; without one the whole table is. Where the rows that stay are
    of another definition with other columns, the table has the columns of both, null where a definition lacks them,
    until the last of those rows is replaced. `spark` has to be a session of the run's own.
    `unless` is asked at last, and raises where what others have published since the run began keeps it from this.
    From here on the run is not stopped any more. Errors: PublishConflictError where another run replaced the same rows
    meanwhile.
    """
    decide()
    unless()
    # In the commit itself: a manifest written before it may be of a version that never was, one after it may be
    # missing. Through the session, so that both ways of writing below carry it.
    spark.conf.set("spark.databricks.delta.commitInfo.userMetadata", text_of(manifest))
    # `dynamic` replaces only dates that still have rows: a date whose label events are gone would keep the old ones.
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "static")
    # A slice without rows, over a range that holds none, is a build all the same, with a version and a manifest.
    spark.conf.set("spark.databricks.delta.skipRecordingEmptyCommits", "false")
    # Every task of the join holds some rows of every date; without this each would write a file for each date.
    rows = staged.hint("rebalance", EVENT_DATE)
    with (
        afterwards(lambda: spark.conf.unset("spark.databricks.delta.commitInfo.userMetadata")),
        doing(f"publishing to {output.location}"),
    ):
        _commit(spark, rows, output, predicate, manifest)
    manifests = committed(SparkHistory(spark, output))
    # After the commit: should the run die here, the next one writes down what is missing.
    try:
        write_beside(spark, output, manifests)
    except OSError as error:  # the commit stands and holds it, so this is no failure of the run
        tell(f"{output.manifests}: the manifest cannot be written: {error}; the next run makes up for it")
    # By the run and not the newest version: others may have published other slices since.
    runs = {document["run_id"]: version for version, document in manifests.items()}
    output.place.note_written(staged, version := runs[manifest["run_id"]], manifest["rows"])
    return version


def _commit(
    spark: SparkSession, rows: DataFrame, output: Output, predicate: str | None, manifest: Mapping[str, Any]
) -> None:
    try:
        if delta_table(spark, output.location) is None:
            with first_publication(spark, output):
                output.place.create(rows, output.owner, manifest["training_set"], EVENT_DATE)
        else:
            _replace(rows, output, predicate, is_mixed=len(manifest.get("definitions", ())) > 1)
    except CONFLICTS as error:
        raise published_meanwhile(output) from error
    # Of two first publications the later one is refused by the catalog, not by Delta's conflict check.
    except AnalysisException as error:
        if error.getCondition() not in CREATED_MEANWHILE:
            raise
        raise published_meanwhile(output) from error


def slice_predicate(run_range: RunRange, time: str) -> str | None:
    """The rows with T in the range as SQL over the published columns; None without a range.

    `time` is T as an SQL instant. The partition column bounds the files; the instant, where the range does not
    begin and end at midnight UTC, the rows in them.
    """
    own = run_range.half_open
    dates = [f"{EVENT_DATE} {comparison} DATE '{day}'" for comparison, day in own.dates]
    instants = [
        f"{time} {comparison} TIMESTAMP '{utc(micros)}'"
        for comparison, micros in own.instants
        if micros % DAY_IN_MICROSECONDS
    ]
    return " AND ".join([*dates, *instants]) or None


def _replace(rows: DataFrame, output: Output, predicate: str | None, *, is_mixed: bool) -> None:
    table = delta_table(rows.sparkSession, output.location)
    assert table is not None, "what is replaced is there"
    standing = table.toDF()
    has_other_columns = bool(other_columns(standing.schema, rows.schema))
    writer = rows.write.format("delta").mode("overwrite")
    if predicate is not None and has_other_columns and not is_mixed:
        # Delta replaces a table's columns only with all of its rows, and without column mapping, which other readers
        # lack, it drops none.
        writer = _with_what_stays(standing, rows, predicate).write.format("delta").mode("overwrite")
        predicate = None
    if predicate is None:
        writer = writer.option("overwriteSchema", "true").partitionBy(EVENT_DATE)
    else:
        writer = writer.option("replaceWhere", predicate)
        writer = writer.option("mergeSchema", "true") if has_other_columns else writer
    if is_path(output.location):
        writer.save(output.location)
    else:
        writer.saveAsTable(output.location)


def _with_what_stays(standing: DataFrame, rows: DataFrame, predicate: str) -> DataFrame:
    """The rows and those outside their slice, which are of the same definition, or none."""
    stays = standing.where(f"NOT coalesce({predicate}, false)")
    if set(rows.columns) <= set(standing.columns):
        return rows.unionByName(stays.select(*map(column, rows.columns)))
    return rows
