"""`log:` of a training set: the place alone or a mapping, and what is refused before anything is opened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from skewless.config import FromLog
from tests.config.test_configuration import Configurations

Problems = Callable[[str], list[str]]
SOUND = """
name: delay
labels: {source: a/b, entity_keys: [origin], event_timestamp: at, label_columns: [late]}
output: a/out
"""
PLATFORM = "name: platform\nsource: a/t\nentity: [origin]\nevent_timestamp: at\nfeatures: [temp]\n"


def log_of(configuration: Configurations, text: str) -> FromLog:
    spec = configuration({"training_sets/delay.yml": SOUND + text}).training_set("delay").training_set
    assert spec.log is not None
    return spec.log


def test_a_place_alone_takes_all_and_recomputes_the_rest(configuration: Configurations) -> None:
    log = log_of(configuration, "log: s3a://lake/log\n")
    assert (log.source, log.features, log.tolerance, log.request_id) == (
        "s3a://lake/log", None, timedelta(0), None,
    )  # fmt: skip
    assert log.recomputes


@pytest.mark.parametrize("written", ["null", "~", "'null'", ""])
def test_a_null_of_yaml_leaves_what_is_missing_null(configuration: Configurations, written: str) -> None:
    text = f"log: {{source: a/log, tolerance: 1500s, missing: {written}, features: [weather__temp]}}\n"
    log = log_of(configuration, text)
    assert (log.missing, log.recomputes) == ("null", False)
    assert log.to_document() == {
        "source": "a/log", "tolerance": "25m", "missing": "null", "features": ["weather__temp"],
    }  # fmt: skip


def test_everything_wrong_is_said_with_its_line(set_problems: Problems) -> None:
    text = SOUND.lstrip() + (
        "log:\n  source: my log\n  tolerance: -5s\n  missing: zero\n  features: []\n  request: id\n"
    )
    assert set_problems(text) == [
        "5: log.source: 'my log' is neither a path (it would contain / or :) nor a catalog table name such as "
        "lake.silver.weather",
        "6: log.tolerance: '-5s' is negative; a duration is never negative",
        "7: log.missing: expected recompute or null, found 'zero'",
        "8: log.features: expected at least one name, found an empty list",
        "9: log.request: unknown key; did you mean 'request_id'?",
    ]
    assert set_problems(SOUND.lstrip() + "log: my log\n")[0].startswith("4: log: 'my log' is neither")
    assert set_problems(SOUND.lstrip() + "log: {tolerance: 5s}\n") == ["4: log.source: missing; add it"]


def test_the_name_of_a_mapped_log_stands_for_its_mapping(configuration: Configurations) -> None:
    files = {"training_sets/delay.yml": SOUND + "log: platform\n", "logs/platform.yml": PLATFORM}
    spec = configuration(files).training_set("delay")
    assert spec.log_mapping is not None
    assert spec.log_mapping.source == "a/t"
    assert spec.to_document()["log"] == spec.log_mapping.to_document()


def test_what_is_wrong_with_its_mapping_is_wrong_with_the_training_set(configuration: Configurations) -> None:
    files = {"training_sets/delay.yml": SOUND + "log: platform\n", "logs/platform.yml": PLATFORM + "tag: a\n"}
    problems = configuration(files).problems
    assert problems == ("conf/logs/platform.yml:6: tag: unknown key; did you mean 'tags'?",)
