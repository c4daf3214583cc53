"""The record of the feature log: captured when it is written, encoded as one line of JSON afterwards."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, NamedTuple

from skewless.serving.log.disk.ownership import host_name
from skewless.serving.log.format.origin import StoreOrigin
from skewless.serving.log.format.shape import NamedValues, Shapes, refusal, scalar, to_json
from skewless.serving.log.format.values import CHECKS, VOID, Typed, float_json, instant_text, json_of, typed
from skewless.serving.values.checks import Refused

SCHEMA_VERSION = 1
"""Raised whenever a reader of the version before could misread a record."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_NOTHING = Typed(None, VOID)
_instant = CHECKS[dt.datetime]


class Captured(NamedTuple):
    """What one call of `write` said, out of reach of whoever called."""

    written_at: int
    event_timestamp: dt.datetime
    entity: NamedValues
    features: NamedValues
    tags: NamedValues
    prediction: Typed
    request_id: Typed
    store: StoreOrigin | None = None


class RecordEncoder:
    """Turns what `write` is given into lines of the log; one for each log and process.

    `capture` runs in the caller's thread and does only what cannot wait: it refuses, and it copies.
    `encode` does the rest, later and elsewhere.

    >>> encoder = RecordEncoder(None, "7")
    >>> now = dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc)
    >>> line = encoder.encode(encoder.capture({"origin": "EWR"}, now, {"temp": 31.5}, None, None, None))
    >>> b'"features":{"temp":31.5}' in line, line.endswith(b"}\\n")
    (True, True)
    """

    def __init__(
        self, fingerprint: str | None, model_version: str | None, declared: Mapping[str, str] | None = None
    ) -> None:
        self.fingerprint = fingerprint
        self.model_version = model_version
        self._entity_shapes = Shapes("entity key")
        self._feature_shapes = Shapes("feature", declared)
        self._tag_shapes = Shapes("tag")
        self._no_tags = self._tag_shapes.captured({})
        self.renew()

    def renew(self) -> None:
        """Begin anew in another process: its own host and pid, and record ids that no other process gives."""
        constant = to_json(
            {
                "schema_version": SCHEMA_VERSION,
                "host": host_name(),
                "pid": os.getpid(),
                "model_version": self.model_version,
                "fingerprint": self.fingerprint,
            }
        )
        self._prefix = f'{constant[:-1]},"record_id":"{os.urandom(16).hex()}-'
        self._numbers = count()

    def capture(
        self,
        entity: Mapping[str, Any],
        event_timestamp: dt.datetime,
        features: Mapping[str, Any],
        prediction: Any,
        request_id: Any,
        tags: Mapping[str, Any] | None,
        store: object = None,
    ) -> Captured:
        """The record of these values as they are now; a FeatureError names each that cannot be logged."""
        return Captured(
            time.time_ns(),
            _one("event_timestamp", event_timestamp, _instant),
            self._entity_shapes.captured(entity),
            self._feature_shapes.captured(features),
            self._tag_shapes.captured(tags) if tags else self._no_tags,
            _NOTHING if prediction is None else _one("prediction", prediction, typed),
            _NOTHING if request_id is None else _one("request_id", request_id, scalar),
            None if store is None else _one("store", store, StoreOrigin.of),
        )

    def encode(self, captured: Captured) -> bytes:
        """The line of one record, newline included. It takes the captured values apart: once per record."""
        entity, entity_types = captured.entity.encoded()
        features, feature_types = captured.features.encoded()
        tags, tag_types = captured.tags.encoded()
        written_at = _EPOCH + dt.timedelta(microseconds=captured.written_at // 1000)
        body = _object_text(
            {
                "event_timestamp": instant_text(captured.event_timestamp),
                "request_id": json_of(*captured.request_id),
                "prediction": json_of(*captured.prediction),
                "entity": entity,
                "features": features,
                "tags": tags,
                # Only where there is a store: a record without stays what every reader of this version knows.
                **(captured.store.to_json() if captured.store else {}),
            }
        )
        return (
            f'{self._prefix}{next(self._numbers)}","written_at":"{instant_text(written_at)}",{body[1:-1]},'
            f'"types":{{"entity":{entity_types},"features":{feature_types},"tags":{tag_types},'
            f'"prediction":"{captured.prediction.type}","request_id":"{captured.request_id.type}"}}}}\n'
        ).encode()


def _object_text(values: dict[str, Any]) -> str:
    try:
        return to_json(values)
    except ValueError:  # a NaN or an infinity; looking for them in every record would cost more
        return to_json(_without_nonfinite(values))


def _without_nonfinite(value: Any) -> Any:
    if type(value) is float:
        return float_json(value)
    if type(value) is list:
        return [_without_nonfinite(item) for item in value]
    return {name: _without_nonfinite(item) for name, item in value.items()} if type(value) is dict else value


def _one(role: str, value: Any, check: Callable[[Any], Any]) -> Any:
    try:
        return check(value)
    except Refused as refused:
        raise refusal(role, str(refused)) from None
