"""What is Redis's own: servers that are gone or come back empty, and passwords."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skewless import OnlineStore, StoreError
from skewless.serving.store.errors import StoreConflictError
from skewless.serving.store.opening import open_store
from tests.helpers.servers import has, redis_server
from tests.serving.store.test_stores import A, published, state_of

pytest.importorskip("redis", reason="needs redis-py: pip install 'skewless[redis]'")
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


def test_a_password_is_in_no_error_and_in_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with redis_server(tmp_path) as url:
        store = OnlineStore.open(url)
        assert "cret" not in f"{store!r} {store.url} {open_store(url)!r}"
        refusal(lambda: open_store(url.replace("%3A", "cret")).state("flights"))
        bare = url.replace(":se%3Acret@", "")
        assert "authenticate" in refusal(lambda: open_store(bare).state("flights"))
        monkeypatch.setenv("REDISCLI_AUTH", "se:cret")
        assert open_store(bare).state("flights") is None


@pytest.mark.parametrize("url", ["redis://:se/cret@host:6379", "redis://me:se/cret@host"])
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    refusal(lambda: open_store(url).state("flights"))
