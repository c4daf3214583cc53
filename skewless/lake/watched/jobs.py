"""What Spark's jobs are called in its UI: the command as their group, the step as their description."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from skewless.ground.errors import afterwards
from skewless.ground.run.steps import Listener, Step

GROUP, DESCRIPTION = "spark.jobGroup.id", "spark.job.description"


def jobs_of(group: str) -> Listener:
    """Let the jobs of a step be known by it; the caller's own names are back afterwards.

    A caller's own group stays, since it is what a notebook cancels a cell's jobs by.
    """

    @contextmanager
    def named(step: Step) -> Iterator[None]:
        # Where pyspark was not imported there is no session, and it is not imported for this.
        pyspark = sys.modules.get("pyspark")
        context = pyspark and pyspark.SparkContext._active_spark_context
        if not context:
            yield
            return
        before = {key: context.getLocalProperty(key) for key in (GROUP, DESCRIPTION)}
        context.setLocalProperty(GROUP, before[GROUP] or group)
        context.setLocalProperty(DESCRIPTION, f"{group}: {step.name}")
        with afterwards(lambda: [context.setLocalProperty(key, value) for key, value in before.items()]):
            yield

    return named
