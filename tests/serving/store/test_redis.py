"""What is Redis's own: servers that are gone or come back empty, and passwords."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from skewless import OnlineStore, StoreError
from skewless.serving.store.errors import StoreConflictError
from skewless.serving.store.opening import open_store
from tests.helpers.servers import has, redis_server
from tests.serving.store.test_stores import A, B, published, state_of

redis = pytest.importorskip("redis", reason="needs redis-py: pip install 'skewless[redis]'")
pytestmark = pytest.mark.skipif(not has("redis-server"), reason="needs redis-server")


def refusal(act: Callable[[], object], kind: type[StoreError] = StoreError) -> str:
    with pytest.raises(kind) as caught:
        act()
    said = str(caught.value)
    assert "\n" not in said
    assert "cret" not in said
    return said


def test_a_server_that_stops_and_comes_back_empty_ends_the_run_with_a_conflict(tmp_path: Path) -> None:
    with redis_server(tmp_path) as url:
        store = open_store(url)
        published(store, (*A, b"1"))
        run = store.begin("flights", "plan", full=False)
        store.put(run, [(*A, b"2")])
        port = store.url.rpartition(":")[2].partition("/")[0]
    assert "127.0.0.1" in refusal(lambda: store.read("flights", [A]))
    with redis_server(tmp_path, int(port)):
        assert store.state("flights") is None
        refusal(lambda: store.publish(run, state_of()), StoreConflictError)
        published(store, (*A, b"3"))
        assert store.read("flights", [A]) == [b"3"]


def test_an_open_store_is_read_again_once_its_server_is_back(tmp_path: Path) -> None:
    with redis_server(tmp_path) as url:
        store, other = open_store(url), open_store(url)
        published(store, (*A, b"1"))
        assert store.read("flights", [A]) == [b"1"]
        port = int(store.url.rpartition(":")[2].partition("/")[0])
    said = refusal(lambda: store.read("flights", [A]))
    assert said.startswith(f"online store {store.url}: ")
    assert said.endswith("start its server, or correct the URL or the password")
    with redis_server(tmp_path, port):
        assert store.read("flights", [A]) == [None], "it saved nothing"
        published(other, (*A, b"2"))
        assert store.read("flights", [A]) == [b"2"]


def test_a_call_that_is_broken_off_leaves_its_answer_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as url:
        store = open_store(url)
        published(store, (*A, b"1"), (*B, b"2"))
        assert store.read("flights", [A]) == [b"1"]

        def broken_off(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(redis.Connection, "read_response", broken_off)
            with pytest.raises(KeyboardInterrupt):
                store.read("flights", [A])
        assert store.read("flights", [B]) == [b"2"]


def test_rows_that_the_server_has_evicted_are_no_silent_nulls(tmp_path: Path) -> None:
    with redis_server(tmp_path) as url:
        store = open_store(url)
        published(store, (*A, b"1"))
        assert store.read("flights", [A]) == [b"1"]
        client = redis.Redis.from_url(url)
        (entries,) = [key for key in client.keys("*:flights") if client.type(key) == b"hash"]
        client.delete(entries)
        assert "the rows of training set 'flights' are gone" in refusal(lambda: store.read("flights", [A]))
        published(store, (*A, b"2"), version=2)
        assert store.read("flights", [A]) == [b"2"]


def test_a_forked_process_and_threads_have_connections_of_their_own(tmp_path: Path) -> None:
    with redis_server(tmp_path) as url:
        store = open_store(url)
        published(store, *(("t:rows", b"%d" % key, b"%d" % key) for key in range(8)))
        assert store.read("flights", [("t:rows", b"0")]) == [b"0"]
        seen: list[bool] = []

        def ask(key: bytes) -> None:
            seen.extend(store.read("flights", [("t:rows", key)]) == [key] for _ in range(200))

        threads = [threading.Thread(target=ask, args=(b"%d" % key,)) for key in range(8)]
        child = os.fork()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if child == 0:
            os._exit(0 if len(seen) == 1600 and all(seen) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert len(seen) == 1600
        assert all(seen)


def test_a_password_is_in_no_error_and_in_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with redis_server(tmp_path) as url:
        store = OnlineStore.open(url)
        assert "cret" not in f"{store!r} {store.url} {open_store(url)!r}"
        refusal(lambda: open_store(url.replace("%3A", "cret")).state("flights"))
        bare = url.replace(":se%3Acret@", "")
        assert "uthenticat" in refusal(lambda: open_store(bare).state("flights"))
        monkeypatch.setenv("REDISCLI_AUTH", "se:cret")
        assert open_store(bare).state("flights") is None


@pytest.mark.parametrize("url", ["redis://:se/cret@host:6379", "redis://me:se/cret@host"])
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    refusal(lambda: open_store(url).state("flights"))
