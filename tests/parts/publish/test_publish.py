"""Publication: one commit, exactly the slice, nobody else's table, and one winner of a race."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import cast

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.ground.errors import InputError, PublishConflictError
from skewless.ground.run.ranges import RunRange
from skewless.lake.session import private_session
from skewless.parts.publish import (
    Manifest,
    Output,
    SparkHistory,
    publish,
    read_manifests,
    refuse_foreign_table,
    reject,
    slice_predicate,
    stage,
)

NOON = datetime(2024, 3, 1, 12, tzinfo=timezone.utc)
MIDNIGHT = datetime(2024, 3, 1, tzinfo=timezone.utc)


def manifest(run_id: str, name: str = "s") -> Manifest:
    return cast(Manifest, {"training_set": name, "run_id": run_id, "rows": 1})


def rows(spark: SparkSession, y: int, *days: int) -> DataFrame:
    """One row at noon of each day of March 2024."""
    values = ", ".join(f"(TIMESTAMP '2024-03-{day:02} 12:00:00Z', {y})" for day in days)
    return spark.sql(f"SELECT t, y, CAST(t AS DATE) AS event_date FROM VALUES {values} AS v(t, y)").coalesce(
        1
    )


def of_day(day: int) -> str | None:
    start = datetime(2024, 3, day, tzinfo=timezone.utc)
    return slice_predicate(RunRange(start, start, start + timedelta(days=1)), "t")


def published(spark: SparkSession, output: Output) -> dict[str, int]:
    frame = spark.read.format("delta").load(output.location).selectExpr("string(event_date) AS day", "y")
    found = frame.toArrow().to_pylist()
    assert len({row["day"] for row in found}) == len(found)
    return {row["day"][-2:]: row["y"] for row in found}


@pytest.fixture(scope="module")
def own(spark: SparkSession) -> SparkSession:
    return private_session(spark)


@pytest.fixture(scope="module")
def standing(own: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Output:
    """Version 0 of a training set with label 0 on the first to the fourth of March."""
    output = Output.at(own, str(tmp_path_factory.mktemp("publish") / "s"))
    assert publish(own, rows(own, 0, 1, 2, 3, 4), output, None, manifest("r0")) == 0
    return output


@pytest.mark.parametrize(
    ("start", "end", "predicate"),
    [
        (None, None, None),
        (MIDNIGHT, None, "event_date >= DATE '2024-03-01'"),
        (None, MIDNIGHT, "event_date < DATE '2024-03-01'"),
        (NOON, None, "event_date >= DATE '2024-03-01' AND t >= TIMESTAMP '2024-03-01T12:00:00Z'"),
        (None, NOON, "event_date <= DATE '2024-03-01' AND t < TIMESTAMP '2024-03-01T12:00:00Z'"),
        (
            MIDNIGHT.astimezone(timezone(timedelta(hours=-5))),
            MIDNIGHT + timedelta(microseconds=1),
            "event_date >= DATE '2024-03-01' AND event_date <= DATE '2024-03-01' "
            "AND t < TIMESTAMP '2024-03-01T00:00:00.000001Z'",
        ),
    ],
)
def test_a_slice_is_half_open_in_instants_and_bounded_by_dates(
    start: datetime | None, end: datetime | None, predicate: str | None
) -> None:
    assert slice_predicate(RunRange(MIDNIGHT, start, end), "t") == predicate


def test_a_manifest_that_was_lost_beside_is_made_up_for_by_the_next_run(
    own: SparkSession, standing: Output
) -> None:
    [file] = Path(standing.manifests).glob("*.json")
    file.unlink()
    assert publish(own, rows(own, 1, 2), standing, of_day(2), manifest("r1")) == 1
    assert published(own, standing) == {"01": 0, "02": 1, "03": 0, "04": 0}
    assert [path.name for path in sorted(Path(standing.manifests).glob("*.json"))] == [
        "00000000000000000000.json",
        "00000000000000000001.json",
    ]


def test_manifests_are_read_from_the_commits_and_from_beside_them(
    own: SparkSession, standing: Output
) -> None:
    versions, _ = read_manifests(SparkHistory(own, standing))
    assert versions[0].manifest["run_id"] == "r0"
    for file in Path(standing.manifests).glob("*.json"):
        file.unlink()
    assert read_manifests(SparkHistory(own, standing))[0] == versions


def at_once(spark: SparkSession, output: Output, *runs: tuple[int, int]) -> list[int | Exception]:
    """Publish (label, day) slices from sessions of their own, all at the same moment."""
    start = threading.Barrier(len(runs))

    def run(y: int, day: int) -> int | Exception:
        session = private_session(spark)
        staged = stage(rows(session, y, day), output, f"race-{y}")
        start.wait()
        try:
            return publish(session, staged, output, of_day(day), manifest(f"race-{y}"))
        except PublishConflictError as conflict:
            return conflict

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(lambda one: run(*one), runs))


def test_two_runs_of_different_dates_both_land(
    spark: SparkSession, own: SparkSession, standing: Output
) -> None:
    landed = at_once(spark, standing, (21, 1), (22, 3))
    assert all(isinstance(version, int) for version in landed), landed
    assert landed[0] != landed[1]
    after = published(own, standing)
    assert (after["01"], after["03"], after["04"]) == (21, 22, 0)


def test_two_runs_of_the_same_date_never_mix(
    spark: SparkSession, own: SparkSession, standing: Output
) -> None:
    landed = at_once(spark, standing, (31, 4), (32, 4))
    versions = {31 + place: version for place, version in enumerate(landed) if isinstance(version, int)}
    assert versions
    last = max(versions, key=lambda y: versions[y])
    assert published(own, standing)["04"] == last


def test_two_first_runs_leave_one_whole_table(spark: SparkSession, own: SparkSession, tmp_path: Path) -> None:
    output = Output.at(own, str(tmp_path / "first"))
    landed = at_once(spark, output, (41, 1), (42, 2))
    versions = {41 + place: version for place, version in enumerate(landed) if isinstance(version, int)}
    assert versions
    assert set(published(own, output).values()) == set(versions)


def test_rejected_rows_are_kept_whole_with_their_manifest(own: SparkSession, tmp_path: Path) -> None:
    output = Output.at(own, str(tmp_path / "s"))
    staged = stage(rows(own, 1, 1, 2).withColumn("more", F.lit(1)), output, "r9")
    place = reject(own, staged.drop("more"), output, manifest("r9"))
    kept = own.read.format("delta").load(place)
    assert kept.columns == rows(own, 1, 1).columns
    assert kept.count() == 2
    assert read_manifests(SparkHistory(own, output)) == (
        [],
        [{"kind": "skewless.manifest", **manifest("r9")}],
    )


def test_only_this_training_sets_own_table_is_taken(
    own: SparkSession, standing: Output, tmp_path: Path
) -> None:
    refuse_foreign_table(own, standing, "s")
    refuse_foreign_table(own, Output.at(own, str(tmp_path / "nothing")), "s")
    with pytest.raises(InputError, match="holds training set 's', not 'other'"):
        refuse_foreign_table(own, standing, "other")
    rows(own, 1, 1).write.format("delta").save(str(tmp_path / "foreign"))
    with pytest.raises(InputError, match="did not make"):
        refuse_foreign_table(own, Output.at(own, str(tmp_path / "foreign")), "s")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("")
    with pytest.raises(InputError, match="did not make"):
        refuse_foreign_table(own, Output.at(own, str(tmp_path / "photos")), "s")


def test_a_file_in_the_place_of_the_table_is_refused(own: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="did not make"):
        refuse_foreign_table(own, Output.at(own, str(tmp_path / "file")), "s")


def test_a_catalog_table_is_an_output_too(own: SparkSession) -> None:
    own.sql("CREATE DATABASE IF NOT EXISTS published")
    output = Output.at(own, "published.delays")
    try:
        assert publish(own, rows(own, 1, 1), output, None, manifest("r0", "delays")) == 0
        refuse_foreign_table(own, output, "delays")
        output = Output.at(own, "published.delays")
        assert publish(own, rows(own, 2, 1), output, of_day(1), manifest("r1", "delays")) == 1
        assert [item.version for item in read_manifests(SparkHistory(own, output))[0]] == [0, 1]
        assert own.table("published.delays").count() == 1
    finally:
        own.sql("DROP DATABASE published CASCADE")


def test_the_commit_carries_the_manifest_and_the_session_forgets_it(
    own: SparkSession, standing: Output
) -> None:
    log = sorted((Path(standing.location) / "_delta_log").glob("*.json"))[0]
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    [commit] = [action["commitInfo"] for action in actions if "commitInfo" in action]
    assert json.loads(commit["userMetadata"])["run_id"] == "r0"
    assert own.conf.get("spark.databricks.delta.commitInfo.userMetadata", None) is None
