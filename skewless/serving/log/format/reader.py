"""Reading the feature log back: one line, one record, or one reason why it is none."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, NamedTuple

from skewless.serving.errors import FeatureError, shown
from skewless.serving.log.format.decoding import decoder
from skewless.serving.log.format.record import SCHEMA_VERSION
from skewless.serving.log.format.values import CHECKS
from skewless.serving.values.checks import Refused


class RecordTypes(NamedTuple):
    """The types of a record's values, by name, as Spark SQL writes them; `void` for a null of unknown type."""

    entity: dict[str, str]
    features: dict[str, str]
    tags: dict[str, str]
    prediction: str
    request_id: str


class Record(NamedTuple):
    """One record of the feature log: values of Python's own types, instants in UTC.

    `record_id` is unique: two records with equal values are still two. `materialized_at` and `store_versions` (stored
    table → version of its source) are of the online store that served the features, None where the log was not told.
    """

    schema_version: int
    record_id: str
    written_at: dt.datetime
    host: str
    pid: int
    model_version: str | None
    fingerprint: str | None
    event_timestamp: dt.datetime
    request_id: Any
    prediction: Any
    entity: dict[str, Any]
    features: dict[str, Any]
    tags: dict[str, Any]
    types: RecordTypes
    materialized_at: dt.datetime | None = None
    store_versions: dict[str, int | None] | None = None


def read_record(line: bytes | str) -> Record:
    """The record that a line of the log holds, with or without the line's end.

    A line that is not exactly one whole record of a known schema version is refused by a FeatureError of
    one line, which says why: a torn line (a process was killed in it), other text, a missing or unknown
    field, a value that is not of the type it is said to have.

    >>> read_record(b'{"schema_version":1,"host":"we')
    Traceback (most recent call last):
        ...
    skewless.serving.errors.FeatureError: feature log record: torn line of 30 bytes, its record does not end; its process was killed while writing it
    """  # noqa: E501
    try:
        return _record(_fields(line))
    except Refused as refused:
        raise FeatureError(f"feature log record: {refused}") from None


def _fields(line: bytes | str) -> dict[str, Any]:
    text = _text(line)
    try:
        fields = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError:
        raise Refused("not a record: nested too deep") from None
    except json.JSONDecodeError as error:
        if text.startswith("{") and error.pos >= len(text):
            raise _torn(len(text.encode("utf-8"))) from None
        raise Refused(f"not JSON: {error.msg} at character {error.pos}") from None
    except Refused:
        raise
    except ValueError as error:  # an integer of more digits than Python reads
        raise Refused(f"not JSON: {error}") from None
    if type(fields) is not dict:
        raise Refused(f"expected a JSON object, found {shown(fields)}")
    version = fields.get("schema_version")
    if type(version) is not int or version != SCHEMA_VERSION:
        found = "none" if "schema_version" not in fields else shown(version)
        raise Refused(
            f"expected schema_version {SCHEMA_VERSION}, found {found}; read it with its own release"
        )
    return fields


def _text(line: bytes | str) -> str:
    raw = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else bytes(line)
    raw = raw.rstrip(b"\r\n")
    if not raw.strip():
        raise Refused("an empty line")
    if raw.startswith(b"{") and not raw.endswith(b"}"):
        raise _torn(len(raw))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"not UTF-8 at byte {error.start}") from None


def _torn(size: int) -> Refused:
    return Refused(
        f"torn line of {size} bytes, its record does not end; its process was killed while writing it"
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise Refused(f"two values of the name {next(shown(n) for n in names if names.count(n) > 1)}")
    CHECKS[str]("".join(found))
    return found


def _no_constant(name: str) -> Any:
    raise Refused(f"not JSON: the number {name}; the log writes it as text")


def _record(fields: dict[str, Any]) -> Record:
    missing = [name for name in Record._fields if name not in fields and name not in Record._field_defaults]
    unknown = [name for name in fields if name not in Record._fields]
    if missing or unknown:
        raise Refused(
            f"expected the fields of schema_version {SCHEMA_VERSION}; "
            + "; ".join(
                f"{word} {', '.join(map(shown, names))}"
                for word, names in (("missing", missing), ("unknown", unknown))
                if names
            )
        )
    types = _types(fields["types"])
    return Record(
        fields["schema_version"],
        _of(str, "record_id", fields["record_id"]),
        _instant("written_at", fields["written_at"]),
        _of(str, "host", fields["host"]),
        _of(int, "pid", fields["pid"]),
        None if fields["model_version"] is None else _of(str, "model_version", fields["model_version"]),
        None if fields["fingerprint"] is None else _of(str, "fingerprint", fields["fingerprint"]),
        _instant("event_timestamp", fields["event_timestamp"]),
        _one("request_id", fields["request_id"], types.request_id),
        _one("prediction", fields["prediction"], types.prediction),
        _named("entity key", _of(dict, "entity", fields["entity"]), types.entity),
        _named("feature", _of(dict, "features", fields["features"]), types.features),
        _named("tag", _of(dict, "tags", fields["tags"]), types.tags),
        types,
        *_store(fields),
    )


def _store(fields: dict[str, Any]) -> tuple[dt.datetime | None, dict[str, int | None] | None]:
    """Both or none: a record of a log that was not told of a store has neither field."""
    names = ("materialized_at", "store_versions")
    given = [name for name in names if name in fields]
    if not given:
        return None, None
    if len(given) < len(names):
        raise Refused(f"expected {' and '.join(names)}, found {given[0]} alone")
    versions = _of(dict, names[1], fields[names[1]])
    for name, version in versions.items():
        if version is not None:
            _of(int, f"version of {name!r}", version)
    return _instant(names[0], fields[names[0]]), versions


def _types(given: Any) -> RecordTypes:
    fields = _of(dict, "types", given)
    if set(fields) != set(RecordTypes._fields):
        raise Refused(
            f"types: expected {', '.join(RecordTypes._fields)}, found {', '.join(map(shown, fields))}"
        )
    for role in ("entity", "features", "tags"):
        for name, kind in _of(dict, f"types of {role}", fields[role]).items():
            _of(str, f"type of {role} {name!r}", kind)
    for role in ("prediction", "request_id"):
        _of(str, f"type of {role}", fields[role])
    return RecordTypes(**fields)


def _of(kind: type, role: str, value: Any) -> Any:
    if type(value) is not kind:
        raise Refused(f"{role}: expected {kind.__name__}, found {type(value).__name__} {shown(value)}")
    return value


def _named(role: str, values: dict[str, Any], types: dict[str, str]) -> dict[str, Any]:
    if values.keys() != types.keys():
        odd = min(values.keys() ^ types.keys())
        raise Refused(f"{role} {odd!r}: expected a value and a type, found one without the other")
    decoded: dict[str, Any] = {}
    name = ""
    try:
        for name, value in values.items():
            decoded[name] = _decoded(value, types[name])
    except Refused as refused:
        raise Refused(f"{role} {name!r}: {refused}") from None
    return decoded


def _one(role: str, value: Any, kind: str) -> Any:
    try:
        return _decoded(value, kind)
    except Refused as refused:
        raise Refused(f"{role}: {refused}") from None


def _decoded(value: Any, kind: str) -> Any:
    decode = decoder(kind)  # also for null: its type has to be one
    return None if value is None else decode(value)


def _instant(role: str, value: Any) -> dt.datetime:
    moment: dt.datetime = _one(role, _of(str, role, value), "timestamp")
    return moment
