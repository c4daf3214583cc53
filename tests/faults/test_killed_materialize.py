"""`skewless materialize` as a scheduler runs it, killed at ten moments; two at once; a server that goes and comes."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from skewless import OnlineStore, ServingPlan
from skewless.runs.materialize import materialize
from skewless.runs.materialize.audit import Audited
from skewless.serving.store.errors import StoreError
from tests.helpers.servers import free_port, has, redis_server
from tests.runs.materialize.test_materialize import CLICKS, NAME, NOW, Shop, ago, plan_of, shop

pytestmark = pytest.mark.fault

__all__ = ["shop"]

ROOT = Path(__file__).parents[2]
MOMENTS = 10
T = NOW + timedelta(hours=12)
REQUESTS = [
    {"user": user, "day": day, "shop": place}
    for user, day, place in [("a", 1, 1), ("a", 12, 2), ("b", 1, 3), ("f", 1, 4)]
]
NEW_CLICKS = [f"('{user}', 1, {ago(hours=-12, minutes=5)}, 7.5D)" for user in ("a", "b", "f")]
"""Which T sees five minutes later, so that every vector but one is another one."""

Vectors = list[dict[str, Any]]


class Killed(Shop):
    """The shop, before and after more clicks; its store of before is kept aside."""

    @property
    def kept(self) -> Path:
        return self.root / "kept.db"

    def begin_with(self, *, nothing: bool) -> None:
        for each in self.root.glob("store.db*"):
            each.unlink()
        if not nothing:
            shutil.copy(self.kept, self.file)

    def vectors(self) -> Vectors:
        """By all rows of the tables as they are now."""
        plan, found = ServingPlan.from_document(plan_of()), []
        for request in REQUESTS:
            clicks = [
                row
                for row in self.rows("clicks")
                if (row["user"], row["day"]) == (request["user"], request["day"])
            ]
            prices = [row for row in self.rows("prices") if row["shop"] == request["shop"]]
            rows = {"prices": prices, "clicks": clicks, "rates": self.rows("rates")}
            found.append(plan.compute(request, rows=rows, events={"clicks": clicks}, at=T))
        return found

    def begun(self, *arguments: str) -> subprocess.Popen[str]:
        own = ["--conf-dir", str(self.root / "conf"), "--set", f"WAREHOUSE={self.warehouse}"]
        to = ["--to", f"sqlite:///{self.file}", "--log-format", "text", *arguments]
        command = [
            sys.executable,
            "-c",
            "from skewless.cli.entry import run; run()",
            "materialize",
            NAME,
            *to,
            *own,
        ]
        here = {"PYTHONPATH": str(ROOT), "SKEWLESS_MASTER": "local[2]", "SKEWLESS_DRIVER_MEMORY": "1g"}
        return subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.root,
            env={**os.environ, **here},
        )


class Reader:
    """Somebody who serves all the while; each vector it got, and None where it was told that there is nothing."""

    def __init__(self, url: str) -> None:
        self.seen: list[Vectors | None] = []
        self._plan, self._store = ServingPlan.from_document(plan_of()), OnlineStore.open(url)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._poll)

    def now(self) -> Vectors | None:
        try:
            return self._plan.serve_many(self._store, REQUESTS, at=T)
        except StoreError as error:
            assert "nothing of training set" in str(error)
            return None

    def _poll(self) -> None:
        while not self._over.is_set():
            self.seen.append(self.now())
            time.sleep(0.005)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture(scope="module")
def killed(shop: Shop) -> tuple[Killed, Vectors, Vectors]:
    """The project, and its vectors before and after more clicks."""
    project = Killed(shop.root, shop.spark)
    assert project.materialized().code == 0
    # By SQLite: the newest pages lie in the log beside the file.
    with sqlite3.connect(project.file) as one, sqlite3.connect(project.kept) as other:
        one.backup(other)
    before = project.vectors()
    project.append("clicks", CLICKS, *NEW_CLICKS)
    after = project.vectors()
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, True, False, False]
    return project, before, after


def at_work(process: subprocess.Popen[str]) -> None:
    """Wait until it has read the state of the store, after which it writes."""
    assert process.stderr is not None
    for line in process.stderr:
        if "reading the store's state" in line:
            return


def a_run_takes(project: Killed, *arguments: str) -> float:
    """Seconds from where `at_work` returns until the end."""
    process = project.begun(*arguments)
    at_work(process)
    started = time.monotonic()
    assert process.communicate()[0] is None
    assert process.returncode == 0
    return time.monotonic() - started


@pytest.mark.parametrize(("kind", "arguments"), [("first", ()), ("incremental", ()), ("full", ("--full",))])
def test_ten_kills_of_the_whole_process_leave_old_or_new_vectors_and_the_next_run_completes(
    killed: tuple[Killed, Vectors, Vectors], kind: str, arguments: tuple[str, ...]
) -> None:
    project, before, after = killed
    old = None if kind == "first" else before
    project.begin_with(nothing=kind == "first")
    whole, ended = a_run_takes(project, *arguments), []
    for moment in range(MOMENTS):
        project.begin_with(nothing=kind == "first")
        process = project.begun(*arguments)
        at_work(process)
        with Reader(f"sqlite:///{project.file}") as reader:
            time.sleep(whole * moment / (MOMENTS - 1))
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            left = reader.now()
            ran = project.materialized(*arguments)
        assert ran.code == 0, ran.err
        assert reader.now() == after
        assert all(seen in (old, after) for seen in reader.seen)
        places = [reader.seen.index(seen) for seen in reader.seen if seen == after]
        assert all(seen == after for seen in reader.seen[min(places, default=len(reader.seen)) :])
        assert project.differences(NOW + timedelta(hours=11)) == []
        ended.append("new" if left == after else "old")
    print(f"{kind}: after each kill {ended}, of a run of {whole:.1f} s")
    assert "old" in ended, "no kill came before the switch"


def test_of_two_whole_runs_at_once_each_ends_done_or_says_try_again(
    killed: tuple[Killed, Vectors, Vectors],
) -> None:
    project, before, after = killed
    project.begin_with(nothing=False)
    other = project.begun()
    at_work(other)
    with Reader(f"sqlite:///{project.file}") as reader:
        ran = project.materialized()
        other.communicate()
    print(f"two at once: {sorted([ran.code, other.returncode])}")
    assert sorted([ran.code, other.returncode]) in ([0, 0], [0, 5]), ran.err
    assert all(seen in (before, after) for seen in reader.seen)
    assert reader.now() == after


@pytest.fixture
def port() -> Iterator[int]:
    pytest.importorskip("redis", reason="needs redis-py: pip install 'skewless[redis]'")
    if not has("redis-server"):
        pytest.skip("needs redis-server: apt-get install redis-server")
    yield free_port()


def test_a_server_that_is_stopped_and_started_within_a_run_ends_it_and_the_next_one_completes(
    killed: tuple[Killed, Vectors, Vectors], port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It saves nothing, so that it has forgotten what was published too."""
    project, _, after = killed
    first = redis_server(tmp_path, port)
    url = first.__enter__()
    assert project.run("materialize", NAME, "--to", url).code == 0
    assert Reader(url).now() == after
    second = redis_server(tmp_path, port)

    def restarted(*_: object) -> Audited:
        first.__exit__(None, None, None)
        second.__enter__()
        return Audited()

    with monkeypatch.context() as patched:
        patched.setattr(materialize, "_audited", restarted)
        ran = project.run("materialize", NAME, "--to", url, "--full")
    try:
        assert ran.code == 5, ran.err
        assert "Traceback" not in ran.err
        assert Reader(url).now() is None
        ran = project.run("materialize", NAME, "--to", url)
        assert ran.code == 0, ran.err
        assert Reader(url).now() == after
    finally:
        second.__exit__(None, None, None)
