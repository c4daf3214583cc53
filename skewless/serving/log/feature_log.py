"""The feature log (S4): what serving wrote down at prediction time, exactly, without keeping a request waiting."""

from __future__ import annotations

import datetime as dt
import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple

from skewless.serving.definitions.annotations import ValueType
from skewless.serving.errors import FeatureError, shown
from skewless.serving.log.delivery import Delivery, LogCounts, Sink
from skewless.serving.log.disk.files import LogFiles
from skewless.serving.log.disk.writer import LogWriter
from skewless.serving.log.format.origin import StoreLike
from skewless.serving.log.format.record import RecordEncoder
from skewless.serving.log.format.values import declared_type

OnFull = Literal["block", "drop", "raise"]

_MEBIBYTE = 1024 * 1024
_FSYNC = ("never", "rotate", "batch")


class FeatureLog:
    """An append-only log of predictions: entity keys, T, exact feature values, and what produced them.

    One log serves any number of threads. After a fork, parent and child each go on with a file, a queue and
    a thread of their own, and neither writes what the other was given. `write` captures and queues; a thread
    encodes and appends. A file that grows has a name that begins with a dot; finished ones end in `.jsonl`,
    are whole and never change. docs/feature-log.md describes the files field by field.

    `feature_set`: what has a `fingerprint` to log (a FeatureSet, a ServingPlan) or None. Where it has a
    `schema`, nulls and empty lists get their types from there.
    `sink`: called with each encoded record (bytes, no line end) in the log's thread, instead of files where
    no directory is given, else after them. It is called once a record; what it raises is counted.
    `queue_size`: how many records may wait in memory; `on_full`: "block" until one fits, "drop" and count
    it, or "raise" a FeatureError.
    `rotate_bytes`, `rotate_seconds`: the size and the age at which a file is finished.
    `fsync`: "never", "rotate" (when a file is finished), "batch" (after every few records), or seconds.

    >>> lines = []
    >>> with FeatureLog(sink=lines.append, model_version="7") as log:
    ...     log.write(
    ...         entity={"origin": "EWR"},
    ...         event_timestamp=dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc),
    ...         features={"temp": 31.5, "gusts": [12.0, None]},
    ...     )
    >>> from skewless import read_record
    >>> record = read_record(lines[0])
    >>> record.features, record.types.features
    ({'temp': 31.5, 'gusts': [12.0, None]}, {'temp': 'double', 'gusts': 'array<double>'})
    >>> log.counts.written
    1
    """

    __slots__ = ("__weakref__", "_encoder", "_settings", "_writer")

    def __init__(  # noqa: PLR0913  (a log has that many settings, each with a default)
        self,
        directory: str | os.PathLike[str] | None = None,
        *,
        feature_set: object = None,
        model_version: str | None = None,
        sink: Sink | None = None,
        queue_size: int = 10_000,
        on_full: OnFull = "block",
        rotate_bytes: int = 64 * _MEBIBYTE,
        rotate_seconds: float = 300.0,
        fsync: str | float = "rotate",
    ) -> None:
        origin = feature_set if isinstance(feature_set, _Origin) else _Origin.of(feature_set)
        self._settings = {
            "directory": None if directory is None else os.fspath(directory),
            "feature_set": origin,
            "model_version": model_version,
            "sink": sink,
            "queue_size": queue_size,
            "on_full": on_full,
            "rotate_bytes": rotate_bytes,
            "rotate_seconds": rotate_seconds,
            "fsync": fsync,
        }
        problems = _problems(self._settings)
        if problems:
            raise FeatureError(*(f"feature log: {problem}" for problem in problems))
        self._encoder = RecordEncoder(origin.fingerprint, model_version, origin.types)
        files = None
        if directory is not None:
            files = LogFiles(Path(directory).absolute(), rotate_bytes, rotate_seconds, fsync)
            files.prepare()
        name = str(directory) if directory is not None else "sink"
        self._writer = LogWriter(self._encoder, Delivery(name, files, sink), queue_size, on_full)
        weakref.finalize(self, self._writer.close_soon).atexit = False  # at exit it is closed, not soon

    def write(
        self,
        *,
        entity: Mapping[str, Any],
        event_timestamp: dt.datetime,
        features: Mapping[str, Any],
        prediction: Any = None,
        request_id: Any = None,
        tags: Mapping[str, Any] | None = None,
        store: StoreLike | None = None,
    ) -> None:
        """Log one prediction; what is changed afterwards in the arguments does not change the record.

        `entity`: every label column that a join key uses; keys are not floats. `event_timestamp`: T, aware.
        `features`: any columns of the training set. `prediction`: any value. `request_id` and `tags` (by
        name): one value each. `store`: `plan.store_state` after `plan.serve`, of which the record keeps how old
        the store was and the versions of its sources. A FeatureError names each value that cannot be logged
        exactly: one of another type than None, bool, int (64 bits), float, str, bytes, datetime (aware), date,
        Decimal (38 digits) and lists of one of these. Numpy's scalars are logged as the Python value that they hold.

        >>> log = FeatureLog(sink=print)
        >>> log.write(entity={"id": 7}, event_timestamp=dt.datetime(2024, 1, 2), features={})
        Traceback (most recent call last):
            ...
        skewless.serving.errors.FeatureError: feature log: event_timestamp: naive datetime datetime.datetime(2024, 1, 2, 0, 0); give it a time zone
        """  # noqa: E501
        writer = self._writer
        if writer.closed:
            raise FeatureError(
                f"feature log '{writer.name}': closed; write before close, or open another one"
            )
        writer.put(
            self._encoder.capture(entity, event_timestamp, features, prediction, request_id, tags, store)
        )

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything written so far is in its file or handed to the sink; False if not in time."""
        return self._writer.flush(timeout)

    def close(self, timeout: float | None = 10.0) -> None:
        """Deliver everything written, finish the file and end; again does nothing.

        After so many seconds without any progress (a full disk, a sink that hangs) the rest is given up,
        counted and reported; None waits for ever.
        """
        self._writer.close(timeout)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._writer.closed

    @property
    def counts(self) -> LogCounts:
        """What became of the records of this process: written, dropped, failed, queued, and errors met."""
        return self._writer.counts()

    def __enter__(self) -> FeatureLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (self._settings,)

    def __repr__(self) -> str:
        return f"FeatureLog('{self._writer.name}', {'closed' if self.closed else self.counts})"


class _Origin(NamedTuple):
    """What of a feature set a log needs."""

    fingerprint: str | None = None
    types: dict[str, str] = {}  # noqa: RUF012  (never changed)

    @classmethod
    def of(cls, feature_set: object) -> _Origin:
        if feature_set is None:
            return cls()
        fingerprint = getattr(feature_set, "fingerprint", None)
        schema = getattr(feature_set, "schema", None)
        known = isinstance(fingerprint, str) or (fingerprint is None and isinstance(schema, Mapping))
        if not known or isinstance(feature_set, type):
            raise FeatureError(
                f"feature log: feature_set: expected a FeatureSet, a ServingPlan or None, found "
                f"{type(feature_set).__name__} {shown(feature_set)}; give FeatureSet.from_module(...)"
            )
        declared = schema.items() if isinstance(schema, Mapping) else ()
        types = {name: declared_type(kind) for name, kind in declared if isinstance(kind, ValueType)}
        return cls(fingerprint, types)


def _opened(settings: dict[str, Any]) -> FeatureLog:
    """A log of the same settings in another process: what unpickling gives."""
    return FeatureLog(**settings)


def _problems(given: Mapping[str, Any]) -> list[str]:
    problems: list[str] = []
    if given["directory"] is None and given["sink"] is None:
        problems.append("expected a directory or a sink, found neither; give FeatureLog(directory)")
    if given["sink"] is not None and not callable(given["sink"]):
        problems.append(f"sink: expected a callable, found {shown(given['sink'])}")
    version = given["model_version"]
    if version is not None and type(version) is not str:
        problems.append(f"model_version: expected str or None, found {shown(version)}; write str(...)")
    if given["on_full"] not in ("block", "drop", "raise"):
        problems.append(f"on_full: expected 'block', 'drop' or 'raise', found {shown(given['on_full'])}")
    for name in ("queue_size", "rotate_bytes"):
        if type(given[name]) is not int or given[name] < 1:
            problems.append(f"{name}: expected an int of at least 1, found {shown(given[name])}")
    if not _is_seconds(given["rotate_seconds"]):
        problems.append(f"rotate_seconds: expected seconds above 0, found {shown(given['rotate_seconds'])}")
    if given["fsync"] not in _FSYNC and not _is_seconds(given["fsync"]):
        problems.append(f"fsync: expected {_FSYNC} or seconds above 0, found {shown(given['fsync'])}")
    return problems


def _is_seconds(value: object) -> bool:
    return type(value) in (int, float) and isinstance(value, (int, float)) and value > 0
