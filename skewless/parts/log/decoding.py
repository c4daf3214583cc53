"""Lines of the feature log → Arrow columns, one for each role, name and logged type, and why a line is no record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import DataType, StructField, StructType

from skewless.ground.names import UNWRITABLE
from skewless.parts.log.column_types import as_text, column_type, has_decimals, struct_of
from skewless.serving.errors import FeatureError
from skewless.serving.log.format.reader import Record, RecordTypes, read_record
from skewless.serving.log.format.values import CHECKS, json_of
from skewless.serving.values.checks import Refused

STRUCTS = ("entity", "features", "tags")
ROLE_NAMES = {"entity": "entity key", "features": "feature", "tags": "tag", "prediction": "prediction"}
COMMON = struct_of(
    "file string, raw binary, reason string, record_id string, written_at timestamp, host string, pid bigint, "
    "model_version string, fingerprint string, event_timestamp timestamp, request_id string, types string, "
    "materialized_at timestamp, undiscovered string"
)
_LOG_TEXTS = ("record_id", "host", "model_version", "fingerprint")


class Slot(NamedTuple):
    """Values of one name and one logged type; `kind` is the type as the log writes it."""

    role: str
    name: str
    kind: str

    @property
    def type(self) -> DataType:
        found = column_type(self.kind)
        assert found is not None, "slots are made of types that the reader knows"
        return found

    @property
    def subject(self) -> str:
        return f"{ROLE_NAMES[self.role]} '{self.name}'" if self.name else ROLE_NAMES[self.role]


class Shape(NamedTuple):
    """What all records with the same types share: those as JSON, and where each value goes."""

    types: str
    reason: str | None
    undiscovered: bool
    places: tuple[tuple[str, str, int, bool], ...]


def column_of(place: int) -> str:
    return f"value_{place}"


def decoded_schema(slots: Sequence[Slot]) -> StructType:
    """The columns that `decode` gives: the common ones, then one for each slot."""
    values = [StructField(column_of(place), as_text(slot.type)) for place, slot in enumerate(slots)]
    return StructType([*COMMON.fields, *values])


def slots_of(types_texts: Iterable[str | None]) -> list[Slot]:
    """The slots that the `types` of records ask for, in order of appearance.

    What is not the JSON of types is passed over: whether a line is a record is said where it is read.
    """
    found: dict[Slot, None] = {}
    for text in types_texts:
        try:
            found.update(dict.fromkeys(_slots(json.loads(text or "null"))))
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue
    return list(found)


def _slots(types: dict[str, Any]) -> Iterator[Slot]:
    for role in STRUCTS:
        yield from _known(Slot(role, name, kind) for name, kind in types[role].items())
    yield from _known([Slot("prediction", "", types["prediction"])])


def _known(slots: Iterable[Slot]) -> Iterator[Slot]:
    return (slot for slot in slots if slot.kind != "void" and column_type(slot.kind) is not None)


def decode(slots: Sequence[Slot]) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The pass over Arrow batches of `file` and `raw` that gives batches of `decoded_schema`.

    A line that is no record keeps its file, bytes and the reason. A record with a type that no slot is for is
    kept with its types in `undiscovered`, so that the pass can be run again with a slot for it.
    """
    schema = to_arrow_schema(decoded_schema(slots), timestamp_utc=True)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        shapes = Shapes(slots)
        for batch in batches:
            rows = _Rows(schema.names, batch.num_rows)
            for row, line in enumerate(batch.column("raw").to_pylist()):
                rows.add(row, line, shapes)
            given = {"file": batch.column("file"), "raw": batch.column("raw")}
            arrays = [
                given[field.name].cast(field.type)
                if field.name in given
                else pa.array(rows.columns[field.name], field.type)
                for field in schema
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return run


class Shapes:
    """The shapes met so far, each worked out once."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._columns = {slot: place for place, slot in enumerate(slots)}
        self._known: dict[Any, Shape] = {}

    def of(self, types: RecordTypes) -> Shape:
        key = tuple(tuple(item.items()) if type(item) is dict else item for item in types)
        found = self._known.get(key)
        if found is None:
            if len(self._known) > 4096:
                self._known.clear()
            found = self._known[key] = self._shape(types)
        return found

    def _shape(self, types: RecordTypes) -> Shape:
        document = types._asdict()
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        slots = list(_slots(document))
        if any(slot not in self._columns for slot in slots):
            return Shape(text, None, True, ())
        places = ((slot.role, slot.name, self._columns[slot], has_decimals(slot.type)) for slot in slots)
        return Shape(text, _no_column_names(types), False, tuple(places))


def _no_column_names(types: RecordTypes) -> str | None:
    """Why a name of the record cannot be a column's, None where all can."""
    for role in STRUCTS:
        names: list[str] = list(getattr(types, role))
        for name in names:
            if not name or UNWRITABLE & set(name):
                return f"{ROLE_NAMES[role]} {name!r}: no Delta column has this name; no spaces, nor any of ,;{{}}()="
        folded = {name.lower() for name in names}
        if len(folded) < len(names):
            return f"{ROLE_NAMES[role]}: two names that differ in case only, and column names do not"
    return None


class _Rows:
    """The columns of one batch as Python lists."""

    def __init__(self, names: Sequence[str], size: int) -> None:
        self.columns: dict[str, list[Any]] = {name: [None] * size for name in names}
        self._values = [self.columns[name] for name in names[len(COMMON) :]]

    def add(self, row: int, line: bytes, shapes: Shapes) -> None:
        try:
            record = read_record(line)
            shape = shapes.of(record.types)
            if shape.undiscovered:
                self.columns["undiscovered"][row] = shape.types
                return
            if shape.reason:
                raise Refused(shape.reason)
            self._put(row, record, shape)
        except (FeatureError, Refused) as refused:
            self._refuse(row, " ".join(str(refused).split()))

    def _put(self, row: int, record: Record, shape: Shape) -> None:
        for name in _LOG_TEXTS:
            if (text := getattr(record, name)) is not None:
                CHECKS[str](text)
        CHECKS[int](record.pid)
        columns = self.columns
        for name in (*_LOG_TEXTS, "written_at", "pid", "event_timestamp", "materialized_at"):
            columns[name][row] = getattr(record, name)
        columns["request_id"][row] = _text_of(record.request_id, record.types.request_id)
        columns["types"][row] = shape.types
        prediction, entity, features, tags = record.prediction, record.entity, record.features, record.tags
        given = {"entity": entity, "features": features, "tags": tags, "prediction": {"": prediction}}
        for role, name, place, is_decimal in shape.places:
            value = given[role][name]
            self._values[place][row] = _plain(value) if is_decimal else value

    def _refuse(self, row: int, reason: str) -> None:
        for column in self.columns.values():
            column[row] = None
        self.columns["reason"][row] = reason


def _text_of(value: Any, kind: str) -> str | None:
    """A request id as the log spells it.

    >>> _text_of(9007199254740993, "bigint"), _text_of(True, "boolean"), _text_of("a", "string")
    ('9007199254740993', 'true', 'a')
    """
    if value is None or type(value) is str:
        return value
    spelt = json_of(value, kind)
    return spelt if type(spelt) is str else json.dumps(spelt)


def _plain(value: Any) -> Any:
    """Decimals as text without exponents and trailing zeros, lists of them likewise.

    >>> _plain([Decimal("1.50"), Decimal("1E+3"), None])
    ['1.5', '1000', None]
    """
    if value is None:
        return None
    if type(value) is list:
        return [_plain(item) for item in value]
    text = format(CHECKS[Decimal](value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
