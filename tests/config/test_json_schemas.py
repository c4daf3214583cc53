"""The JSON Schemas against the loader: both refuse the same files, as far as one file alone can be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from skewless.config.documents import Variables, from_yaml
from skewless.config.json_schemas import FOLDERS, json_schemas
from skewless.config.refusals import spec_of
from skewless.config.specs.feature_table import FeatureTable
from skewless.config.specs.log_mapping import LogMapping
from skewless.config.specs.monitoring import Monitoring
from skewless.config.specs.training_set import TrainingSet

CONF = Path(__file__).parents[2] / "conf"
SCHEMAS = {kind: Draft7Validator(schema) for kind, schema in json_schemas().items()}
MODELS: dict[str, Any] = {
    "feature_table": FeatureTable,
    "training_set": TrainingSet,
    "log": LogMapping,
    "monitoring": Monitoring,
}
SET = {
    "WAREHOUSE": "s3a://lake",
    "ZONE": "Europe/Berlin",
    "LENGTH": "3h",
    "NAME": "weather",
    "FUNCTION": "count",
}

TABLE: dict[str, Any] = {
    "name": "weather",
    "source": "${WAREHOUSE}/weather",
    "entity_keys": ["origin"],
    "event_timestamp": "at",
}
STATIC: dict[str, Any] = {"name": "planes", "source": "a/b", "entity_keys": ["tailnum"], "static": True}
LABELS: dict[str, Any] = {
    "source": "a/b",
    "entity_keys": ["origin"],
    "event_timestamp": "at",
    "label_columns": ["late"],
}
QUERY: dict[str, Any] = {
    **{key: value for key, value in LABELS.items() if key != "source"},
    "query": "SELECT * FROM f",
    "sources": {"f": "a/f"},
}
TRAINING: dict[str, Any] = {
    "name": "delay",
    "labels": LABELS,
    "feature_tables": ["weather"],
    "output": "a/out",
}
LOG: dict[str, Any] = {
    "name": "platform",
    "source": "a/t",
    "entity": ["origin"],
    "event_timestamp": "at",
    "features": ["temp"],
}
WATCH: dict[str, Any] = {"name": "delay"}
COUNT: dict[str, Any] = {"name": "n", "function": "count", "window": "24h"}
DAYS: dict[str, Any] = {"calendar": "day", "length": 1, "timezone": "UTC"}


def without(spec: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in keys}


def table(**keys: Any) -> tuple[str, dict[str, Any]]:
    return "feature_table", {**TABLE, **keys}


def aggregated(**keys: Any) -> tuple[str, dict[str, Any]]:
    return table(aggregations=[{**COUNT, **keys}])


def training(**keys: Any) -> tuple[str, dict[str, Any]]:
    return "training_set", {**TRAINING, **keys}


def labelled(**keys: Any) -> tuple[str, dict[str, Any]]:
    return training(labels={**LABELS, **keys})


def mapped(**keys: Any) -> tuple[str, dict[str, Any]]:
    return "log", {**LOG, **keys}


def watched(**keys: Any) -> tuple[str, dict[str, Any]]:
    return "monitoring", {**WATCH, **keys}


def is_loaded(kind: str, content: Any) -> bool:
    """Whether the loader takes this as a file's content."""
    text = yaml.safe_dump(content)
    return spec_of(from_yaml("conf/x.yml", text, Variables(SET, {})), MODELS[kind])[0] is not None


def is_valid(kind: str, content: Any) -> bool:
    return bool(SCHEMAS[kind].is_valid(content))


@pytest.mark.parametrize("kind", FOLDERS)
def test_each_schema_is_one(kind: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[kind].schema)
    assert SCHEMAS[kind].schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("kind", "path"),
    [(kind, path) for kind, folder in FOLDERS.items() for path in sorted((CONF / folder).glob("*.yml"))],
    ids=lambda value: getattr(value, "stem", value),
)
def test_the_files_of_the_demo_are_valid(kind: str, path: Path) -> None:
    assert list(SCHEMAS[kind].iter_errors(yaml.safe_load(path.read_text()))) == []


SOUND = [
    table(),
    table(entity_keys=[], columns=[], aggregations=[]),
    table(
        available_at=None,
        delay=None,
        max_age=None,
        valid_until=None,
        columns=None,
        timezone=None,
        strict=None,
    ),
    table(delay="0s", max_age="PT1.5H", require_fresh="P2W", timezone="America/New_York"),
    table(name="${NAME}", delay="${LENGTH}", timezone="${ZONE}", source="${WAREHOUSE}/${NOWHERE:-weather}"),
    table(source="lake.silver.`my table`", event_timestamp="observed at"),
    ("feature_table", STATIC),
    ("feature_table", {**STATIC, "strict": False, "aggregations": [], "delay": None, "timezone": "UTC"}),
    aggregated(),
    aggregated(function="${FUNCTION}", window="${LENGTH}"),
    aggregated(column=None, offset=None, where=None, n=None, p=None),
    aggregated(column="v", offset="1h", where="v > 0"),
    aggregated(function="last_n", column="v", n=3),
    aggregated(function="percentile", column="v", p=0.5),
    aggregated(function="percentile", column="v", p="0.95"),
    aggregated(function="time_since_last", window=DAYS, offset=1),
    training(),
    training(feature_tables=[{"table": "weather", "as": "w2", "join_keys": {"origin": "dest"}}, "planes"]),
    training(features="features.flights"),
    training(features=["features.flights", "own"], sample={"fraction": 1}, parity_sample=0, strategy="auto"),
    training(features=None, sample=None, log=None, expectations=None, require_fresh="${LENGTH}"),
    training(sample={"fraction": 0.1, "keys": ["origin"]}, reconcile={"features": {"a__b": 0.5}}),
    training(log="s3a://lake/log"),
    training(log={"source": "a/b", "missing": None, "tolerance": "5s", "features": ["w__t"]}),
    training(labels=QUERY),
    labelled(query=None, sources={}, where="late IS NOT NULL", label_available_at="known_at"),
    mapped(),
    mapped(entity={"origin": "payload.origin"}, tags=[], timezone="UTC"),
    ("log", {**without(LOG, "features"), "features_prefix": "f_"}),
    watched(),
    watched(features=None, segments=["origin"], webhook={"url": ""}, min_psi=0, design_effect=1),
    watched(features={"w__t": {"bins": 5, "alert": False}}, webhook={"url": "${URL:-}", "timeout": "5m"}),
]


@pytest.mark.parametrize(("kind", "content"), SOUND, ids=str)
def test_what_the_loader_takes_is_valid(kind: str, content: Any) -> None:
    assert is_loaded(kind, content)
    assert list(SCHEMAS[kind].iter_errors(content)) == []


BAD = [
    # keys
    table(max_agee="3h"),
    table(materialize_every="0s"),
    ("feature_table", without(TABLE, "source")),
    ("feature_table", without(TABLE, "event_timestamp")),
    table(event_timestamp=None),
    training(feature_tables=[{"table": "weather", "broadcast": "often"}]),
    training(feature_tables=[{"as": "w2"}]),
    ("training_set", without(TRAINING, "output")),
    ("training_set", without(TRAINING, "labels")),
    training(output=None),
    training(labels=without(LABELS, "label_columns")),
    training(sample={"keys": ["origin"]}),
    training(log={"tolerance": "5s"}),
    ("log", without(LOG, "entity")),
    ("log", without(LOG, "features")),
    watched(bin=10),
    watched(features={"w__t": {"min_pis": 0.1}}),
    watched(webhook={"retries": 3}),
    # what excludes what
    *(("feature_table", {**STATIC, **each}) for each in (
        {"event_timestamp": "at"}, {"available_at": "at"}, {"delay": "0s"}, {"max_age": "3h"},
        {"valid_until": "until"}, {"strict": True}, {"require_fresh": "6h"}, {"aggregations": [COUNT]},
    )),
    labelled(query="SELECT 1", sources={"f": "a/f"}),
    labelled(sources={"f": "a/f"}),
    training(labels=without(QUERY, "sources")),
    training(labels={**QUERY, "sources": {}}),
    training(labels=without(LABELS, "source")),
    mapped(features_prefix="f_"),
    # types
    ("feature_table", "weather"),
    ("feature_table", []),
    ("feature_table", None),
    ("feature_table", 7),
    table(name=2013),
    table(source=["a/b"]),
    table(entity_keys="origin"),
    table(entity_keys=None),
    table(available_at={"a": "b"}),
    table(strict="true"),
    table(static=1),
    table(columns=["temp", False]),
    table(aggregations={}),
    training(feature_tables=None),
    training(feature_tables=[7]),
    training(sample={"fraction": "0.1"}),
    training(parity_sample=1.5),
    training(reconcile=None),
    mapped(entity="origin"),
    watched(bins="10"),
    watched(features=["w__t"]),
    # names, places and zones
    *(table(name=name) for name in ("wea-ther", "2weather", "wea ther", "", "wétter", "${1}", "${NAME}${")),
    *(table(source=source) for source in ("", "my table", "a..b", "a.", "a-b", "`a", "a/${WAREHOUSE", "a/${-}")),
    *(table(timezone=zone) for zone in ("America/NewYork", "+02:00", "America", "localtime", "")),
    *(training(features=module) for module in ("features/flights.py", "features.", "a b", "import", "a.class", "")),
    table(event_timestamp=" "),
    table(entity_keys=["origin", "origin"]),
    labelled(entity_keys=[]),
    labelled(where=" "),
    labelled(query=None, sources=None),
    training(expectations="flight delay"),
    training(labels={**QUERY, "sources": {"f-g": "a"}}),
    mapped(entity=[]),
    mapped(features={}),
    mapped(tags=["region", "region"]),
    watched(webhook={"url": "ftp://x"}),
    # durations
    *(table(delay=length) for length in (
        600, "600", 1.5, "-10m", "-PT1H", "P1Y", "P1M", "PT1.5H30M", "P", "PT", "P1DT", "P1WT1H", "10 m", "10M", "1w",
        "", True, "1\u0660m",
    )),
    *(table(require_fresh=length) for length in ("0s", "0d", "PT0S", "-1h")),
    training(log={"source": "a/b", "tolerance": "-5s"}),
    watched(webhook={"url": "", "timeout": "0s"}),
    watched(webhook={"url": "", "timeout": None}),
    # numbers
    *(training(sample={"fraction": fraction}) for fraction in (0, -0.1, 1.01)),
    training(parity_sample=-1),
    training(reconcile={"alert_above": 1.5}),
    training(reconcile={"features": {"w__t": -0.1}}),
    watched(bins=1),
    watched(categories=201),
    watched(known_categories=-1),
    watched(min_rows=1),
    watched(smoothing=0),
    watched(false_alarms=1),
    watched(design_effect=0.5),
    watched(min_psi=-0.1),
    watched(features={"w__t": {"bins": 1}}),
    watched(webhook={"url": "", "retries": 11}),
    # words
    training(strategy="merge"),
    training(log={"source": "a/b", "missing": "zero"}),
    # aggregations
    aggregated(function="summ"),
    aggregated(name="a b"),
    aggregated(windw="1h"),
    table(aggregations=[without(COUNT, "window")]),
    table(aggregations=[without(COUNT, "name")]),
    table(aggregations=["count"]),
    aggregated(function="sum"),
    aggregated(function="sum", column=None),
    aggregated(column=""),
    aggregated(window="0d"),
    aggregated(window=7),
    aggregated(offset=1),
    aggregated(offset="-1h"),
    aggregated(window=DAYS, offset="1d"),
    aggregated(window=DAYS, offset=-1),
    aggregated(window={**DAYS, "calendar": "weeks"}),
    aggregated(window={**DAYS, "length": 0}),
    aggregated(window={**DAYS, "length": 100_001}),
    aggregated(window={**DAYS, "timezone": "America/NewYork"}),
    aggregated(window=without(DAYS, "timezone")),
    aggregated(window={**DAYS, "unit": "day"}),
    aggregated(function="last_n", column="v"),
    aggregated(function="last_n", column="v", n=0),
    aggregated(function="last_n", column="v", n=2**31),
    aggregated(n=3),
    aggregated(function="percentile", column="v", p=1.5),
    aggregated(function="percentile", column="v", p="95%"),
    aggregated(function="percentile", column="v", n=3),
    aggregated(where=7),
    aggregated(where=" "),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content"), BAD, ids=str)
def test_what_one_file_alone_can_have_wrong_both_refuse(kind: str, content: Any) -> None:
    assert not is_loaded(kind, content)
    assert not is_valid(kind, content)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 300), st.sampled_from([0.0, 0.5, 1.0, 1.5]), st.just([]), st.just({}),
    st.sampled_from(["", " ", "at", "a/b", "3h", "0s", "PT1H", "UTC", "auto", "count", "${LENGTH}", "x y", "${"]),
    st.sampled_from([["at"], ["at", "AT"], {"at": "at"}, {"f": "a/f"}, [COUNT], DAYS, LABELS, QUERY, {"url": ""}]),
)  # fmt: skip


@st.composite
def _changed(draw: st.DrawFn) -> tuple[str, Any]:
    """A sound file with some keys, on any floor of it, replaced, removed or added."""
    kind, content = draw(st.sampled_from(SOUND))
    schema = SCHEMAS[kind].schema
    for _ in range(draw(st.integers(1, 3))):
        key = draw(st.sampled_from([*schema["properties"], "labels", "aggregations"]))
        inside = content.get(key)
        if isinstance(inside, dict) and inside and draw(st.booleans()):
            content = {
                **content,
                key: {**inside, draw(st.sampled_from([*LABELS, *QUERY, *inside])): draw(VALUES)},
            }
        elif key == "aggregations" and kind == "feature_table" and draw(st.booleans()):
            change = {
                draw(st.sampled_from(["function", "column", "window", "offset", "n", "p"])): draw(VALUES)
            }
            content = {**content, key: [{**COUNT, **change}]}
        elif draw(st.booleans()):
            content = {**content, key: draw(VALUES)}
        else:
            content = without(content, key)
    return kind, content


@settings(max_examples=400)
@given(_changed())
def test_what_is_invalid_the_loader_refuses_too(changed: tuple[str, Any]) -> None:
    kind, content = changed
    assert is_valid(kind, content) or not is_loaded(kind, content)


@settings(max_examples=300)
@given(
    st.one_of(
        st.text("0123456789.,smhdPTWDHMS", max_size=8), st.from_regex(r"P?[0-9.]{0,3}[WDT][0-9,]{0,3}[HMS]?")
    )
)
def test_a_text_is_a_duration_for_both_or_for_none(text: str) -> None:
    kind, content = table(delay=text)
    is_too_fine = "." in text or "," in text  # what is finer than a microsecond the loader alone refuses
    assert is_valid(kind, content) == is_loaded(kind, content) or (is_too_fine and is_valid(kind, content))
