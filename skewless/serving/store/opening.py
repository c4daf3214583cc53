"""A URL → the store behind it."""

from __future__ import annotations

from skewless.serving.errors import nearest
from skewless.serving.store.errors import StoreError
from skewless.serving.store.seam import Store

_SCHEMES = ("sqlite", "redis", "rediss", "postgresql")
_SQLITE = "sqlite:///"


def open_store(url: str) -> Store:
    """The store of a URL: `sqlite:///path`, the path relative, or absolute after one more slash.

    Nothing is connected yet. StoreError for another scheme, in words that hold no credentials.

    >>> open_store("sqlite:////srv/features.db").url
    'sqlite:////srv/features.db'
    >>> open_store("mysql://user:secret@host/db")
    Traceback (most recent call last):
        ...
    skewless.serving.store.errors.StoreError: online store 'mysql://…': unknown; write sqlite:///path
    """
    scheme, colon, _ = url.partition("://")
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        from skewless.serving.store.sqlite.store import SqliteStore

        return SqliteStore(url[len(_SQLITE) :])
    shown = f"{scheme}://…" if colon and scheme.isalnum() else "…"
    match = nearest(scheme, ["sqlite"])
    hint = "did you mean 'sqlite:///path'?" if match else "write sqlite:///path"
    raise StoreError(f"online store '{shown}': unknown; {hint}")
