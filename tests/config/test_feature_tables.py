from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from skewless.config import Configuration, FeatureTable, is_path

BASE = {"name": "weather", "source": "a/b", "entity_keys": ["origin"], "event_timestamp": "at"}
Problems = Callable[..., list[str]]


def refused(spec: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        FeatureTable.model_validate(spec)
    return "; ".join(f"{error['loc'][0]}: {error['msg']}" for error in caught.value.errors())


def test_every_key_of_the_contract_is_read(configuration: Callable[..., Configuration]) -> None:
    text = """
        name: weather
        source: ${WAREHOUSE}/weather
        entity_keys: [origin]
        event_timestamp: observed_at
        available_at: ingested_at
        delay: 10m
        max_age: PT3H
        valid_until: replaced_at
        strict: true
        timezone: America/New_York
        columns: [temp, wind_speed]
        require_fresh: 6h
    """
    tables = configuration({"feature_tables/weather.yml": text}, {"WAREHOUSE": "s3a://lake"}).feature_tables
    assert tables["weather"] == FeatureTable(
        name="weather",
        source="s3a://lake/weather",
        entity_keys=("origin",),
        event_timestamp="observed_at",
        available_at="ingested_at",
        delay=timedelta(minutes=10),
        max_age=timedelta(hours=3),
        valid_until="replaced_at",
        strict=True,
        timezone="America/New_York",
        columns=("temp", "wind_speed"),
        require_fresh=timedelta(hours=6),
    )


def test_what_is_not_written_has_its_default() -> None:
    table = FeatureTable.model_validate(BASE)
    assert (table.delay, table.max_age, table.columns, table.strict, table.static) == (
        None,
        None,
        None,
        None,
        False,
    )


def test_no_entity_keys_and_no_columns_are_not_the_same_as_unwritten() -> None:
    table = FeatureTable.model_validate(BASE | {"entity_keys": [], "columns": []})
    assert (table.entity_keys, table.columns) == ((), ())


def test_an_unknown_key_is_refused_with_its_line_and_the_nearest_spelling(table_problems: Problems) -> None:
    text = """
        name: weather
        source: a/b
        entity_keys: [origin]
        event_timestamp: at
        max_agee: 3h
    """
    assert table_problems(text) == ["5: max_agee: unknown key; did you mean 'max_age'?"]


def test_values_of_a_wrong_type_are_refused_with_what_was_found(table_problems: Problems) -> None:
    text = """
        name: 2013
        source: [a/b]
        entity_keys: origin
        event_timestamp: 2013-01-01
        available_at: {a: b}
        delay: 600
        max_age: 1:30
        strict: "true"
        columns: [temp, no]
    """
    forms = "write an integer and one of s m h d, such as 90m, or ISO-8601, such as PT36H"
    assert table_problems(text) == [
        "1: name: expected text, found the number 2013; put it in quotes: '2013'",
        "2: source: expected text, found a list",
        "3: entity_keys: expected a list, found 'origin'; write [origin]",
        "4: event_timestamp: expected text, found the date 2013-01-01; put it in quotes: '2013-01-01'",
        "5: available_at: expected text, found a mapping",
        f"6: delay: 600 has no unit; {forms}",
        f"7: max_age: 90 has no unit; {forms} (YAML reads 1:30 so; text goes in quotes)",
        "8: strict: expected true or false, found 'true'; write it without quotes and variables",
        "9: columns[1]: expected text, found false; put it in quotes: 'no'",
    ]


@pytest.mark.parametrize(("delay", "is_warned_of"), [(23, True), (24, False), (25, False)])
def test_a_delay_shorter_than_the_stores_interval_is_warned_of(delay: int, is_warned_of: bool) -> None:
    lengths = {"delay": timedelta(hours=delay), "materialize_every": timedelta(hours=24)}
    table = FeatureTable.model_validate({**BASE, **lengths})
    expected = (
        "feature table 'weather': delay 23h is shorter than materialize_every 1d, so training sees rows up to 1d "
        "before serving does; declare delay: 1d, or materialize more often"
    )
    assert table.warnings == ((expected,) if is_warned_of else ())


@pytest.mark.parametrize("key", ["entity_keys", "columns"])
def test_a_column_named_twice_is_refused_whatever_its_case(key: str) -> None:
    assert refused(BASE | {key: ["Origin", "dest", "origin"]}).startswith(f"{key}: Origin written twice")


def test_a_file_named_otherwise_than_its_table_is_refused(table_problems: Problems) -> None:
    text = "{name: wether, source: a/b, entity_keys: [], event_timestamp: at}"
    assert table_problems(text) == ["1: name: 'wether' is not the file's name, 'weather'; rename one of them"]


@pytest.mark.parametrize("name", ["wea-ther", "2weather", "wea ther", "", "wétter", "weather\n"])
def test_a_name_that_is_no_simple_identifier_is_refused(name: str) -> None:
    assert "is not a name; use letters, digits and _" in refused(BASE | {"name": name})


@pytest.mark.parametrize(
    "conflict",
    [
        {"event_timestamp": "at"},
        {"available_at": "at"},
        {"delay": "0s"},
        {"max_age": "3h"},
        {"valid_until": "until"},
        {"strict": True},
        {"require_fresh": "6h"},
    ],
)
def test_a_static_table_has_no_key_about_history(conflict: dict[str, Any]) -> None:
    static = {"name": "planes", "source": "a/b", "entity_keys": ["tailnum"], "static": True}
    assert refused(static | conflict) == (
        f"{next(iter(conflict))}: a static table has no history; remove it, or remove static: true"
    )


def test_a_static_table_may_say_what_has_no_effect() -> None:
    static = {"name": "planes", "source": "a/b", "entity_keys": ["tailnum"], "static": True}
    assert FeatureTable.model_validate(
        static | {"strict": False, "aggregations": [], "timezone": "UTC"}
    ).static


def test_only_a_static_table_may_lack_an_event_timestamp() -> None:
    table = {"name": "planes", "source": "a/b", "entity_keys": ["tailnum"]}
    assert refused(table) == "event_timestamp: missing; add it, or static: true for a table without history"


@pytest.mark.parametrize(
    ("zone", "remedy"),
    [
        ("America/NewYork", "did you mean 'America/New_York'?"),
        ("+02:00", "write one such as America/New_York"),
        ("../etc/passwd", "write one such as America/New_York"),
        ("America", "did you mean"),
        ("localtime", ""),
        ("", ""),
    ],
)
def test_a_zone_that_iana_does_not_know_is_refused(zone: str, remedy: str) -> None:
    assert refused(BASE | {"timezone": zone}).startswith(
        f"timezone: '{zone}' is not an IANA time zone; {remedy}"
    )


@pytest.mark.parametrize(
    ("length", "problem"),
    [
        ("6", "6 has no unit; write an integer and one of s m h d, such as 90m, or ISO-8601, such as PT36H"),
        ("0s", "expected a duration longer than 0s, found 0s; for no demand leave the key out"),
        ("-1h", "'-1h' is negative; a duration is never negative"),
    ],
)
def test_how_fresh_a_table_has_to_be_is_a_length_of_time(
    table_problems: Problems, length: str, problem: str
) -> None:
    text = "{name: weather, source: a/b, entity_keys: [origin], event_timestamp: at, require_fresh: %s}"
    assert table_problems(text % length) == [f"1: require_fresh: {problem}"]


def test_aggregations_are_kept_as_they_are_written() -> None:
    written = {"name": "n", "function": "count", "window": "24h", "where": "v > 0"}
    assert FeatureTable.model_validate(BASE | {"aggregations": [written]}).aggregations == (written,)


def test_no_aggregations_at_all_can_be_written() -> None:
    assert FeatureTable.model_validate(BASE | {"aggregations": []}) == FeatureTable.model_validate(BASE)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/data/weather", True),
        ("data/weather", True),
        ("s3a://lake/weather", True),
        ("file:weather", True),
        ("weather", False),
        ("lake.silver.weather", False),
        ("`my lake`.weather", False),
    ],
)
def test_a_source_with_a_slash_or_a_colon_is_a_path(location: str, path: bool) -> None:
    assert is_path(location) is path
    assert FeatureTable.model_validate(BASE | {"source": location}).source == location


@pytest.mark.parametrize("location", ["", "my table", "a..b", "a.", "a-b", "`a"])
def test_a_source_that_is_neither_a_path_nor_a_catalog_name_is_refused(location: str) -> None:
    assert "is neither a path" in refused(BASE | {"source": location})


def test_a_static_table_is_warned_of() -> None:
    table = FeatureTable(name="planes", source="a/b", entity_keys=("tailnum",), static=True)
    assert table.warnings == (
        "feature table 'planes': static: it has no history, so values overwritten since T leak into the past",
    )


def test_a_table_without_available_at_and_delay_is_warned_of() -> None:
    assert FeatureTable.model_validate(BASE).warnings == (
        "feature table 'weather': neither available_at nor delay: rows count as served at their event "
        "timestamp (delay 0s), so late rows can leak",
    )


@pytest.mark.parametrize("known", [{"delay": "0s"}, {"available_at": "landed_at"}])
def test_a_table_that_says_when_rows_are_served_is_not_warned_of(known: dict[str, str]) -> None:
    assert FeatureTable.model_validate(BASE | known).warnings == ()


def test_the_document_of_a_table_reads_back_as_the_same_table() -> None:
    table = FeatureTable.model_validate(BASE | {"delay": "90m", "max_age": "P2W", "columns": []})
    assert table.to_document() == BASE | {"delay": "90m", "max_age": "14d", "columns": []}
    assert FeatureTable.model_validate(table.to_document()) == table


def test_a_table_cannot_be_changed() -> None:
    table = FeatureTable.model_validate(BASE)
    with pytest.raises(ValidationError, match="frozen"):
        table.name = "other"


@pytest.mark.parametrize(
    ("keys", "is_strict"),
    [
        ({}, True),
        ({"max_age": "3h", "timezone": "UTC"}, True),
        ({"strict": False}, False),
        ({"strict": True, "available_at": "seen"}, True),
        ({"available_at": "seen"}, False),
        ({"delay": "10m"}, False),
        ({"delay": "0s"}, False),
        ({"delay": "0s", "available_at": "seen"}, False),
        ({"static": True, "event_timestamp": None}, False),
    ],
    ids=str,
)
def test_j2_a_table_that_does_not_say_when_it_is_served_is_strict(
    keys: dict[str, Any], is_strict: bool
) -> None:
    assert FeatureTable.model_validate(BASE | keys).is_strict is is_strict


def test_j2_a_table_that_takes_rows_at_t_without_saying_when_they_are_served_is_warned_of() -> None:
    (warning,) = FeatureTable.model_validate(BASE | {"strict": False}).warnings
    assert warning.endswith(
        "so late rows can leak, and so can the label event's own row, at T itself (strict: false)"
    )
    (warning,) = FeatureTable.model_validate(BASE).warnings
    assert warning.endswith("so late rows can leak")
