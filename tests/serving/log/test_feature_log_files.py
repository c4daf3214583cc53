"""The files of a feature log: rotation, fsync, leftovers of dead processes, and disks that fail."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skewless import FeatureError, FeatureLog
from skewless.serving.log.disk import ownership as log_ownership
from skewless.serving.log.disk.files import LogFiles
from skewless.serving.log.disk.ownership import adopt, create

from .test_feature_log import ids, write

LINE = b"0123456789\n"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def files(directory: Path, clock: Clock, **settings: Any) -> LogFiles:
    return LogFiles(
        directory,
        settings.get("rotate_bytes", 100),
        settings.get("rotate_seconds", 60.0),
        settings.get("fsync", "never"),
        clock,
    )


def finished(directory: Path) -> list[bytes]:
    """The contents of the finished files, in no order: several may begin in one second."""
    return sorted(path.read_bytes() for path in directory.glob("[!.]*.jsonl"))


def growing(directory: Path) -> list[Path]:
    return sorted(directory.glob(".*.open"))


def test_a_file_takes_lines_up_to_its_size_and_no_byte_more(tmp_path: Path, clock: Clock) -> None:
    log = files(tmp_path, clock, rotate_bytes=33)
    log.append([LINE] * 2)
    log.append([LINE])
    assert finished(tmp_path) == []
    log.append([LINE])
    assert finished(tmp_path) == [LINE * 3]
    log.append([LINE] * 7)
    log.finish()
    assert finished(tmp_path) == [LINE * 2, LINE * 3, LINE * 3, LINE * 3]
    assert growing(tmp_path) == []


def test_a_line_longer_than_a_file_has_one_to_itself(tmp_path: Path, clock: Clock) -> None:
    log = files(tmp_path, clock, rotate_bytes=11)
    log.append([b"x" * 50 + b"\n", LINE, LINE])
    log.finish()
    assert finished(tmp_path) == [LINE, LINE, b"x" * 50 + b"\n"]


def test_a_file_is_finished_at_its_age_and_not_before(tmp_path: Path, clock: Clock) -> None:
    log = files(tmp_path, clock)
    assert log.due_in() is None
    log.append([LINE])
    clock.now += 59.5
    log.append([LINE])
    assert log.due_in() == 0.5
    assert finished(tmp_path) == []
    clock.now += 0.5
    log.append([])
    assert finished(tmp_path) == [LINE * 2]
    assert log.due_in() is None


def test_an_idle_log_finishes_its_file_by_age(tmp_path: Path) -> None:
    log = FeatureLog(tmp_path, rotate_seconds=0.01)
    write(log, 1)
    assert log.flush(20)
    for _ in range(4000):
        if finished(tmp_path):
            break
        time.sleep(0.005)
    assert len(finished(tmp_path)) == 1
    log.close()
    assert ids(tmp_path) == [1]


@pytest.mark.parametrize(
    ("fsync", "expected"),
    [
        ("never", []),
        ("rotate", [1020, 1020]),  # the file, then the directory with its new name
        ("batch", [1000, 1005, 1010, 1020]),
        (10, [1010, 1020]),
        (10.5, [1015, 1020]),
    ],
)
def test_files_are_stored_as_the_policy_says(
    fsync: Any, expected: list[float], tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[float] = []
    monkeypatch.setattr(
        "skewless.serving.log.disk.files.os.fsync", lambda descriptor: stored.append(clock.now)
    )
    log = files(tmp_path, clock, fsync=fsync)
    for _ in range(3):
        log.append([LINE])
        clock.now += 5
    log.append([])
    clock.now += 5
    log.append([])
    log.finish()
    assert stored == expected


def test_what_the_system_takes_in_part_is_continued_without_a_gap(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.write, iter(range(1000))

    def write_little(descriptor: int, given: bytes) -> int:
        if next(calls) % 3 == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, given[:4])

    monkeypatch.setattr("skewless.serving.log.disk.files.os.write", write_little)
    log = files(tmp_path, clock, rotate_bytes=33)
    lines = [b"%010d\n" % n for n in range(8)]
    for _ in range(100):
        try:
            log.append(lines)
            log.finish()
            break
        except OSError:
            continue
    monkeypatch.undo()
    assert b"".join(finished(tmp_path)) == b"".join(b"%010d\n" % n for n in range(8))


def test_a_file_that_somebody_removed_is_followed_by_another(tmp_path: Path, clock: Clock) -> None:
    log = files(tmp_path, clock)
    log.append([LINE])
    growing(tmp_path)[0].unlink()
    with pytest.raises(FileNotFoundError):
        log.finish()
    log.append([LINE])
    log.finish()
    assert finished(tmp_path) == [LINE]


def test_the_file_of_a_living_process_is_left_alone(tmp_path: Path, clock: Clock) -> None:
    log = files(tmp_path, clock)
    log.append([LINE])
    assert adopt(tmp_path) == []
    files(tmp_path, clock).prepare()
    log.append([LINE])
    log.finish()
    assert finished(tmp_path) == [LINE * 2]


def left(directory: Path, content: bytes, **parts: str) -> Path:
    """A growing file whose process was killed."""
    path, descriptor = create(directory)
    os.write(descriptor, content)
    os.close(descriptor)
    fields = dict(zip(("begun", "boot", "host", "pid", "token"), path.name.split("-"), strict=True)) | parts
    return path.rename(path.with_name("-".join(fields.values())))


def test_the_next_log_finishes_what_a_dead_process_left(tmp_path: Path) -> None:
    left(tmp_path, LINE + b"torn")
    FeatureLog(tmp_path)
    assert finished(tmp_path) == [LINE + b"torn"]
    assert growing(tmp_path) == []


def test_a_log_that_begins_a_file_finishes_what_was_left_since(tmp_path: Path, clock: Clock) -> None:
    log = files(tmp_path, clock)
    log.prepare()
    left(tmp_path, LINE)
    log.append([b"new\n"])
    assert finished(tmp_path) == [LINE]


def test_an_empty_leftover_is_removed(tmp_path: Path) -> None:
    left(tmp_path, b"")
    assert adopt(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("parts", "is_adopted"),
    [
        ({"host": "elsewhere"}, True),  # another container on this boot: the lock is proof
        ({"boot": "00000000"}, True),  # this host, booted since: its processes are gone
        ({"boot": "00000000", "host": "elsewhere"}, False),  # another machine: the lock says nothing
    ],
)
def test_only_leftovers_of_this_machine_are_adopted(
    parts: dict[str, str], is_adopted: bool, tmp_path: Path
) -> None:
    left(tmp_path, LINE, **parts)
    assert len(adopt(tmp_path)) == is_adopted


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    for name in (".x.jsonl.open", "notes.jsonl.open", ".20240102T030405.678901-0-a-1-zz.jsonl.open"):
        (tmp_path / name).write_bytes(LINE)
    assert adopt(tmp_path) == []


def test_a_new_file_that_was_taken_for_a_leftover_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []
    lock = log_ownership._lock

    def adopt_first(descriptor: int) -> object:
        if not taken:
            taken.extend(growing(tmp_path))
            taken[0].unlink()  # as `adopt` in another process does with an empty file, between open and lock
        return lock(descriptor)

    monkeypatch.setattr(log_ownership, "_lock", adopt_first)
    path, descriptor = create(tmp_path)
    os.close(descriptor)
    assert path.exists()
    assert path != taken[0]


def test_without_locks_nothing_is_ever_adopted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(descriptor: int, flags: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("skewless.serving.log.disk.ownership.fcntl.flock", unsupported)
    with FeatureLog(tmp_path) as log:
        write(log, 1)
        assert log.flush(20)
        (path,) = tmp_path.iterdir()
        assert path.name.endswith(".jsonl.unlocked")
        monkeypatch.undo()
        assert adopt(tmp_path) == []
    assert ids(tmp_path) == [1]


def test_a_directory_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(
        FeatureError, match=r"feature log '.*file/log': cannot write there: NotADirectoryError"
    ):
        FeatureLog(tmp_path / "file" / "log")


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    def no_space(descriptor: int, given: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("skewless.serving.log.disk.files.os.write", no_space)
        yield patch


def test_a_full_disk_keeps_records_until_there_is_space(
    tmp_path: Path, full_disk: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = FeatureLog(tmp_path, queue_size=5, on_full="drop")
    for n in range(50):
        write(log, n)
    for _ in range(3):
        assert not log.flush(0.02)
    counts = log.counts
    assert counts.written == 0
    assert counts.errors >= 2
    assert counts.queued + counts.dropped == 50
    assert [record.getMessage().partition(": cannot")[2] for record in caplog.records] == [
        " be written: OSError: [Errno 28] No space left on device; records wait in memory, it is tried again"
    ]
    full_disk.undo()
    assert log.flush(20)
    log.close()
    assert log.counts.written + log.counts.dropped == 50
    assert len(ids(tmp_path)) == log.counts.written
    assert "can be written again" in caplog.text


def test_closing_on_a_full_disk_gives_up_and_says_how_much_is_lost(
    tmp_path: Path, full_disk: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = FeatureLog(tmp_path)
    for n in range(50):
        write(log, n)
    log.close(timeout=0)
    assert log.counts == (0, 0, 50, 0, log.counts.errors)
    assert "gave up 50 records that could not be written" in caplog.text
    assert not growing(tmp_path) or growing(tmp_path)[0].read_bytes() == b""
