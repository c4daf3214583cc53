"""URLs without what is secret in them."""

from __future__ import annotations


def redacted(url: str) -> str:
    """A server's URL without its credentials and its options, which may hold them too.

    >>> redacted("redis://me:secret@host:6379/0?password=secret"), redacted("redis://host/0")
    ('redis://host:6379/0', 'redis://host/0')
    >>> redacted("redis://:se/cr@et@host")
    'redis://host'
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
