"""A run that fails says of what, with its exit code and in `--result`, and leaves what it found."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Project
from tests.helpers.trips import SET, failed, torn, trips_in


@pytest.fixture
def trips(tmp_path: Path, spark: SparkSession) -> Project:
    return trips_in(tmp_path, spark)


def test_a_torn_file_of_a_feature_table_is_found_while_staging_and_named(trips: Project) -> None:
    file = torn(trips, "weather")
    ran, line = failed(trips, "build", "trips")
    assert (ran.code, len(ran.problems)) == (2, 1)
    assert line == (
        f"feature table 'weather': cannot read {file}: it is not a whole Parquet file, but torn, overwritten or empty; "
        "restore the file, or the table"
    )
    assert not (trips.warehouse / "trips").exists()
    assert list((trips.warehouse / "trips_staging").iterdir()) == []


def test_the_same_in_trace_and_of_the_label_events(trips: Project) -> None:
    file = torn(trips, "labels")
    ran, line = failed(trips, "trace", "trips", "--where", "k = 1")
    assert (ran.code, line.startswith(f"labels: cannot read {file}: it is not a whole Parquet file")) == (
        2,
        True,
    )


def test_a_broken_manifest_is_named(trips: Project) -> None:
    refusal = trips.warehouse / "trips_rejected" / "_skewless" / "20240101T000000Z-1.json"
    refusal.parent.mkdir(parents=True)
    refusal.write_text('{"torn')
    ran, line = failed(trips, "show", "trips")
    assert (ran.code, line.startswith(f"manifest {refusal}: cannot be read: Unterminated string")) == (
        2,
        True,
    )


def test_an_output_that_may_not_be_written_is_the_machines(trips: Project) -> None:
    trips.conf({"training_sets/trips.yml": SET.replace("${WAREHOUSE}/trips", "/proc/self/trips")})
    ran, line = failed(trips, "build", "trips")
    assert line.startswith("writing lease /proc/self/trips_staging/")
    assert ran.code == 1, line
