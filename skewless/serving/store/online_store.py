"""The online store as a serving process has it: opened by URL, and how old it may be."""

from __future__ import annotations

import datetime as dt

from skewless.serving.store.errors import StoreError
from skewless.serving.store.opening import open_store
from skewless.serving.store.seam import Snapshot, Store, StoreState, Wanted
from skewless.serving.values.durations import microseconds

Staleness = str | dt.timedelta | None


class OnlineStore:
    """What `skewless materialize` writes and a serving plan reads: `plan.serve(store, request, at=now)`.

    It may be shared by threads, and survives pickling and forking.
    """

    __slots__ = ("_store", "max_staleness")

    #: How long before T the store may have been materialised, in microseconds; None for any time.
    max_staleness: int | None

    def __init__(self, store: Store, max_staleness: Staleness = None) -> None:
        """For `open`, and for a store of one's own behind the same seam."""
        self._store = store
        self.max_staleness = staleness(max_staleness)

    @classmethod
    def open(cls, url: str, max_staleness: Staleness = None) -> OnlineStore:
        """The store of a URL, such as `sqlite:////srv/features.db`; nothing is connected before something is asked for.

        `max_staleness`, a timedelta or a duration such as `26h`, refuses every T that lies further behind the moment
        at which the store was materialised.
        """
        return cls(open_store(url), max_staleness)

    @property
    def url(self) -> str:
        """Where it is, without credentials."""
        return self._store.url

    def state(self, training_set: str) -> StoreState | None:
        """What is held of a training set: plan, version, and of each stored table its source's version and its age."""
        return self._store.state(training_set)

    def snapshot(self, training_set: str, wanted: Wanted) -> Snapshot:
        """State and rows of one publication, in one round trip."""
        return self._store.snapshot(training_set, wanted)

    def __repr__(self) -> str:
        return f"OnlineStore({self.url!r})"


def staleness(value: Staleness) -> int | None:
    """A duration in microseconds; StoreError for what is none.

    >>> staleness("1h")
    3600000000
    """
    try:
        return None if value is None else microseconds(value)
    except ValueError as error:
        raise StoreError(f"online store: max_staleness: {error}") from None
