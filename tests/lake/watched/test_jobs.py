"""What Spark's UI calls the jobs of a step."""

from __future__ import annotations

from pyspark.sql import SparkSession

from skewless.ground.run.steps import step, steps_of_this_run
from skewless.lake.watched.jobs import DESCRIPTION, GROUP, jobs_of


def names(spark: SparkSession) -> list[str | None]:
    return [spark.sparkContext.getLocalProperty(key) for key in (GROUP, DESCRIPTION)]


def test_jobs_are_known_by_command_and_step_and_a_caller_gets_its_own_names_back(spark: SparkSession) -> None:
    context = spark.sparkContext
    with steps_of_this_run(jobs_of("skewless build trips")):
        with step("staging rows"):
            assert names(spark) == ["skewless build trips", "skewless build trips: staging rows"]
            assert spark.range(1).count() == 1
            assert context.statusTracker().getJobIdsForGroup("skewless build trips")
        assert names(spark) == [None, None]
        context.setJobGroup("cell 7", "a cell")
        with step("checksum"):
            assert names(spark) == ["cell 7", "skewless build trips: checksum"]
        assert names(spark) == ["cell 7", "a cell"]
    for key in (GROUP, DESCRIPTION, "spark.job.interruptOnCancel"):
        context.setLocalProperty(key, None)  # type: ignore[arg-type]
