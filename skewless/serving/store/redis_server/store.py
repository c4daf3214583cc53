"""An online store in a Redis server: a publication is a hash of entries, a run writes one of its own.

A full run is published by naming its hash; another run's entries are moved over in one script, during which the
server answers nobody else: about a second for a million changed keys. A server that forgets what it had not saved when
it was stopped forgets the run with it, and the run ends with a conflict.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import redis

from skewless.serving.store.errors import (
    StoreConflictError,
    StoreError,
    no_base,
    no_run,
    overtaken,
    redacted,
    unreachable,
)
from skewless.serving.store.redis_server import scripts
from skewless.serving.store.redis_server.lines import Lines
from skewless.serving.store.seam import Entry, Snapshot, StoreState, Wanted

_BATCH = 1_000
_MOST_SWITCHES = 10
"""How often a publication may be another one again while it is read."""
_SETS = "skewless:training_sets"


class _Opened(NamedTuple):
    """A publication: the hash of its entries, the number that it has in it, its state, and stored table → prefix."""

    entries: bytes
    number: bytes
    state: StoreState
    prefixes: dict[str, bytes]

    def command(self, wanted: Wanted) -> list[bytes]:
        """What reads its number and the values; a table that has no prefix has no entry."""
        prefixes = self.prefixes
        return [
            b"HMGET",
            self.entries,
            b"",
            *[prefixes[name] + key for name, key in wanted if name in prefixes],
        ]

    def in_order(self, wanted: Wanted, values: list[bytes | None]) -> list[bytes | None]:
        """The values for all that is wanted, None for a table without a prefix."""
        if len(values) == len(wanted):
            return values
        left = iter(values)
        return [next(left) if name in self.prefixes else None for name, _ in wanted]


class RedisStore:
    """The store behind a URL as redis-py takes it; the password may also be in REDISCLI_AUTH, as for redis-cli.

    Every key of a training set has the same hash tag, so that a cluster keeps them in one place.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.url = redacted(url)
        with self._told():
            auth = os.environ.get("REDISCLI_AUTH")
            given = {} if auth is None or "@" in url else {"password": auth}
            self._server: Any = redis.Redis.from_url(url, **given)
            self._lines = Lines(self._server)
            self._opened: dict[str, _Opened] = {}
            self._scripts = {
                text: self._server.register_script(text)
                for text in (
                    scripts.OPEN,
                    scripts.BEGIN,
                    scripts.PUT,
                    scripts.STAGED,
                    scripts.PUBLISH,
                    scripts.DISCARD,
                )
            }

    def __reduce__(self) -> tuple[type[RedisStore], tuple[str]]:
        return RedisStore, (self._url,)

    def __repr__(self) -> str:
        return f"RedisStore({self.url!r})"

    def state(self, training_set: str) -> StoreState | None:
        """What the training set's publication says of itself."""
        return self.snapshot(training_set, ()).state

    def snapshot(self, training_set: str, wanted: Wanted) -> Snapshot:
        """State and rows of one publication: by one command, and two more where it is another one than before.

        The command reads the number of the publication along with the rows, and they count only where it is that of
        the state that is known.
        """
        known = self._opened.get(training_set)
        for _ in range(_MOST_SWITCHES):
            if known is not None:
                with self._told():
                    number, *values = self._lines.ask(known.command(wanted))
                if number == known.number:
                    return Snapshot(known.state, known.in_order(wanted, values))
            known = self._open(training_set)
            if known is None:
                return Snapshot(None, [None] * len(wanted))
        raise StoreError(
            f"online store {self.url}: the rows of training set '{training_set}' are gone, but not what says that they "
            f"are published; have the server evict nothing, and run skewless materialize {training_set} --full"
        )

    def _open(self, training_set: str) -> _Opened | None:
        """What is published now, which is known from here on."""
        prefix = _prefix(training_set)
        keys = [prefix + "publication", prefix + "tables"]
        generation, number, state, *tables = self._run(scripts.OPEN, keys, [])
        if state is None:
            self._opened.pop(training_set, None)
            return None
        prefixes = {name.decode(): own for name, own in zip(tables[::2], tables[1::2], strict=True)}
        found = _Opened(prefix.encode() + generation, number, StoreState.from_json(state), prefixes)
        self._opened[training_set] = found
        return found

    def read(self, training_set: str, wanted: Wanted) -> list[bytes | None]:
        """The rows alone."""
        return self.snapshot(training_set, wanted).rows

    def begin(self, training_set: str, fingerprint: str, *, full: bool) -> str:
        """A run's token, in which the training set is."""
        run, prefix = f"{os.urandom(16).hex()}:{training_set}", _prefix(training_set)
        is_begun = self._run(
            scripts.BEGIN,
            [prefix + "publication", f"{prefix}{run}:run", prefix + "runs", _SETS],
            [run, fingerprint, int(full), time.time(), training_set],
        )
        if not is_begun:
            raise no_base(self.url, training_set)
        return run

    def put(self, run: str, entries: Iterable[Entry]) -> int:
        """Write entries of a run, a batch in a script."""
        written, left, own, tables = 0, iter(entries), _own(run), _prefix(_set_of(run)) + "tables"
        while batch := list(islice(left, _BATCH)):
            flat = [part for stored, key, rows in batch for part in (stored, key, rows or b"")]
            if not self._run(scripts.PUT, [own + ":run", own, own + ":keys", tables], flat):
                raise self._ended(run)
            written += len(batch)
        return written

    def staged(self, run: str, wanted: Wanted) -> list[bytes | None]:
        """What would be read if the run were published now."""
        prefix, own = _prefix(_set_of(run)), _own(run)
        flat = [part for each in wanted for part in each]
        keys = [own + ":run", own, prefix + "publication", prefix + "tables"]
        found = self._run(scripts.STAGED, keys, [prefix, *flat])
        if found is None:
            raise self._ended(run)
        return list(found)

    def publish(self, run: str, state: StoreState) -> StoreState:
        """Name the run's hash, or move its entries over."""
        prefix, own = _prefix(_set_of(run)), _own(run)
        others = [prefix + "tables", prefix + "runs"]
        keys = [own + ":run", prefix + "publication", own, own + ":keys", *others]
        said: bytes = self._run(scripts.PUBLISH, keys, [prefix, run, state.to_json()])
        if said == b"ended":
            raise self._ended(run)
        if said == b"conflict":
            raise overtaken(self.url, _set_of(run))
        return StoreState.from_json(said)

    def discard(self, run: str) -> None:
        """End a run without a trace."""
        own = _own(run)
        prefix = _prefix(_set_of(run))
        keys = [own + ":run", own, own + ":keys", prefix + "runs", prefix + "publication"]
        self._run(scripts.DISCARD, keys, [run])

    def sweep(self, older_than: dt.timedelta) -> int:
        """End the runs that began longer ago."""
        before, ended = time.time() - older_than.total_seconds(), 0
        with self._told():
            sets = [each.decode() for each in self._server.smembers(_SETS)]
            runs = [each.decode() for name in sets for each in self._server.smembers(_prefix(name) + "runs")]
            begun = {run: self._server.hget(_own(run) + ":run", "begun") for run in runs}
        for run, moment in begun.items():
            if moment is None or float(moment) <= before:
                self.discard(run)
                ended += 1
        return ended

    def _run(self, script: str, keys: list[str], arguments: list[Any]) -> Any:
        with self._told():
            return self._scripts[script](keys=keys, args=arguments)

    def _ended(self, run: str) -> StoreConflictError:
        return no_run(self.url, run)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever the client raises as a StoreError of a line; what it says of a URL may hold a password."""
        try:
            yield
        except redis.ConnectionError as error:
            raise unreachable(self.url, str(error).rstrip(".")) from error
        except redis.RedisError as error:
            raise StoreError(f"online store {self.url}: {error}") from error
        except ValueError:
            raise StoreError(
                f"online store {self.url}: no URL of a server; escape its password by %"
            ) from None


def _prefix(training_set: str) -> str:
    return f"skewless:{{{training_set}}}:"


def _set_of(run: str) -> str:
    return run.partition(":")[2]


def _own(run: str) -> str:
    """Where a run's keys lie."""
    return _prefix(_set_of(run)) + run
