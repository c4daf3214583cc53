from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from skewless.config import Configuration, FeatureTable
from skewless.ground.errors import InputError

Configurations = Callable[..., Configuration]
WEATHER = "{name: weather, source: a/b, entity_keys: [origin], event_timestamp: at, delay: 1h}"
DICT = {
    "name": "delay",
    "labels": {"entity_keys": ["origin"], "event_timestamp": "at", "label_columns": ("late",)},
}
TABLE = {"name": "wind", "source": "${LAKE}/w", "entity_keys": ["origin"], "event_timestamp": "at"}


def test_a_dict_finds_tables_in_the_directory_beside_it_and_in_itself(configuration: Configurations) -> None:
    tables = ["weather", "wind", TABLE | {"name": "rain", "delay": timedelta(hours=1)}]
    spec = configuration({"feature_tables/weather.yml": WEATHER}, {"LAKE": "s3a://lake"}).from_dicts(
        DICT | {"feature_tables": tables}, [TABLE]
    )
    assert [(join.name, join.table.source) for join in spec.joins] == [
        ("weather", "a/b"),
        ("wind", "s3a://lake/w"),
        ("rain", "s3a://lake/w"),
    ]
    assert spec.joins[2].table.delay == timedelta(hours=1)


def test_a_dict_may_join_its_own_table_under_another_name(configuration: Configurations) -> None:
    table = FeatureTable(name="wind", source="a/w", entity_keys=("origin",), event_timestamp="at")
    joins = ({"table": table, "as": "there", "join_keys": {"origin": "dest"}},)
    spec = configuration({}).from_dicts(DICT | {"feature_tables": joins})
    assert [(join.table, join.name, join.keys) for join in spec.joins] == [
        (table, "there", (("origin", "dest"),))
    ]


def test_problems_of_dicts_name_the_spec(configuration: Configurations) -> None:
    broken = TABLE | {"max_agee": "3h", "name": "wind"}
    with pytest.raises(InputError) as caught:
        configuration({}).from_dicts(DICT | {"feature_tables": [broken, "wnd"], "sampel": {}})
    assert list(caught.value.problems) == [
        "feature table 'wind': max_agee: unknown key; did you mean 'max_age'?",
        "feature table 'wind': source: variable LAKE is not set; give --set LAKE=VALUE or set it in the "
        "environment",
        "training set 'delay': feature_tables[1]: no feature table 'wnd'; did you mean 'wind'?",
        "training set 'delay': sampel: unknown key; did you mean 'sample'?",
    ]


def test_a_table_given_twice_differently_is_refused(configuration: Configurations) -> None:
    with pytest.raises(InputError, match="feature table 'wind': given twice, differently"):
        configuration({}, {"LAKE": "a/b"}).from_dicts(DICT, [TABLE, TABLE | {"delay": "1h"}])


def test_a_table_that_is_given_comes_before_the_directory_s(configuration: Configurations) -> None:
    given = TABLE | {"name": "weather", "source": "a/given"}
    spec = configuration({"feature_tables/weather.yml": WEATHER}).from_dicts(
        DICT | {"feature_tables": ["weather"]}, [given]
    )
    assert spec.joins[0].table.source == "a/given"
