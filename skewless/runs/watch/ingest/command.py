"""`skewless ingest-log`."""

from __future__ import annotations

from datetime import datetime, timezone

from skewless.ground.run.datasets import Dataset
from skewless.ground.run.steps import step, this_run
from skewless.ground.run.stops import note_what_stands
from skewless.lake.session import private_session
from skewless.lake.storage import Hadoop
from skewless.parts.log import ingest, tables_at
from skewless.runs.execution import Result, Run, refuse_no_location
from skewless.runs.watch.ingest.ingested import Ingested
from skewless.runs.watch.ingest.summary import summary_of_ingestion


def ingest_feature_log(run: Run, folder: str, location: str) -> Result:
    """`skewless ingest-log`: rejected lines are kept and counted, and are no failure."""
    refuse_no_location("--to", location)
    spark = private_session(run.spark())
    with step("opening tables"):
        tables = tables_at(spark, location)
    note_what_stands("what was added stays, the next run adds the rest")
    with step("ingesting records") as ingesting:
        done = ingest(spark, folder, tables, datetime.now(timezone.utc))
        ingesting.rows = done.records
    this_run().touches(Dataset(Hadoop(spark).absolute(folder), folder, is_output=False))
    rejections = tables.rejections
    with step("reading versions"):
        version = tables.records.note_written(spark, done.records)
        rejected = rejections.place.location if rejections.exists(spark) else None
        if rejected is not None:
            rejections.note_written(spark, done.rejected)
        found = Ingested(location, done, rejected, version)
    return Result(found.to_json(), summary_of_ingestion(found))
