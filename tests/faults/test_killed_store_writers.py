"""A process that is killed while it writes an online store: whoever polls meanwhile sees the old or the new, whole."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from skewless.serving.store.opening import open_store
from skewless.serving.store.seam import Store
from tests.helpers.servers import POSTGRES, empty, has, postgres_server, redis_server
from tests.serving.store.test_stores import state_of

pytestmark = pytest.mark.fault

KEYS = [("t:rows", b"%d" % key) for key in range(2_000)]
MOMENTS = 10


@pytest.fixture(scope="module", params=["sqlite", "redis", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("store")
    with ExitStack() as servers:
        if request.param == "sqlite":
            yield f"sqlite:///{folder}/store.db"
        elif request.param == "redis":
            pytest.importorskip("redis", reason="needs redis-py: pip install 'skewless[redis]'")
            if not has("redis-server"):
                pytest.skip("needs redis-server: apt-get install redis-server")
            yield servers.enter_context(redis_server(folder))
        else:
            pytest.importorskip("psycopg", reason="needs psycopg: pip install 'skewless[postgres]'")
            if POSTGRES is None:
                pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
            yield servers.enter_context(postgres_server())


def written(store: Store, version: int, full: bool) -> None:
    """A run that writes its version to every key, in twenty round trips as tasks do."""
    run = store.begin("flights", "plan", full=full)
    for first in range(0, len(KEYS), 100):
        store.put(run, [(*key, b"%d" % version) for key in KEYS[first : first + 100]])
    store.publish(run, state_of(version))


def seen(store: Store) -> int:
    """The version of the publication, which every key has; 0 where there is none."""
    state, rows = store.snapshot("flights", KEYS)
    version = state.version if state else 0
    assert set(rows) == {b"%d" % version if state else None}
    return version


def killed_after(seconds: float, url: str, version: int, full: bool) -> list[int]:
    """What a reader saw while a writer was at work until it was killed, and right afterwards."""
    child = os.fork()
    if child == 0:
        try:
            written(open_store(url), version, full)
            os._exit(0)
        finally:  # the child has no tests to go on with
            os._exit(1)
    reader, until, versions = open_store(url), time.monotonic() + seconds, []
    while time.monotonic() < until and not has_ended(child):
        versions.append(seen(reader))
    os.kill(child, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) in (0, -signal.SIGKILL)
    return [*versions, seen(reader)]


def has_ended(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def emptied(url: str) -> None:
    if url.startswith("sqlite"):
        for each in Path(url.removeprefix("sqlite:///")).parent.iterdir():
            each.unlink()
    else:
        empty(url)


def a_run_takes(url: str, full: bool) -> float:
    """Seconds of a run that nobody kills, beside the reader that it will have."""
    started = time.monotonic()
    assert killed_after(60, url, 2, full)[-1] == 2
    return time.monotonic() - started


def begun_with(url: str, before: int) -> None:
    emptied(url)
    if before:
        written(open_store(url), before, True)


@pytest.mark.parametrize(
    ("before", "full"), [(0, True), (1, False), (1, True)], ids=["first", "more", "full"]
)
def test_ten_kills_leave_the_old_or_the_new_and_the_next_run_completes(
    url: str, before: int, full: bool
) -> None:
    begun_with(url, before)
    whole, ended = a_run_takes(url, full), []
    for moment in range(MOMENTS):
        begun_with(url, before)
        versions = killed_after(whole * moment / (MOMENTS - 1), url, 2, full)
        assert versions == sorted(versions)
        assert set(versions) <= {before, 2}
        ended.append(versions[-1])
        after = open_store(url)
        after.sweep(timedelta(0))
        written(after, 3, full or versions[-1] == 0)
        assert seen(after) == 3
    print(f"{url.partition(':')[0]}: after each kill {ended}")
    assert before in ended, "no kill came before the switch"
