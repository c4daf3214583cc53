"""docs/configuration.md against the models: every key is there, as it is, with an example that holds."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from skewless.config.json_schemas import FOLDERS, json_schemas
from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.errors import FeatureError
from tests.config.test_json_schemas import is_loaded
from tests.helpers.configuration_tables import PAGE, sections, table_of, written_tables

SECTIONS = sections()
KEYS = [(way, key) for way, section in SECTIONS.items() for key in section["properties"]]
FILE = re.compile(r"```yaml\n# conf/(\w+)/(\w+)\.yml\n(.*?)```", re.DOTALL)
FILES = FILE.findall(PAGE.read_text(encoding="utf-8"))
KINDS = {folder: kind for kind, folder in FOLDERS.items()}


@pytest.mark.parametrize(("way", "key"), KEYS)
def test_each_key_is_described_in_sentences_with_an_example_that_is_valid(way: str, key: str) -> None:
    schema = SECTIONS[way]["properties"][key]
    assert re.fullmatch(r"[A-Z`][^|\n]*\.", schema["description"])
    assert list(Draft7Validator(schema).iter_errors(schema["examples"][0])) == []


def test_the_page_has_a_table_of_each_section() -> None:
    assert set(written_tables()) == set(SECTIONS)


@pytest.mark.parametrize("way", SECTIONS)
def test_each_table_says_what_the_models_say(way: str) -> None:
    """Where this fails, `python -m tests.helpers.configuration_tables` writes the tables again."""
    assert written_tables()[way] == table_of(SECTIONS[way])


@pytest.mark.parametrize(
    ("folder", "name", "text"), FILES, ids=[f"{folder}-{name}" for folder, name, _ in FILES]
)
def test_each_file_of_the_page_is_one(folder: str, name: str, text: str) -> None:
    content = yaml.safe_load(text)
    assert content["name"] == name
    assert list(Draft7Validator(json_schemas()[KINDS[folder]]).iter_errors(content)) == []
    assert is_loaded(KINDS[folder], content)


def test_each_kind_of_file_has_an_example() -> None:
    assert {folder for folder, _, _ in FILES} == set(FOLDERS.values())


@pytest.mark.parametrize(
    ("spec", "way"),
    [
        ({"?": 1}, "feature_table.aggregations"),
        ({"name": "n", "function": "count", "window": {"?": 1}}, "feature_table.aggregations.window"),
    ],
)
def test_the_keys_of_aggregations_are_those_that_serving_reads(spec: dict[str, Any], way: str) -> None:
    with pytest.raises(FeatureError) as caught:
        Aggregation.from_spec(spec)
    [listed] = re.findall(r"unknown key '\?'; it takes (.*)", str(caught.value))
    assert set(re.split(r", | and ", listed)) == set(SECTIONS[way]["properties"])
