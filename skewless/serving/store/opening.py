"""A URL → the store behind it."""

from __future__ import annotations

from skewless.serving.errors import nearest
from skewless.serving.store.errors import StoreError, redacted
from skewless.serving.store.seam import Store

_SQLITE = "sqlite:///"
_SERVERS = {
    "redis": ("redis", "skewless.serving.store.redis_server.store", "RedisStore"),
    "rediss": ("redis", "skewless.serving.store.redis_server.store", "RedisStore"),
    "postgresql": ("postgres", "skewless.serving.store.postgres_server.store", "PostgresStore"),
    "postgres": ("postgres", "skewless.serving.store.postgres_server.store", "PostgresStore"),
}
"""Scheme → the extra that brings its client, and where its store is."""

_KNOWN = "write sqlite:///…, redis:// or postgresql://"


def open_store(url: str) -> Store:
    """The store of a URL: `sqlite:///path`, the path relative, or absolute after one more slash; `redis://host:6379/0`;
    `postgresql://host/database`.

    Nothing is connected yet. StoreError for another scheme, and for one whose client is not installed, in words that
    hold no credentials.

    >>> open_store("sqlite:////srv/features.db").url
    'sqlite:////srv/features.db'
    >>> open_store("mysql://user:secret@host/db")
    Traceback (most recent call last):
        ...
    skewless.serving.store.errors.StoreError: online store 'mysql://…': unknown; write sqlite:///…, redis:// or postgresql://
    """
    scheme, colon, rest = url.partition("://")
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        from skewless.serving.store.sqlite.store import SqliteStore

        return SqliteStore(url[len(_SQLITE) :])
    if scheme in _SERVERS and rest:
        return _server(url, *_SERVERS[scheme])
    shown = f"{scheme}://…" if colon and scheme.isalnum() else "…"
    match = nearest(scheme, ["sqlite", *_SERVERS])
    hint = f"did you mean {match}? {_KNOWN}" if match and match != scheme else _KNOWN
    raise StoreError(f"online store '{shown}': unknown; {hint}")


def _server(url: str, extra: str, home: str, name: str) -> Store:
    from importlib import import_module

    try:
        store: Store = getattr(import_module(home), name)(url)
    except ModuleNotFoundError as error:
        needs = f"needs {error.name}; pip install 'skewless[{extra}]'"
        raise StoreError(f"online store {redacted(url)}: {needs}") from None
    return store
