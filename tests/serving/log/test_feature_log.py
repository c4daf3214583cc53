"""FeatureLog in one process: threads, queue policies, sinks, flush and close."""

from __future__ import annotations

import datetime as dt
import gc
import logging
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skewless import FeatureError, FeatureLog, Record, read_record

T = dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc)


def write(log: FeatureLog, n: int, **arguments: Any) -> None:
    log.write(entity={"id": n}, event_timestamp=T, features={"x": n / 7}, **arguments)


def records(directory: Path) -> list[Record]:
    paths = sorted(directory.glob("[!.]*.jsonl"))
    return [read_record(line) for path in paths for line in path.read_bytes().splitlines()]


def ids(directory: Path) -> list[int]:
    return [record.entity["id"] for record in records(directory)]


class HeldSink:
    """A sink that lets no record pass before `release`."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.reached = threading.Event()
        self.release = threading.Event()

    def __call__(self, line: bytes) -> None:
        self.reached.set()
        assert self.release.wait(20)
        self.lines.append(line)


def held_log(**settings: Any) -> tuple[FeatureLog, HeldSink]:
    """A log of queue size 2 whose thread is stuck with record 0, and whose queue is full with 1 and 2."""
    sink = HeldSink()
    log = FeatureLog(sink=sink, queue_size=2, **settings)
    write(log, 0)
    assert sink.reached.wait(20)
    write(log, 1)
    write(log, 2)
    return log, sink


def test_records_are_in_one_finished_file_in_the_order_of_writing(tmp_path: Path) -> None:
    with FeatureLog(tmp_path / "deep" / "log", model_version="7") as log:
        for n in range(1000):
            write(log, n)
    assert ids(tmp_path / "deep" / "log") == list(range(1000))
    assert len(list((tmp_path / "deep" / "log").iterdir())) == 1
    assert log.counts == (1000, 0, 0, 0, 0)


def test_equal_records_are_still_two(tmp_path: Path) -> None:
    """S4."""
    with FeatureLog(tmp_path) as log, FeatureLog(tmp_path) as other:
        for each in (log, log, other):
            write(each, 1)
    assert len({record.record_id for record in records(tmp_path)}) == 3


def test_nothing_is_created_before_the_first_record(tmp_path: Path) -> None:
    FeatureLog(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_threads_lose_and_double_nothing(tmp_path: Path) -> None:
    log = FeatureLog(tmp_path, queue_size=50, rotate_bytes=20_000)

    def write_many(of: int) -> None:
        for number in range(500):
            write(log, 1000 * of + number)

    threads = [threading.Thread(target=write_many, args=(of,)) for of in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    found = ids(tmp_path)
    assert sorted(found) == [1000 * k + n for k in range(8) for n in range(500)]
    for k in range(8):
        assert [n for n in found if n // 1000 == k] == [1000 * k + n for n in range(500)]
    assert len(list(tmp_path.iterdir())) > 1


def test_what_is_changed_after_write_is_logged_as_it_was(tmp_path: Path) -> None:
    log, sink = held_log()
    sink.release.set()
    log.flush(20)
    sink.release.clear()
    nested = [[1.5, None], []]
    features: dict[str, Any] = {"x": 1, "list": [0.5], "nested": nested}
    entity, tags = {"id": 7}, {"region": "eu"}
    prediction = [0.25]
    log.write(entity=entity, event_timestamp=T, features=features, prediction=prediction, tags=tags)
    features["list"].append(9.0)
    nested[0][0] = 2.5
    features["x"], entity["id"], tags["region"], prediction[0] = 2, 8, "us", 0.5
    del features["nested"]
    sink.release.set()
    log.close()
    record = read_record(sink.lines[-1])
    assert record.features == {"x": 1, "list": [0.5], "nested": [[1.5, None], []]}
    assert (record.entity, record.tags, record.prediction) == ({"id": 7}, {"region": "eu"}, [0.25])


def test_a_full_queue_blocks_until_there_is_room() -> None:
    log, sink = held_log()
    blocked = threading.Thread(target=write, args=(log, 3))
    blocked.start()
    blocked.join(0.05)
    assert blocked.is_alive()
    sink.release.set()
    blocked.join(20)
    log.close()
    assert [read_record(line).entity["id"] for line in sink.lines] == [0, 1, 2, 3]


def test_a_full_queue_drops_and_counts() -> None:
    log, sink = held_log(on_full="drop")
    write(log, 3)
    write(log, 4)
    assert log.counts.dropped == 2
    sink.release.set()
    log.close()
    assert [read_record(line).entity["id"] for line in sink.lines] == [0, 1, 2]
    assert log.counts == (3, 2, 0, 0, 0)


def test_a_full_queue_raises() -> None:
    log, sink = held_log(on_full="raise")
    with pytest.raises(FeatureError, match="feature log 'sink': 2 records are queued, none fits; write less"):
        write(log, 3)
    sink.release.set()
    log.close()
    assert [read_record(line).entity["id"] for line in sink.lines] == [0, 1, 2]


def test_flush_waits_for_what_was_written_before_it(tmp_path: Path) -> None:
    with FeatureLog(tmp_path) as log:
        assert log.flush(20)
        write(log, 1)
        assert log.flush(20)
        (growing,) = tmp_path.iterdir()
        assert growing.name.startswith(".")
        assert growing.name.endswith(".open")
        assert read_record(growing.read_bytes()).entity == {"id": 1}
        assert log.counts.written == 1


def test_flush_says_when_it_was_not_in_time() -> None:
    log, sink = held_log()
    assert not log.flush(0.01)
    assert log.counts.queued == 3
    assert len(log._writer._queue) == 2  # who flushes again and again does not fill the memory
    sink.release.set()
    assert log.flush(20)
    log.close()


def test_close_may_be_repeated_and_write_after_it_is_refused(tmp_path: Path) -> None:
    log = FeatureLog(tmp_path)
    write(log, 1)
    log.close()
    log.close()
    assert log.closed
    with pytest.raises(
        FeatureError, match=r"feature log '.*': closed; write before close, or open another one"
    ):
        write(log, 2)
    assert ids(tmp_path) == [1]
    assert log.flush(20)


def test_a_record_that_overtakes_close_is_not_lost(tmp_path: Path) -> None:
    log = FeatureLog(tmp_path)
    captured = log._encoder.capture({"id": 1}, T, {}, None, None, None)
    write(log, 0)
    log.close()
    log._writer.put(captured)  # a write that had found the log open
    assert sorted(ids(tmp_path)) == [0, 1]


def test_close_gives_up_on_a_sink_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    log, sink = held_log()
    log.close(timeout=-1)
    assert "closed with 3 records that are still underway" in caplog.text
    sink.release.set()


def test_a_log_that_nobody_holds_finishes_its_file(tmp_path: Path) -> None:
    log = FeatureLog(tmp_path)
    write(log, 1)
    thread = log._writer._thread
    del log
    gc.collect()
    assert thread is not None
    thread.join(20)
    assert ids(tmp_path) == [1]


@pytest.mark.parametrize("error", [ValueError("no broker"), SystemExit(1)])
def test_an_error_of_the_sink_is_counted_and_reported_once(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    lines: list[bytes] = []

    def sink(line: bytes) -> None:
        if read_record(line).entity["id"] in (1, 2):
            raise error
        lines.append(line)

    with FeatureLog(sink=sink) as log:
        for n in range(4):
            write(log, n)
    assert [read_record(line).entity["id"] for line in lines] == [0, 3]
    assert log.counts == (2, 0, 2, 0, 2)
    (reported,) = caplog.records
    assert (reported.name, reported.levelno) == ("skewless.serving.log", logging.ERROR)
    assert f"the sink raised {type(error).__name__}" in reported.getMessage()


def test_a_directory_and_a_sink_both_get_every_record(tmp_path: Path) -> None:
    lines: list[bytes] = []
    with FeatureLog(tmp_path, sink=lines.append) as log:
        write(log, 1)
        write(log, 2)
    assert [read_record(line) for line in lines] == records(tmp_path)
    assert log.counts.written == 2


def test_a_sink_may_use_its_own_log() -> None:
    seen: list[int] = []

    def sink(line: bytes) -> None:
        n = read_record(line).entity["id"]
        seen.append(n)
        if n == 0:
            assert not log.flush()  # it would wait for itself
            for again in range(1, 4):
                write(log, again)  # the third one does not fit, would wait for itself too, and is dropped
        elif n == 2:
            log.close()

    log = FeatureLog(sink=sink, queue_size=2)
    write(log, 0)
    thread = log._writer._thread
    assert thread is not None
    thread.join(20)
    assert seen == [0, 1, 2]
    assert log.closed
    assert log.counts == (3, 1, 0, 0, 0)


def test_a_sink_that_closes_its_log_while_it_is_closed_gets_each_record_once() -> None:
    seen: list[bytes] = []

    def sink(line: bytes) -> None:
        seen.append(line)
        log.close()

    log = FeatureLog(sink=sink)
    captured = log._encoder.capture({}, T, {}, None, None, None)
    log.close()
    log._writer.put(captured)  # delivered here, since the thread has ended
    assert len(seen) == 1
    assert log.counts == (1, 0, 0, 0, 0)


def test_where_no_thread_starts_records_are_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    log = FeatureLog(tmp_path)
    write(log, 0)
    assert ids(tmp_path) == [0]
    write(log, 1)
    assert ids(tmp_path) == [0, 1]


def test_one_name_may_have_values_of_several_classes(tmp_path: Path) -> None:
    values = [1, 0.5, "a", None, [1], b"b", True, T]
    with FeatureLog(tmp_path) as log:
        for n, value in enumerate(values * 2):
            log.write(entity={"id": n}, event_timestamp=T, features={"x": value})
    assert [record.features["x"] for record in records(tmp_path)] == values * 2


def test_a_log_pickles_as_its_settings(tmp_path: Path) -> None:
    class Plan:
        fingerprint = "abc"

    log = FeatureLog(tmp_path, feature_set=Plan(), model_version="7", on_full="drop")
    with pickle.loads(pickle.dumps(log)) as copy:
        write(copy, 1)
    (record,) = records(tmp_path)
    assert (record.fingerprint, record.model_version) == ("abc", "7")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "feature log: expected a directory or a sink, found neither; give FeatureLog(directory)"),
        ({"sink": 1}, "feature log: sink: expected a callable, found 1"),
        ({"model_version": 7}, "feature log: model_version: expected str or None, found 7; write str(...)"),
        ({"on_full": "wait"}, "feature log: on_full: expected 'block', 'drop' or 'raise', found 'wait'"),
        ({"queue_size": 0}, "feature log: queue_size: expected an int of at least 1, found 0"),
        ({"rotate_bytes": 1e6}, "feature log: rotate_bytes: expected an int of at least 1, found 1000000.0"),
        ({"rotate_seconds": 0}, "feature log: rotate_seconds: expected seconds above 0, found 0"),
        (
            {"fsync": "always"},
            "feature log: fsync: expected ('never', 'rotate', 'batch') or seconds above 0,",
        ),
        (
            {"feature_set": "features.flights"},
            "feature log: feature_set: expected a FeatureSet, a ServingPlan",
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(FeatureError) as refused:
        FeatureLog(**{"sink": None if not settings else print, **settings})
    assert str(refused.value).startswith(problem)


def test_names_made_up_at_run_time_do_not_fill_the_memory() -> None:
    with FeatureLog(sink=lambda line: None) as log:
        for n in range(3000):
            log.write(entity={}, event_timestamp=T, features={f"x{n}": 1})
    assert len(log._encoder._feature_shapes._known) <= 1024


def test_writers_wake_the_thread_after_every_pause() -> None:
    lines: list[bytes] = []
    arrived = threading.Semaphore(0)

    def sink(line: bytes) -> None:
        lines.append(line)
        arrived.release()

    pause: Callable[[float], None] = threading.Event().wait  # type: ignore[assignment]
    with FeatureLog(sink=sink) as log:
        for n in range(5):
            write(log, n)
            assert arrived.acquire(timeout=20)
            pause(0.025)  # longer than the thread waits by itself
    assert len(lines) == 5
