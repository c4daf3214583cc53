"""What a manifest keeps of a configuration is read back as the same training set, whatever the files say today."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from skewless.config import Configuration, recorded_training_set
from skewless.ground.errors import InputError

Configurations = Callable[..., Configuration]
WEATHER = """
    name: weather
    source: ${LAKE}/weather
    entity_keys: [origin]
    event_timestamp: at
    available_at: seen
    delay: 10m
    max_age: PT0.5S
    valid_until: over
    strict: true
    timezone: America/New_York
    columns: []
    require_fresh: 30m
    aggregations:
      - {name: n, function: count, window: 36h, offset: 90m, where: "x > 1"}
      - {name: top, function: percentile, column: x, p: 0.9, window: {calendar: day, length: 2, timezone: UTC}}
"""
DELAY = """
    name: delay
    labels:
      query: SELECT 1
      sources: {flights: '${LAKE}/flights'}
      entity_keys: [tailnum, origin]
      event_timestamp: at
      label_columns: [late]
      label_available_at: known
      where: "late = '${LITERAL:-x}'"
      timezone: Europe/Paris
    feature_tables:
      - weather
      - {table: weather, as: there, join_keys: {Origin: dest}}
      - planes
    features: [features.flights]
    output: lake.delay
    sample: {fraction: 1, keys: [tailnum]}
    parity_sample: 0
    require_fresh: 6h
    reconcile: {alert_above: 0.5, features: {x: 0}}
    log: {source: platform, tolerance: 1s, missing: null, features: [x], request_id: id}
"""
PLANES = "{name: planes, source: a/b, entity_keys: [tailnum], static: true}"
PLATFORM = "{name: platform, source: lake.log, entity: [tailnum], event_timestamp: at, features_prefix: f_}"
FILES = {
    "feature_tables/weather.yml": WEATHER,
    "feature_tables/planes.yml": PLANES,
    "training_sets/delay.yml": DELAY,
    "logs/platform.yml": PLATFORM,
}


def kept(document: Mapping[str, Any]) -> Any:
    """As a manifest's text gives it back."""
    return json.loads(json.dumps(document, sort_keys=True))


@pytest.mark.parametrize("literal", ["x", "${NOT_A_VARIABLE_ANY_MORE}", "$"])
def test_every_key_comes_back_with_the_values_of_its_variables(
    configuration: Configurations, literal: str
) -> None:
    spec = configuration(FILES, {"LAKE": "s3a://lake", "LITERAL": literal}).training_set("delay")
    again = recorded_training_set("m", kept(spec.to_document()))
    assert again == replace(spec, log_names=frozenset())
    assert again.training_set.labels.where == f"late = '{literal}'"


def test_the_suite_is_not_among_what_is_kept(configuration: Configurations) -> None:
    suite = '{"name": "s", "expectations": [{"type": "expect_column_to_exist", "kwargs": {"column": "k"}}]}'
    files = {
        "expectations/s.json": suite,
        "training_sets/plain.yml": """
            {name: plain, labels: {source: a/b, entity_keys: [k], event_timestamp: t, label_columns: [y]},
             output: a/out, expectations: s}
        """,
    }
    spec = configuration(files).training_set("plain")
    assert recorded_training_set("m", kept(spec.to_document())) == replace(spec, suite=None)


def test_what_this_version_cannot_read_is_refused_whole(configuration: Configurations) -> None:
    document = kept(configuration(FILES, {"LAKE": "a/b"}).training_set("delay").to_document())
    document["training_set"]["later"] = 1
    document["feature_tables"]["weather"]["window"] = "1h"
    with pytest.raises(InputError) as caught:
        recorded_training_set("manifest of version 3", document)
    assert [problem.split("; ")[0] for problem in caught.value.problems] == [
        "manifest of version 3: training set: later: unknown key",
        "manifest of version 3: feature table 'weather': window: unknown key",
    ]


BROKEN = """
    name: delay
    labels: {source: '${GONE}/b', event_timestmp: t}
    feature_tables: [nowhere]
    expectations: nowhere
    output: ${LAKE}/out
"""


def test_an_output_is_known_whatever_else_is_wrong(configuration: Configurations) -> None:
    assert configuration({"training_sets/delay.yml": BROKEN}, {"LAKE": "a"}).output_of("delay") == "a/out"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BROKEN, "5: output: variable LAKE is not set"),
        ("{name: delay, output: 7}", "1: output: expected text, found the number 7"),
        ("{name: delay, output: my table}", "1: output: 'my table' is neither a path"),
        ("{name: delay}", "1: output: missing; add it"),
        ("[delay", "2: not valid YAML"),
    ],
)
def test_an_output_that_cannot_be_told_is_refused_with_the_files_problems(
    configuration: Configurations, text: str, problem: str
) -> None:
    with pytest.raises(InputError) as caught:
        configuration({"training_sets/delay.yml": text}).output_of("delay")
    assert any(
        line.startswith(f"conf/training_sets/delay.yml:{problem}") for line in caught.value.problems
    ), caught.value.problems


def test_an_unknown_training_set_has_no_output(configuration: Configurations) -> None:
    with pytest.raises(InputError, match="no training set 'delays'; did you mean 'delay'"):
        configuration({"training_sets/delay.yml": BROKEN}).output_of("delays")
