"""What an online store refuses, and its URL as messages have it."""

from __future__ import annotations

from skewless.serving.errors import FeatureError


class StoreError(FeatureError):
    """A store that is not there, cannot be reached, or holds something else than what was asked of it."""


class StoreConflictError(StoreError):
    """Another run published meanwhile, or swept this one away: nothing of this run is visible; run it again."""


class StaleStoreError(StoreError):
    """A store that was materialised longer before T than the caller allows."""


def no_base(url: str, training_set: str) -> StoreError:
    """Of a run that writes on what there is, where there is nothing by its plan."""
    return StoreError(
        f"online store {url}: nothing of training set '{training_set}' by this plan; begin a full run"
    )


def overtaken(url: str, training_set: str) -> StoreConflictError:
    """Of a run whose training set another one has published since it began."""
    return StoreConflictError(
        f"online store {url}: another run published training set '{training_set}' meanwhile; "
        "nothing of this one is seen; run it again"
    )


def no_run(url: str, run: str) -> StoreConflictError:
    """Of a run that is not, or no longer, under way."""
    return StoreConflictError(
        f"online store {url}: no run {run}: it has ended, or another one swept it away; run it again"
    )


def unreachable(url: str, said: object) -> StoreError:
    """Of a server that does not answer, or lets nobody in; `said` is what its client says."""
    return StoreError(f"online store {url}: {said}; start its server, or correct the URL or the password")


def redacted(url: str) -> str:
    """A server's URL without its credentials and its options, which may hold them too.

    >>> redacted("redis://me:secret@host:6379/0?password=secret"), redacted("redis://host/0")
    ('redis://host:6379/0', 'redis://host/0')
    >>> redacted("redis://:se/cr@et@host")
    'redis://host'
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
