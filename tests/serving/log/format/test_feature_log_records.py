"""The record of the feature log: exact values of every type, and one reason for each line that is none."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import OrderedDict
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import FeatureError, FeatureLog, FeatureSet, Record, read_record
from skewless.serving.store.seam import StoreState, TableState

UTC = dt.timezone.utc
T = dt.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_ZONES = st.sampled_from([UTC, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")])
_DECIMALS = st.builds(
    lambda digits, scale, sign: Decimal((sign, tuple(map(int, str(digits))), -scale)),
    st.integers(0, 10**20),
    st.integers(0, 17),
    st.integers(0, 1),
)
_SCALARS: list[st.SearchStrategy[Any]] = [
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=True),
    _TEXT,
    st.binary(max_size=8),
    st.dates(),
    st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=_ZONES),
    _DECIMALS,
]


def _lists(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.none() | items, max_size=4)


_ITEMS = st.sampled_from(_SCALARS).flatmap(_lists)
_NESTED = st.sampled_from(_SCALARS).flatmap(lambda items: _lists(_lists(items)))
_VALUES = st.none() | st.one_of(*_SCALARS) | _ITEMS | _NESTED


class _Float32:
    """As numpy's scalars look from outside."""

    __module__ = "numpy"
    shape = ()

    def item(self) -> float:
        return 0.5


def _logged(**arguments: Any) -> Record:
    lines: list[bytes] = []
    with FeatureLog(
        sink=lines.append,
        model_version=arguments.pop("model_version", None),
        feature_set=arguments.pop("feature_set", None),
    ) as log:
        log.write(**{"entity": {}, "event_timestamp": T, "features": {}, **arguments})
    (line,) = lines
    return read_record(line)


def _fields(**changes: Any) -> bytes:
    lines: list[bytes] = []
    with FeatureLog(sink=lines.append, model_version="7") as log:
        log.write(entity={"id": 1}, event_timestamp=T, features={"x": 0.5})
    fields = json.loads(lines[0])
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = fields
        for parent in parents:
            place = place[parent]
        place[name] = value
        if value is KeyError:
            del place[name]
    return json.dumps(fields).encode()


def _exact(value: Any) -> Any:
    """What tells values apart that `==` does not: sign of zero, NaN, scale, class; instants by their moment."""
    if type(value) is list:
        return [_exact(item) for item in value]
    if type(value) is dt.datetime:
        return ("datetime", value.astimezone(UTC).replace(fold=0, tzinfo=None).isoformat())
    return (type(value).__name__, repr(value))


@given(
    st.dictionaries(_TEXT.filter(lambda name: name == name.lower() == name.casefold()), _VALUES, max_size=5)
)
def test_every_value_is_read_back_exactly(features: dict[str, Any]) -> None:
    record = _logged(features=features)
    assert {name: _exact(value) for name, value in record.features.items()} == {
        name: _exact(value) for name, value in features.items()
    }


@given(st.one_of(*_SCALARS), _VALUES, st.dictionaries(st.sampled_from("abc"), st.one_of(*_SCALARS)))
def test_request_prediction_and_tags_are_read_back_exactly(
    request_id: Any, prediction: Any, tags: Any
) -> None:
    record = _logged(request_id=request_id, prediction=prediction, tags=tags)
    found = [record.request_id, record.prediction, *record.tags.values()]
    assert _exact(found) == _exact([request_id, prediction, *tags.values()])


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        (None, "void", None),
        (True, "boolean", True),
        (2**53 - 1, "bigint", 2**53 - 1),
        (2**53, "bigint", "9007199254740992"),
        (-(2**63), "bigint", "-9223372036854775808"),
        (0.1, "double", 0.1),
        (-0.0, "double", -0.0),
        (math.nan, "double", "NaN"),
        (-math.inf, "double", "-Infinity"),
        ("naïve \U0001f6eb\n", "string", "naïve \U0001f6eb\n"),
        (b"\x00\xff", "binary", "AP8="),
        (dt.date(2024, 2, 29), "date", "2024-02-29"),
        (dt.datetime(1, 1, 1, tzinfo=UTC), "timestamp", "0001-01-01T00:00:00.000000Z"),
        (
            dt.datetime(2024, 11, 3, 1, 30, fold=1, tzinfo=ZoneInfo("America/New_York")),
            "timestamp",
            "2024-11-03T06:30:00.000000Z",
        ),
        (Decimal("-1.50"), "decimal", "-1.50"),
        (Decimal("1E+3"), "decimal", "1E+3"),
        ([], "array<void>", []),
        ([None, 2**60], "array<bigint>", [None, str(2**60)]),
        ([1, 2.5, math.inf], "array<double>", [1.0, 2.5, "Infinity"]),
        ([[], [Decimal("1.0")], None], "array<array<decimal>>", [[], ["1.0"], None]),
        (_Float32(), "double", 0.5),
    ],
)
def test_each_type_is_written_as_documented(value: Any, kind: str, written: Any) -> None:
    lines: list[bytes] = []
    with FeatureLog(sink=lines.append) as log:
        log.write(entity={}, event_timestamp=T, features={"x": value})
    fields = json.loads(lines[0])
    assert repr(fields["features"]["x"]) == repr(written)
    assert fields["types"]["features"]["x"] == kind
    assert b"\n" not in lines[0]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (2**63, "int 9223372036854775808 does not fit in 64 bits; log it as str or Decimal"),
        (dt.datetime(2024, 1, 1), "naive datetime datetime.datetime(2024, 1, 1, 0, 0); give it a time zone"),
        ("\ud800", r"str '\ud800' is not valid Unicode (a lone surrogate)"),
        (Decimal("NaN"), "expected a finite Decimal, found Decimal('NaN'); log None or a float"),
        (Decimal("1E+38"), "Decimal('1E+38') does not fit in 38 digits; round it"),
        (Decimal("1E-39"), "Decimal('1E-39') does not fit in 38 digits; round it"),
        (
            (1, 2),
            "expected None, bool, int, float, str, bytes, datetime, date, Decimal or a list of these, found",
        ),
        ([1, "a"], "item 1 of the list: expected bigint like the items before it, found string"),
        ([0.5, True], "item 1 of the list: expected double like the items before it, found boolean"),
        ([[1], [{}]], "item 1 of the list: item 0 of the list: expected None, bool,"),
        ([0.5, 2**53 + 1], "item 1 of the list: int 9007199254740993 among floats is no float; convert it"),
    ],
)
def test_a_value_that_cannot_be_logged_exactly_is_refused_by_name(value: Any, problem: str) -> None:
    with FeatureLog(sink=print) as log:
        for _ in range(2):  # also once its shape is known
            with pytest.raises(FeatureError) as refused:
                log.write(entity={}, event_timestamp=T, features={"fine": 1, "bad": value})
            assert refused.value.problems[0].startswith(f"feature log: feature 'bad': {problem}")
        log.write(
            entity={}, event_timestamp=T, features={"fine": 1, "bad": type(value) in (int, str) or None}
        )


def test_a_bad_value_after_good_ones_of_its_class_is_refused() -> None:
    lines: list[bytes] = []
    with FeatureLog(sink=lines.append) as log:
        log.write(entity={}, event_timestamp=T, features={"n": 1, "s": "a"})
        with pytest.raises(FeatureError, match=r"feature 'n': int .* 64 bits") as refused:
            log.write(entity={}, event_timestamp=T, features={"n": 2**64, "s": "\udfff"})
        assert len(refused.value.problems) == 2
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"entity": {"id": 0.5}}, "feature log: entity key 'id': expected bool, int, str,"),
        ({"entity": {"id": [1]}}, "feature log: entity key 'id': expected one value, found list [1]"),
        ({"entity": None}, "feature log: entity keys: expected a dict of name to value, found None"),
        (
            {"features": [("x", 1)]},
            "feature log: features: expected a dict of name to value, found [('x', 1)]",
        ),
        ({"features": {1: 1}}, "feature log: feature 1: expected a name of type str, found int"),
        ({"features": {"a": 1, "A": 2}}, "feature log: feature 'A': equal to 'a' but for case"),
        ({"event_timestamp": None}, "feature log: event_timestamp: expected datetime, found None"),
        ({"event_timestamp": dt.datetime(2024, 1, 1)}, "feature log: event_timestamp: naive datetime"),
        ({"prediction": {}}, "feature log: prediction: expected None, bool,"),
        ({"request_id": object}, "feature log: request_id: expected None, bool,"),
        ({"tags": {"host": ["a"]}}, "feature log: tag 'host': expected one value, found list ['a']"),
    ],
)
def test_what_is_no_record_is_refused_by_name(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(FeatureError) as refused:
        _logged(**arguments)
    assert str(refused.value).startswith(problem)


def test_any_mapping_is_taken() -> None:
    record = _logged(entity=OrderedDict(id=1), features=MappingProxyType({"x": 2}))
    assert (record.entity, record.features) == ({"id": 1}, {"x": 2})


def test_a_record_says_what_produced_it() -> None:
    class Plan:
        fingerprint = "abc"

    record = _logged(feature_set=Plan(), model_version="7")
    assert (record.schema_version, record.fingerprint, record.model_version) == (1, "abc", "7")
    assert record.event_timestamp == T
    assert record.written_at.tzinfo is UTC


def test_nulls_and_empty_lists_take_their_types_from_the_feature_set() -> None:
    def gust(x: int) -> float | None: ...
    def last(x: int) -> list[str]:
        return []

    flights = FeatureSet.from_functions([gust, last])
    types = _logged(feature_set=flights, features={"gust": None, "last": [], "other": None}).types
    assert types.features == {"gust": "double", "last": "array<string>", "other": "void"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"", "an empty line"),
        (b" \n", "an empty line"),
        (b'{"schema_version":1,"host":"a', "torn line of 29 bytes, its record does not end"),
        ('{"host":"naïve'.encode()[:-3], "torn line of 12 bytes"),
        (b'{"a":"\xff"}', "not UTF-8 at byte 6"),
        (b"\0\0\0", "not JSON: Expecting value at character 0"),
        (b"[1]", "expected a JSON object, found [1]"),
        (b"{}", "expected schema_version 1, found none"),
        (
            b'{"schema_version":1}',
            "expected the fields of schema_version 1; missing 'record_id', 'written_at',",
        ),
        (b'{"a":1,"a":2}', "two values of the name 'a'"),
        (b'{"a":NaN}', "not JSON: the number NaN; the log writes it as text"),
        (b"[" * 100_000 + b"}", "not a record: nested too deep"),
        (b'{"a":' + b"9" * 5000 + b"}", "not JSON: Exceeds the limit"),
        (_fields(schema_version=2), "expected schema_version 1, found 2; read it with its own release"),
        (_fields(schema_version=True), "expected schema_version 1, found True"),
        (_fields(extra=1), "expected the fields of schema_version 1; unknown 'extra'"),
        (_fields(host=None), "host: expected str, found NoneType None"),
        (_fields(pid="1"), "pid: expected int, found str '1'"),
        (_fields(model_version=7), "model_version: expected str, found int 7"),
        (_fields(event_timestamp=None), "event_timestamp: expected str, found NoneType None"),
        (_fields(written_at="2024-01-02"), "written_at: expected a timestamp, found str '2024-01-02'"),
        (_fields(features=[]), "features: expected dict, found list []"),
        (_fields(features__y=1), "feature 'y': expected a value and a type, found one without the other"),
        (_fields(features__x=True), "feature 'x': expected a double, found bool True"),
        (_fields(features__x="nan"), "feature 'x': expected a double, found str 'nan'"),
        (_fields(types__features__x="float"), "feature 'x': unknown type 'float'; expected void, boolean,"),
        (_fields(types__features__x="array<double"), "feature 'x': unknown type 'array<double'"),
        (_fields(types__features__x=1), "type of features 'x': expected str, found int 1"),
        (_fields(types__features__x="void"), "feature 'x': expected null, found float 0.5"),
        (
            _fields(types__tags=KeyError),
            "types: expected entity, features, tags, prediction, request_id, found",
        ),
        (_fields(entity__id=0.5), "entity key 'id': expected a bigint, found float 0.5"),
        (_fields(entity__id="+7"), "entity key 'id': expected a bigint, found str '+7'"),
        (
            _fields(entity__id="\ud800", types__entity__id="string"),
            r"entity key 'id': str '\ud800' is not valid",
        ),
        (
            _fields(entity__id="AP8", types__entity__id="binary"),
            "entity key 'id': expected a binary, found str 'AP8'",
        ),
        (_fields(entity__id="1.0 ", types__entity__id="decimal"), "entity key 'id': expected a decimal"),
        (_fields(entity__id="Infinity", types__entity__id="decimal"), "entity key 'id': expected a decimal"),
        (_fields(entity__id="20240101", types__entity__id="date"), "entity key 'id': expected a date"),
    ],
)
def test_a_line_that_is_no_record_is_refused_in_one_line(line: bytes, problem: str) -> None:
    with pytest.raises(FeatureError) as refused:
        read_record(line)
    assert str(refused.value).startswith(f"feature log record: {problem}")
    assert len(str(refused.value).splitlines()) == 1


def test_a_line_torn_at_any_byte_is_refused_as_torn() -> None:
    line = _fields(host="naïve")
    for size in range(1, len(line)):
        with pytest.raises(FeatureError, match="torn line of"):
            read_record(line[:size])


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_other_bytes_are_refused(line: bytes) -> None:
    with pytest.raises(FeatureError, match=r"^feature log record: "):
        read_record(line)


def test_a_line_is_read_with_and_without_its_end_as_bytes_and_as_text() -> None:
    line = _fields()
    assert read_record(line) == read_record(line + b"\r\n") == read_record(line.decode())


MATERIALIZED = dt.datetime(2024, 1, 2, 1, tzinfo=UTC)


def served_by(*versions: int | None) -> StoreState:
    """A store whose tables were materialised an hour apart, the first longest ago."""
    tables = {
        f"t{place}": TableState(version, MATERIALIZED + dt.timedelta(hours=place))
        for place, version in enumerate(versions)
    }
    return StoreState("flights", 3, "ab", tables)


def record_of(store: Any) -> Record:
    lines: list[bytes] = []
    with FeatureLog(sink=lines.append) as log:
        log.write(entity={"id": 1}, event_timestamp=T, features={}, store=store)
    return read_record(lines[0])


def test_a_record_says_how_old_its_store_was_and_of_which_versions() -> None:
    record = record_of(served_by(7, None))
    assert (record.materialized_at, record.store_versions) == (MATERIALIZED, {"t0": 7, "t1": None})


@pytest.mark.parametrize("store", [None, served_by()])
def test_a_record_without_a_store_has_no_field_of_it(store: Any) -> None:
    record = record_of(store)
    assert (record.materialized_at, record.store_versions) == (None, None)


def test_what_is_no_state_of_a_store_is_refused_when_it_is_written() -> None:
    with pytest.raises(FeatureError, match=r"store: expected a StoreState, found str 'sqlite:'; give plan"):
        record_of("sqlite:")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"materialized_at": "2024-01-02T01:00:00.000000Z"}, "found materialized_at alone"),
        ({"store_versions": {}}, "found store_versions alone"),
        ({"materialized_at": "soon", "store_versions": {}}, "materialized_at: expected a timestamp"),
        (
            {"materialized_at": "2024-01-02T01:00:00.000000Z", "store_versions": {"t": "7"}},
            "version of 't': expected int",
        ),
    ],
)
def test_half_of_what_is_said_of_a_store_is_no_record(fields: dict[str, Any], reason: str) -> None:
    lines: list[bytes] = []
    with FeatureLog(sink=lines.append) as log:
        log.write(entity={"id": 1}, event_timestamp=T, features={})
    with pytest.raises(FeatureError, match=reason):
        read_record(json.dumps({**json.loads(lines[0]), **fields}))
