"""FeatureLog across processes: forks, children of multiprocessing, exits and kills.

Each test runs a script of its own, so that nothing forks or kills the process that runs the tests.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from textwrap import dedent

import pytest

import skewless
from skewless import FeatureError, FeatureLog, Record, read_record

_ROOT = Path(skewless.__file__).parents[1]
_SETUP = """
import datetime as dt, multiprocessing, os, signal, sys, threading, time
from skewless import FeatureLog

T = dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc)
directory = sys.argv[1]

def write(log, n, who="parent"):
    log.write(entity={"id": n}, event_timestamp=T, features={"x": n / 7}, tags={"who": who})
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def start(directory: Path, script: str) -> subprocess.Popen[bytes]:
    path = directory.parent / "script.py"
    path.write_text(_SETUP + dedent(script), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(path), str(directory)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(directory: Path, script: str) -> bytes:
    """The script's standard output; it has to end well and without a word on standard error."""
    output, errors = start(directory, script).communicate(timeout=60)
    assert errors == b""
    return output


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "log"


def records(directory: Path) -> list[Record]:
    paths = sorted(directory.glob("[!.]*.jsonl"))
    return [read_record(line) for path in paths for line in path.read_bytes().splitlines()]


def written(directory: Path) -> Counter[tuple[str, int]]:
    """How often each record is in the finished files; nothing else may be there."""
    assert not list(directory.glob(".*"))
    found = records(directory)
    assert len({record.record_id for record in found}) == len(found)
    return Counter((record.tags["who"], record.entity["id"]) for record in found)


def once(*whos: str, each: int = 100) -> Counter[tuple[str, int]]:
    return Counter((who, n) for who in whos for n in range(each))


def test_parent_and_forked_child_write_each_their_own_once(directory: Path) -> None:
    run(
        directory,
        """
        log = FeatureLog(directory)
        for n in range(50): write(log, n)  # still queued, or half written, when the fork comes
        child = os.fork()
        who = "parent" if child else "child"
        for n in range(50 if child else 0, 100): write(log, n, who)
        log.close()
        if not child: os._exit(0)
        os.waitpid(child, 0)
        """,
    )
    assert written(directory) == once("parent", "child")
    assert len(list(directory.iterdir())) == 2
    assert len({(record.pid, record.tags["who"]) for record in records(directory)}) == 2


def test_a_child_that_writes_nothing_leaves_the_parents_file_alone(directory: Path) -> None:
    run(
        directory,
        """
        log = FeatureLog(directory)
        write(log, 0); log.flush()
        child = os.fork()
        if not child:
            assert log.counts == (0, 0, 0, 0, 0)
            log.close()
            sys.exit()
        os.waitpid(child, 0)
        for n in range(1, 100): write(log, n)
        """,
    )
    assert written(directory) == once("parent")


def test_forks_while_threads_write_lose_and_double_nothing(directory: Path) -> None:
    run(
        directory,
        """
        log = FeatureLog(directory, queue_size=20, rotate_bytes=5000)
        def work(k):
            for n in range(100): write(log, n, f"thread {k}")
        threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
        for thread in threads: thread.start()
        children = []
        for k in range(5):
            child = os.fork()
            if not child:
                for n in range(100): write(log, n, f"child {k}")
                sys.exit()  # at exit, without close
            children.append(child)
            time.sleep(0.005)
        for thread in threads: thread.join()
        for child in children: assert os.waitpid(child, 0)[1] == 0
        """,
    )
    assert written(directory) == once(*(f"thread {k}" for k in range(3)), *(f"child {k}" for k in range(5)))


def test_workers_forked_before_the_first_record_have_a_file_each(directory: Path) -> None:
    run(
        directory,
        """
        log = FeatureLog(directory)  # preloaded, as gunicorn does
        for k in range(3):
            if not os.fork():
                for n in range(100): write(log, n, f"worker {k}")
                grandchild = os.fork()
                if grandchild: os.waitpid(grandchild, 0)
                else: [write(log, n, f"grandchild {k}") for n in range(100)]
                sys.exit()
        for k in range(3): os.wait()
        """,
    )
    whos = [f"{kind} {k}" for kind in ("worker", "grandchild") for k in range(3)]
    assert written(directory) == once(*whos)
    assert len(list(directory.iterdir())) == 6


def test_the_thread_loads_no_module_that_a_fork_could_leave_half_loaded(directory: Path) -> None:
    output = run(
        directory,
        """
        sys.stderr = open(os.devnull, "w")  # for the reports
        def fail(line): raise ValueError
        log = FeatureLog(directory, sink=fail, rotate_bytes=1000)
        before = set(sys.modules)
        for n in range(10): write(log, n)
        log.flush()
        if not os.fork():
            write(log, 0, "child")
            log.close()
            print(sorted(set(sys.modules) - before), flush=True)
            os._exit(0)
        os.wait()
        log.close()
        print(sorted(set(sys.modules) - before))
        """,
    )
    assert output.split() == [b"[]", b"[]"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_need_no_close(method: str, directory: Path) -> None:
    run(
        directory,
        f"""
        def work(log, k):
            for n in range(100): write(log, n, f"child {{k}}")

        if __name__ == "__main__":
            context = multiprocessing.get_context("{method}")
            log = FeatureLog(directory)
            write(log, 0)
            children = [context.Process(target=work, args=(log, k)) for k in range(2)]
            for child in children: child.start()
            for child in children: child.join()
            for n in range(1, 100): write(log, n)
        """,
    )
    assert written(directory) == once("parent", "child 0", "child 1")


def test_children_of_children_of_multiprocessing_need_no_close(directory: Path) -> None:
    run(
        directory,
        """
        context = multiprocessing.get_context("fork")
        log = FeatureLog(directory)
        def child():
            for n in range(100): write(log, n, "child")
            process = context.Process(target=grandchild)
            process.start(); process.join()
        def grandchild():
            for n in range(100): write(log, n, "grandchild")
        process = context.Process(target=child)
        process.start(); process.join()
        """,
    )
    assert written(directory) == once("child", "grandchild")


def test_everything_is_flushed_at_exit(directory: Path) -> None:
    run(
        directory,
        """
        log = FeatureLog(directory)
        def work():
            for n in range(100): write(log, n, "daemon")
            done.set()
            threading.Event().wait()
        done = threading.Event()
        threading.Thread(target=work, daemon=True).start()
        done.wait()
        for n in range(100): write(log, n)
        """,
    )
    assert written(directory) == once("daemon", "parent")


def test_everything_is_flushed_when_the_script_fails(directory: Path) -> None:
    process = start(
        directory,
        """
        log = FeatureLog(directory)
        for n in range(100): write(log, n)
        raise SystemExit(3)
        """,
    )
    assert process.wait(60) == 3
    process.communicate()
    assert written(directory) == once("parent")


def test_a_first_record_at_exit_is_written(directory: Path) -> None:
    run(
        directory,
        """
        import atexit
        log = FeatureLog(directory)
        atexit.register(lambda: [write(log, n) for n in range(100)])
        """,
    )
    assert written(directory) == once("parent")


def killed(directory: Path, script: str) -> None:
    """Run the script until it prints a line, and kill it in the middle of its work."""
    process = start(directory, script)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()


WRITES_FOR_EVER = """
    log = FeatureLog(directory, rotate_bytes=200_000)
    n = 0
    while True:
        write(log, n)
        n += 1
        if n == 2000: log.flush()
        if n == 3000: print("now", flush=True)
"""


def test_a_kill_costs_at_most_the_last_record_of_the_file(directory: Path) -> None:
    killed(directory, WRITES_FOR_EVER)
    FeatureLog(directory)  # the next process finishes what was left
    assert not list(directory.glob(".*"))
    paths = sorted(directory.iterdir())
    found = [read_record(line).entity["id"] for path in paths for line in path.read_bytes().split(b"\n")[:-1]]
    assert found == list(range(len(found)))
    assert len(found) >= 2000
    for rest in filter(None, (path.read_bytes().rpartition(b"\n")[2] for path in paths)):
        with pytest.raises(FeatureError, match="torn line"):
            read_record(rest)


def test_a_torn_line_is_told_from_the_others(directory: Path) -> None:
    killed(
        directory,
        """
        import skewless.serving.log.disk.files
        real = os.write
        def torn(descriptor, data):
            if data.count(b"\\n") < 3: return real(descriptor, data)
            real(descriptor, data[:-100])
            print("now", flush=True)
            time.sleep(60)
        log = FeatureLog(directory)
        write(log, 0); log.flush()
        skewless.serving.log.disk.files.os.write = torn
        for n in range(1, 6): write(log, n)
        time.sleep(60)
        """,
    )
    FeatureLog(directory)
    (path,) = directory.iterdir()
    *lines, torn = path.read_bytes().split(b"\n")
    assert [read_record(line).entity["id"] for line in lines] == [0, 1, 2, 3, 4]
    with pytest.raises(FeatureError, match="torn line of"):
        read_record(torn)


def test_a_file_is_not_adopted_while_its_process_lives(directory: Path) -> None:
    process = start(
        directory,
        """
        log = FeatureLog(directory)
        write(log, 0); log.flush()
        child = os.fork()  # a child that lives on must not look like the owner of its parent's file
        if not child: print(os.getpid(), flush=True)
        time.sleep(60)
        """,
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    FeatureLog(directory)
    assert list(directory.glob(".*.open"))
    process.kill()
    process.wait(60)
    FeatureLog(directory)
    try:
        assert written(directory) == once("parent", each=1)
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate()


def test_a_forked_worker_finishes_what_a_killed_one_left(directory: Path) -> None:
    run(
        directory,
        """
        log = FeatureLog(directory)
        def worker(k, ends):
            child = os.fork()
            if not child:
                write(log, k, "worker"); log.flush()
                if ends: sys.exit()
                os.kill(os.getpid(), signal.SIGKILL)
            os.waitpid(child, 0)
        worker(0, False)
        assert [name[0] for name in os.listdir(directory)] == ["."]
        worker(1, True)
        """,
    )
    assert written(directory) == once("worker", each=2)
