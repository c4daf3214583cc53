from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from skewless.config import Configuration, Labels, Reconcile, Sample, TrainingSet

LABELS = {"source": "a/b", "entity_keys": ["origin"], "event_timestamp": "at", "label_columns": ["late"]}
BASE = {"name": "delay", "labels": LABELS, "output": "a/out"}
Problems = Callable[..., list[str]]


def refused(model: Any, spec: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(spec)
    return "; ".join(f"{error['loc'][0]}: {error['msg']}" for error in caught.value.errors())


def test_every_key_of_the_contract_is_read(configuration: Callable[..., Configuration]) -> None:
    text = """
        name: delay
        labels:
          source: ${WAREHOUSE}/flight_labels
          entity_keys: [tailnum, origin]
          event_timestamp: predict_at
          label_columns: [late]
          label_available_at: arrived_at
          where: "late IS NOT NULL"
          timezone: America/New_York
        feature_tables:
          - weather
          - {table: weather, as: dest_weather, join_keys: {origin: dest}}
        features: features.flights
        output: lake.delay
        expectations: delay
        sample: {fraction: 0.1, keys: [tailnum]}
        parity_sample: 0
    """
    spec = configuration({"training_sets/delay.yml": text}, {"WAREHOUSE": "s3a://lake"}).training_sets[
        "delay"
    ]
    assert spec.labels == Labels(
        source="s3a://lake/flight_labels",
        entity_keys=("tailnum", "origin"),
        event_timestamp="predict_at",
        label_columns=("late",),
        label_available_at="arrived_at",
        where="late IS NOT NULL",
        timezone="America/New_York",
    )
    assert [(join.table, join.as_name, join.join_keys) for join in spec.feature_tables] == [
        ("weather", "weather", {}),
        ("weather", "dest_weather", {"origin": "dest"}),
    ]
    assert (spec.features, spec.output, spec.expectations) == (("features.flights",), "lake.delay", "delay")
    assert spec.sample == Sample(fraction=0.1, keys=("tailnum",))


def test_problems_inside_sections_have_their_line_and_way(set_problems: Problems) -> None:
    text = """
        name: delay
        labels:
          source: a/b
          entity_keys: [origin]
          event_timestmp: at
          label_columns: [late]
        feature_tables:
          - weather
          - {table: weather, as: again, joinkeys: {}}
          - 7
        output: a/out
        sample:
          fraction: "0.1"
          key: [origin]
    """
    assert set_problems(text) == [
        "2: labels.event_timestamp: missing; add it",
        "5: labels.event_timestmp: unknown key; did you mean 'event_timestamp'?",
        "9: feature_tables[1].joinkeys: unknown key; did you mean 'join_keys'?",
        "10: feature_tables[2]: expected a mapping, found the number 7",
        "13: sample.fraction: expected a number, found '0.1'; write it without quotes and variables",
        "14: sample.key: unknown key; did you mean 'keys'?",
    ]


def test_missing_keys_are_refused_at_the_mapping_around_them(set_problems: Problems) -> None:
    assert set_problems("name: delay\n") == ["1: labels: missing; add it", "1: output: missing; add it"]


SET = """
name: delay
labels: {source: a/b, entity_keys: [origin], event_timestamp: at, label_columns: [late]}
feature_tables: [%s]
output: a/out
require_fresh: 6h
"""
HISTORY = "{{name: {0}, source: a/b, entity_keys: [origin], event_timestamp: at, delay: 1h{1}}}"
STATIC = "{name: planes, source: a/b, entity_keys: [origin], static: true}"


def test_how_fresh_tables_have_to_be_is_what_each_says_itself_else_what_the_training_set_says(
    configuration: Callable[..., Configuration],
) -> None:
    texts = {
        "feature_tables/weather.yml": HISTORY.format("weather", ""),
        "feature_tables/rates.yml": HISTORY.format("rates", ", require_fresh: 40d"),
        "feature_tables/planes.yml": STATIC,
        "training_sets/delay.yml": SET % "weather, rates, planes, {table: weather, as: again}",
    }
    assert configuration(texts).training_set("delay").require_fresh == {
        "weather": timedelta(hours=6),
        "rates": timedelta(days=40),
        "again": timedelta(hours=6),
    }
    alone = configuration({**texts, "training_sets/delay.yml": (SET % "weather, rates").replace("6h", "")})
    assert alone.training_set("delay").require_fresh == {"rates": timedelta(days=40)}


@pytest.mark.parametrize("tables", ["", "planes"])
def test_a_training_set_without_a_table_with_a_history_cannot_ask_for_a_fresh_one(
    configuration: Callable[..., Configuration], tables: str
) -> None:
    texts = {"feature_tables/planes.yml": STATIC, "training_sets/delay.yml": SET % tables}
    assert configuration(texts).problems == (
        "conf/training_sets/delay.yml:5: require_fresh: no joined table has a history; remove it",
    )


def test_a_table_may_be_sent_or_not_and_the_strategy_is_one_of_three(set_problems: Problems) -> None:
    for sent in ("true", "false", "null"):
        for strategy in ("auto", "exchange", "broadcast"):
            text = (SET % f"{{table: weather, broadcast: {sent}}}").lstrip() + f"strategy: {strategy}\n"
            assert set_problems(text) == []
    text = (SET % "{table: weather, broadcast: often}").lstrip() + "strategy: merge\n"
    told = set_problems(text)
    assert told[0].startswith("3: feature_tables[0].broadcast: ")
    assert told[1:] == [
        "6: strategy: 'merge' is none of auto, exchange, broadcast; write one of them or remove the key"
    ]


def test_the_planner_may_be_left_to_choose_in_so_many_words() -> None:
    assert TrainingSet.model_validate(BASE | {"strategy": "auto"}) == TrainingSet.model_validate(BASE)


def test_a_parity_sample_of_zero_is_off_and_a_negative_one_refused() -> None:
    assert TrainingSet.model_validate(BASE | {"parity_sample": 0}).parity_sample == 0
    assert "parity_sample" in refused(TrainingSet, BASE | {"parity_sample": -1})


@pytest.mark.parametrize(
    ("features", "modules"),
    [
        ("features.flights", ("features.flights",)),
        (["features.flights", "own"], ("features.flights", "own")),
        ([], ()),
        (None, ()),
    ],
)
def test_features_are_one_module_or_a_list(features: Any, modules: tuple[str, ...]) -> None:
    assert TrainingSet.model_validate(BASE | {"features": features}).features == modules


@pytest.mark.parametrize("features", ["features/flights.py", "features.", ".flights", "a b", "import", ""])
def test_features_that_are_no_module_name_are_refused(features: str) -> None:
    assert "is not a Python module name" in refused(TrainingSet, BASE | {"features": features})


def test_as_names_are_unique_whatever_their_case() -> None:
    joins = ["weather", {"table": "planes", "as": "Weather"}]
    assert refused(TrainingSet, BASE | {"feature_tables": joins}).startswith(
        "feature_tables: weather joined twice; give one of them another name with as"
    )


def test_a_table_may_be_joined_twice_under_two_names() -> None:
    joins = ["weather", {"table": "weather", "as": "w2"}]
    spec = TrainingSet.model_validate(BASE | {"feature_tables": joins})
    assert [join.as_name for join in spec.feature_tables] == ["weather", "w2"]


def test_join_keys_that_differ_in_case_only_are_refused() -> None:
    joins = [{"table": "weather", "join_keys": {"origin": "dest", "Origin": "origin"}}]
    assert "origin written twice" in refused(TrainingSet, BASE | {"feature_tables": joins})


@pytest.mark.parametrize("fraction", [1, 1.0, 0.5, 1e-9])
def test_a_sample_is_a_share_above_zero_up_to_one(fraction: float) -> None:
    assert Sample(fraction=fraction).fraction == fraction


@pytest.mark.parametrize("fraction", [0, -0.1, 1.01, float("nan"), float("inf")])
def test_any_other_share_is_refused(fraction: float) -> None:
    assert "expected a share above 0 and up to 1" in refused(Sample, {"fraction": fraction})


def test_sample_keys_are_the_entity_keys_unless_written() -> None:
    assert TrainingSet.model_validate(BASE | {"sample": {"fraction": 1}}).sample_keys == ("origin",)
    assert TrainingSet.model_validate(BASE | {"sample": {"fraction": 1, "keys": ["dest"]}}).sample_keys == (
        "dest",
    )


def test_labels_come_from_a_query_over_named_sources() -> None:
    labels = Labels.model_validate(
        {key: value for key, value in LABELS.items() if key != "source"}
        | {"query": "SELECT * FROM f", "sources": {"f": "a/f"}}
    )
    assert (labels.query, labels.sources) == ("SELECT * FROM f", {"f": "a/f"})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"source": None}, "source: missing; add it, or query and its sources"),
        ({"query": "SELECT 1", "sources": {"f": "a/f"}}, "source: source and query are both written"),
        ({"source": None, "query": "SELECT 1"}, "sources: missing; a query needs the tables it reads"),
        ({"sources": {"f": "a/f"}}, "sources: sources belong to a query"),
        ({"source": None, "query": "x", "sources": {"f": "a", "F": "b"}}, "sources: f written twice"),
        ({"source": None, "query": "x", "sources": {"f-g": "a"}}, "sources: 'f-g' is not a name"),
        ({"entity_keys": []}, "entity_keys: expected at least one name"),
        ({"label_columns": []}, "label_columns: expected at least one name"),
        ({"label_columns": ["late", "ORIGIN"]}, "label_columns: 'ORIGIN' is an entity key, not a label"),
        ({"label_columns": ["At"]}, "label_columns: 'At' is the event timestamp, not a label"),
        ({"where": " "}, "where: expected text, found nothing in it"),
        ({"timezone": "Nowhere/Land"}, "timezone: 'Nowhere/Land' is not an IANA time zone"),
    ],
)
def test_labels_that_contradict_themselves_are_refused(change: dict[str, Any], problem: str) -> None:
    assert refused(Labels, LABELS | change).startswith(problem)


def test_reconcile_allows_a_rate_for_all_features_and_for_single_ones() -> None:
    spec = Reconcile(alert_above=0.01, features={"Wind": 0.2})
    assert (spec.rate_of("wind"), spec.rate_of("temp"), Reconcile().rate_of("temp")) == (0.2, 0.01, 0.0)


def test_an_unknown_key_of_reconcile_is_refused_with_the_nearest_and_a_rate_is_one() -> None:
    assert "reconcile" in refused(TrainingSet, BASE | {"reconcile": {"alert_over": 0.1}})
    assert "from 0 to 1" in refused(TrainingSet, BASE | {"reconcile": {"alert_above": 1.5}})
