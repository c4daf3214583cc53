"""A bound build as a serving plan: everything that configuration says, spelt as the tables spell it."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless.config import LocalFiles, load
from skewless.ground.errors import InputError
from skewless.serving.plan.document.layout import read_layout
from skewless.training_set.bind import bind
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.serving_document import serving_document

LABELS = (
    "Tail string, Origin string, T timestamp_ntz, Late int, Arrived timestamp, Fare decimal(7,2), "
    "Odd struct<`a b`:int,`c:d`:array<map<string,double>>>"
)
WEATHER = (
    "Station string, Seen timestamp_ntz, Landed timestamp_ntz, Ends date, Temp float, Wind int, "
    "Gusts array<struct<knots:int,at:timestamp>>, Unused string"
)
SPEC: dict[str, Any] = {
    "name": "flights",
    "labels": {
        "source": "labels_view",
        "entity_keys": ["tail", "ORIGIN"],
        "event_timestamp": "t",
        "label_columns": ["late"],
        "label_available_at": "arrived",
        "timezone": "America/New_York",
    },
    "feature_tables": [
        {"table": "weather", "as": "near", "join_keys": {"station": "origin"}},
        "planes",
    ],
}
TABLES: list[dict[str, Any]] = [
    {
        "name": "weather",
        "entity_keys": ["station"],
        "event_timestamp": "SEEN",
        "available_at": "landed",
        "delay": "PT90M",
        "max_age": "180m",
        "valid_until": "ENDS",
        "strict": True,
        "timezone": "Asia/Kolkata",
        "columns": ["TEMP", "gusts"],
        "aggregations": [
            {
                "name": "Windy",
                "function": "count",
                "window": "24h",
                "where": "WIND > 20 AND `temp` IS NOT NULL",
            },
            {
                "name": "p",
                "function": "percentile",
                "column": "wind",
                "p": 0.9,
                "window": "PT36H",
                "offset": "1d",
            },
            {
                "name": "m",
                "function": "last_n",
                "column": "TEMP",
                "n": 3,
                "window": {"calendar": "month", "length": 2, "timezone": "UTC"},
                "offset": 1,
            },
        ],
    },
    {"name": "planes", "entity_keys": ["tail"], "static": True},
]


@pytest.fixture(scope="module")
def opened(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> OpenedTrainingSet:
    folder = tmp_path_factory.mktemp("documents")
    tables = []
    for table, schema in zip(TABLES, (WEATHER, "Tail string, Seats smallint"), strict=True):
        place = str(folder / table["name"])
        spark.createDataFrame([], schema).write.format("delta").save(place)
        tables.append({**table, "source": place})
    spec = load(LocalFiles(folder), {}, {}).from_dicts(SPEC, tables)
    return bind(spark, spec, spark.createDataFrame([], LABELS))


@pytest.fixture(scope="module")
def document(opened: OpenedTrainingSet) -> dict[str, Any]:
    return serving_document(opened, version=4)


def test_the_label_events_are_as_configured_and_their_names_as_the_table_has_them(
    document: dict[str, Any],
) -> None:
    assert (document["training_set"], document["version"]) == ("flights", 4)
    labels = document["label_events"]
    assert {key: labels[key] for key in labels if key != "columns"} == {
        "entity_keys": ["Tail", "Origin"],
        "event_timestamp": "T",
        "timezone": "America/New_York",
        "label_columns": ["Late"],
        "label_available_at": "Arrived",
    }
    assert labels["columns"]["Fare"] == "decimal(7,2)"
    assert labels["columns"]["T"] == "timestamp_ntz"


def test_a_feature_table_has_every_setting_and_the_types_of_what_decides(document: dict[str, Any]) -> None:
    near, planes = document["feature_tables"]
    assert {key: near[key] for key in near if key not in ("types", "aggregations")} == {
        "name": "near",
        "table": "weather",
        "join_keys": [["Station", "Origin"]],
        "event_timestamp": "Seen",
        "available_at": "Landed",
        "delay": "90m",
        "max_age": "3h",
        "valid_until": "Ends",
        "strict": True,
        "timezone": "Asia/Kolkata",
        "static": False,
        "columns": ["Temp", "Gusts"],
    }
    assert near["types"] == {
        "Station": "string",
        "Seen": "timestamp_ntz",
        "Landed": "timestamp_ntz",
        "Ends": "date",
        "Temp": "float",
        "Wind": "int",
        "Gusts": "array<struct<knots:int,at:timestamp>>",
    }
    assert (planes["static"], planes["event_timestamp"], planes["columns"]) == (True, None, ["Seats"])
    assert planes["types"] == {"Tail": "string", "Seats": "smallint"}


def test_the_aggregations_are_read_as_the_engine_reads_them(
    opened: OpenedTrainingSet, document: dict[str, Any]
) -> None:
    """Windows, predicates, columns and arguments, however configuration writes them."""
    near, _ = read_layout(document).tables
    assert near.aggregations == opened.reductions["near"].aggregations
    assert [each["name"] for each in document["feature_tables"][0]["aggregations"]] == ["Windy", "p", "m"]
    assert near.aggregations[1].argument == opened.reductions["near"].aggregations[1].argument


def test_columns_and_types_are_those_that_are_published(
    opened: OpenedTrainingSet, document: dict[str, Any]
) -> None:
    published = {name: kind.simpleString() for name, (_, kind) in opened.table_columns.items()}
    (near, planes) = read_layout(document).tables
    assert document["columns"] == list(published) == opened.table_column_names
    assert {name: kind.text for each in (near, planes) for name, kind in each.schema.items()} == published


def test_the_version_and_the_name_decide_nothing(opened: OpenedTrainingSet, document: dict[str, Any]) -> None:
    assert serving_document(opened)["fingerprint"] == document["fingerprint"]
    assert serving_document(opened)["version"] is None


def test_what_serving_cannot_do_is_bad_input(
    opened: OpenedTrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skewless.serving.errors import FeatureError
    from skewless.training_set import serving_document as module

    def refuse(*_: Any, **__: Any) -> None:
        raise FeatureError("key 'a' is int", "no zone")

    monkeypatch.setattr(module, "plan_document", refuse)
    with pytest.raises(InputError) as caught:
        serving_document(opened)
    assert caught.value.problems == ("serving plan: key 'a' is int", "serving plan: no zone")
