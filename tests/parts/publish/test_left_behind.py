"""What dead runs leave: first publications without a commit, staged rows, manifests that are torn or lost."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from skewless.ground.errors import InputError, PublishConflictError
from skewless.lake.session import private_session
from skewless.lake.storage import Hadoop
from skewless.lake.tables import Place
from skewless.parts.publish import (
    Leftovers,
    Output,
    SparkHistory,
    publish,
    read_manifests,
    refuse_foreign_table,
    remove,
    staging_discarded,
)
from skewless.parts.publish.leases import DEAD_AFTER
from tests.parts.publish.test_publish import manifest, of_day, rows

OLD, YOUNG = "20240701T060000Z-1f0c93ab", "20990701T060000Z-1f0c93ab"


class KilledError(BaseException):
    """Stands for SIGKILL: nothing that cleans up may run because of it."""


@pytest.fixture(scope="module")
def own(spark: SparkSession) -> SparkSession:
    return private_session(spark)


@pytest.fixture
def output(own: SparkSession, tmp_path: Path) -> Output:
    return Output.at(own, str(tmp_path / "s"))


def killed_before_its_commit(output: Output, *, is_alive: bool = False) -> None:
    """What a first publication has made when it dies: its marker, files of some dates, a log without a commit."""
    folder = Path(output.location)
    for file in ("event_date=2024-03-01/part-00000-a.snappy.parquet", "_delta_log/.0.json.tmp"):
        (folder / file).parent.mkdir(parents=True)
        (folder / file).write_text("half")
    lease(output.first_publication(0), seconds_ago=0 if is_alive else DEAD_AFTER / 1000 + 60)


def lease(place: str, seconds_ago: float) -> None:
    """One of a run on another machine, which has renewed it so long ago."""
    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": "another", "pid": 1, "begun": "1"}))
    at = time.time() - seconds_ago
    os.utime(path, (at, at))


def test_the_first_publication_of_a_dead_run_is_cleared_by_the_next(
    own: SparkSession, output: Output
) -> None:
    killed_before_its_commit(output)
    refuse_foreign_table(own, output, "s")
    assert publish(own, rows(own, 1, 1), output, None, manifest("r1")) == 0
    assert own.read.format("delta").load(output.location).count() == 1
    assert not list(Path(output.location).rglob("*-a.snappy.parquet"))
    assert not list(Path(output.stagings).iterdir())


def test_files_without_a_marker_and_others_beside_a_marker_are_somebody_elses(
    own: SparkSession, output: Output
) -> None:
    killed_before_its_commit(output)
    (Path(output.location) / "photo.jpg").write_text("")
    with pytest.raises(InputError, match="did not make"):
        refuse_foreign_table(own, output, "s")
    (Path(output.location) / "photo.jpg").unlink()
    Path(output.first_publication(0)).unlink()
    with pytest.raises(InputError, match="did not make"):
        refuse_foreign_table(own, output, "s")


def test_the_first_publication_of_a_living_run_is_left_alone(own: SparkSession, output: Output) -> None:
    killed_before_its_commit(output, is_alive=True)
    refuse_foreign_table(own, output, "s")
    with pytest.raises(PublishConflictError):
        publish(own, rows(own, 1, 1), output, None, manifest("r1"))
    assert list(Path(output.location).rglob("*-a.snappy.parquet"))


def test_a_first_publication_that_fails_is_known_at_once(
    own: SparkSession, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process lives on, as a notebook's does."""

    def fails(place: Place, *_: object) -> None:
        (Path(place.folder) / "event_date=2024-03-01").mkdir(parents=True)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(Place, "create", fails)
        with pytest.raises(KilledError):
            publish(own, rows(own, 1, 1), output, None, manifest("r1"))
    refuse_foreign_table(own, output, "s")
    assert publish(own, rows(own, 1, 1), output, None, manifest("r2")) == 0


def test_runs_sweep_the_staging_of_dead_runs_and_of_no_living_ones(own: SparkSession, output: Output) -> None:
    for run_id, seconds_ago in (("dead", DEAD_AFTER / 1000 + 60), ("living", 60)):
        Path(output.staging(run_id)).mkdir(parents=True)
        lease(output.lease(run_id), seconds_ago)
    with staging_discarded(own, output, "own"):
        assert {path.name for path in Path(output.stagings).iterdir()} == {
            "living",
            "living.lease",
            "own.lease",
        }
        with staging_discarded(own, output, "at-once"):
            assert Path(output.lease("own")).exists()
    assert {path.name for path in Path(output.stagings).iterdir()} == {"living", "living.lease"}


def test_a_run_of_this_machine_is_dead_as_soon_as_its_process_is(own: SparkSession, output: Output) -> None:
    with staging_discarded(own, output, "own"):
        held = json.loads(Path(output.lease("own")).read_text())
        for run_id, other in (("gone", {"pid": 2**22 + 1}), ("another-since", {"begun": "1"})):
            Path(output.lease(run_id)).write_text(json.dumps({**held, **other}))
        with staging_discarded(own, output, "second"):
            left = {path.name for path in Path(output.stagings).glob("*.lease")}
    assert left == {"own.lease", "second.lease"}


def test_clean_finds_what_is_old_and_dead_alone(own: SparkSession, output: Output) -> None:
    for run_id in (OLD, YOUNG):
        for place in (output.staging(run_id), output.rejected(run_id)):
            Path(place).mkdir(parents=True)
        Path(output.refusals).mkdir(exist_ok=True)
        Path(f"{output.refusals}/{run_id}.json").write_text("{}")
    living = OLD.replace("0701", "0601")
    Path(output.staging(living)).mkdir()
    lease(output.lease(living), 0)
    Path(output.rejected(living)).mkdir()
    Path(output.profiles).mkdir(parents=True)
    for version in (6, 7):
        path = Path(f"{output.profiles}/{version:020d}-ab.json")
        path.write_text("{}")
        os.utime(path, (0, 0))
    Path(output.stagings, "mine").mkdir()
    found = Leftovers(own, output, int(time.time() * 1000), {7}).older_than(timedelta(days=7))
    assert [(each.kind, each.paths) for each in found] == [
        ("staging", [output.staging(OLD)]),
        ("rejected", [output.rejected(OLD), f"{output.refusals}/{OLD}.json"]),
        ("profile", [f"{output.profiles}/{6:020d}-ab.json"]),
    ]
    for each in found:
        remove(Hadoop(own), each)
    assert not Leftovers(own, output, int(time.time() * 1000), {7}).older_than(timedelta(days=7))


def test_clean_finds_a_first_publication_without_a_commit(own: SparkSession, output: Output) -> None:
    killed_before_its_commit(output)
    now = int(time.time() * 1000)
    assert not Leftovers(own, output, now).older_than(timedelta(days=7))
    [found] = Leftovers(own, output, now).older_than(timedelta(0))
    assert found.paths == [output.folder, output.first_publication(0)]


def test_a_torn_manifest_is_read_from_its_commit_and_written_again(own: SparkSession, output: Output) -> None:
    assert publish(own, rows(own, 0, 1, 2), output, None, manifest("r0")) == 0
    assert publish(own, rows(own, 1, 2), output, of_day(2), manifest("r1")) == 1
    [first, _] = sorted(Path(output.manifests).glob("*.json"))
    first.write_text(first.read_text()[:9])
    # Of the newest one alone Delta's history is asked, so that the other is read from beside.
    assert [each.manifest["run_id"] for each in read_manifests(SparkHistory(own, output), 2)[0]] == [
        "r0",
        "r1",
    ]
    assert [each.version for each in read_manifests(SparkHistory(own, output), 1)[0]] == [1]
    assert publish(own, rows(own, 2, 2), output, of_day(2), manifest("r2")) == 2
    assert json.loads(first.read_text())["run_id"] == "r0"
    # Of a version without a commit, as after Delta has forgotten it.
    Path(f"{output.manifests}/{7:020d}.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        read_manifests(SparkHistory(own, output))


def test_a_file_is_renamed_into_place_where_a_store_writes_piece_by_piece(
    own: SparkSession, tmp_path: Path
) -> None:
    files = Hadoop(own)
    for text in ("one", "two"):
        files._rename(*files._at(str(tmp_path / "file")), text.encode())
        assert (tmp_path / "file").read_text() == text
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".tmp")] == []


def test_of_several_that_create_a_file_one_does(own: SparkSession, tmp_path: Path) -> None:
    files = Hadoop(own)
    assert files.create(str(tmp_path / "a" / "file"), "one")
    assert not files.create(str(tmp_path / "a" / "file"), "two")
    assert files.read(str(tmp_path / "a" / "file")) == "one"
