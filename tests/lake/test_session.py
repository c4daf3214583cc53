"""The clone that everything runs in: what decides a value or speed is pinned, the caller's session is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from skewless.lake.session import PINNED, QUICK, private_session, worker_memory

BYTES_PER_BATCH = "spark.sql.execution.arrow.maxBytesPerBatch"


@pytest.fixture
def caller(spark: SparkSession) -> Iterator[SparkSession]:
    yield spark.newSession()


def test_what_decides_a_value_is_pinned_whatever_the_caller_has_set(caller: SparkSession) -> None:
    caller.conf.set("spark.sql.session.timeZone", "Asia/Kolkata")
    caller.conf.set("spark.sql.ansi.enabled", "false")
    clone = private_session(caller)
    assert {name: clone.conf.get(name) for name in PINNED} == PINNED
    assert caller.conf.get("spark.sql.session.timeZone") == "Asia/Kolkata"


def test_arrow_batches_have_no_bound_in_bytes_in_the_clone_alone(caller: SparkSession) -> None:
    before = caller.conf.get(BYTES_PER_BATCH)
    assert private_session(caller).conf.get(BYTES_PER_BATCH) == QUICK[BYTES_PER_BATCH]
    assert caller.conf.get(BYTES_PER_BATCH) == before != QUICK[BYTES_PER_BATCH]


def test_a_bound_in_bytes_that_the_caller_has_set_stays(caller: SparkSession) -> None:
    caller.conf.set(BYTES_PER_BATCH, "1048576")
    assert private_session(caller).conf.get(BYTES_PER_BATCH) == "1048576"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"spark.executor.pyspark.memory": "2g"}, 2 * 2**30),
        ({"spark.executor.pyspark.memory": "3072", "spark.executor.cores": "4"}, 768 * 2**20),
    ],
)
def test_a_python_worker_has_its_share_of_the_memory_that_is_configured(
    caller: SparkSession, settings: dict[str, str], expected: int | None
) -> None:
    # A context's settings, which every session has: here they are this one's alone.
    caller.conf.set("spark.sql.legacy.setCommandRejectsSparkCoreConfs", "false")
    for name, value in settings.items():
        caller.conf.set(name, value)
    assert worker_memory(caller) == expected
