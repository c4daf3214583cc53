"""`skewless investigate` from end to end: one feature whose null was logged as 0, and everything that is refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from tests.helpers import by_hand
from tests.helpers.browser import opened
from tests.helpers.investigate_model import score
from tests.helpers.project import Project, Ran

TRAINING_SET = """
    name: delays
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [flight, origin]
      event_timestamp: predict_at
      label_columns: [late]
      label_available_at: landed_at
    feature_tables: [weather]
    output: ${WAREHOUSE}/delays
"""
WEATHER = """
    name: weather
    source: ${WAREHOUSE}/weather
    entity_keys: [origin]
    event_timestamp: at
    delay: 0s
    columns: [temp, wind]
"""
START = datetime(2024, 3, 1, tzinfo=timezone.utc)
ORIGINS, HOURS = ("EWR", "JFK", "LGA", "BOS"), 400
CENSORED = 40


def save(project: Project, name: str, table: pa.Table) -> None:
    by_hand.overwrite(project.warehouse / name, from_arrow_schema(table.schema), table)


def weather() -> pa.Table:
    """A reading each hour; wind is null in a third of them, by chance."""
    draw = np.random.default_rng(1)
    size = len(ORIGINS) * HOURS
    wind = draw.uniform(0, 20, size).round(2)
    return pa.table(
        {
            "origin": np.repeat(ORIGINS, HOURS),
            "at": pa.array([START + timedelta(hours=hour) for _ in ORIGINS for hour in range(HOURS)], TIME),
            "temp": draw.normal(0, 10, size).round(2),
            "wind": pa.array(wind, mask=draw.uniform(size=size) < 1 / 3),
        }
    )


TIME = pa.timestamp("us", "UTC")


def predictions(readings: pa.Table, hours: range, seed: int) -> pa.Table:
    """A prediction half past each hour of each origin, with the right features, scores and a label drawn from them."""
    draw = np.random.default_rng(seed)
    places = np.array([at * HOURS + hour for at in range(len(ORIGINS)) for hour in hours])
    own = readings.take(places)
    features = pa.table({"weather__temp": own["temp"], "weather__wind": own["wind"]})
    chance = score(features)
    times = [each + timedelta(minutes=30) for each in own["at"].to_pylist()]
    return pa.table(
        {
            "flight": pa.array(places, pa.int64()),
            "origin": own["origin"],
            "predict_at": pa.array(times, TIME),
            "landed_at": pa.array([each + timedelta(hours=5) for each in times], TIME),
            "score": chance,
            "label": (draw.uniform(size=len(places)) < chance).astype(np.int32),
            "region": np.where(places % 2 == 0, "east", "west"),
            "weather__temp": features["weather__temp"],
            "weather__wind": features["weather__wind"],
        }
    )


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    if name not in table.column_names:
        return table.append_column(name, pa.array(values))
    return table.set_column(table.column_names.index(name), name, pa.array(values))


def served(right: pa.Table) -> pa.Table:
    """What serving logged: a null wind as 0, and the score that comes of it; the last rows have no label yet."""
    logged = with_column(right, "weather__wind", right["weather__wind"].fill_null(0.0).to_numpy())
    logged = with_column(logged, "score", score(logged))
    labels = right["label"].to_pylist()
    return with_column(logged, "label", [*labels[:-CENSORED], *[None] * CENSORED])


@pytest.fixture(scope="module")
def project(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    files = {"feature_tables/weather.yml": WEATHER, "training_sets/delays.yml": TRAINING_SET}
    project = Project(tmp_path_factory.mktemp("investigate"), spark).conf(files)
    readings = weather()
    save(project, "weather", readings)
    offline = predictions(readings, range(0, 200), 2)
    online = predictions(readings, range(200, 400), 3)
    labels = pa.table({name: offline[name] for name in ("flight", "origin", "predict_at", "landed_at")})
    save(project, "labels", labels.append_column("late", offline["label"]))
    save(project, "offline", offline.drop_columns(["weather__temp", "weather__wind"]))
    save(project, "online", served(online))
    save(project, "as_trained", online)
    return project


def asked(project: Project, online: str, *more: str) -> Ran:
    tables = ("--offline", str(project.warehouse / "offline"), "--online", str(project.warehouse / online))
    return project.run("investigate", "delays", *tables, *more)


@pytest.fixture(scope="module")
def ran(project: Project) -> Ran:
    more = ("--model", "tests.helpers.investigate_model:score", "--arm", "region")
    return asked(project, "online", *more, "--json", "--report", str(project.root / "report.html"))


def test_a_gap_is_an_answer_and_no_alert_and_the_keys_are_those_of_the_contract(ran: Ran) -> None:
    assert ran.code == 0, ran.err
    found = ran.document
    assert list(found)[:7] == [
        "metric", "offline", "online", "gap", "gap_p_value", "significant", "suspects",
    ]  # fmt: skip
    assert found["metric"] == "auc"
    assert list(found["offline"]) == list(found["online"]) == ["value", "low", "high", "rows"]
    assert (found["offline"]["rows"], found["online"]["rows"]) == (800, 800 - CENSORED)
    assert found["significant"] is True
    assert found["gap"] == pytest.approx(found["offline"]["value"] - found["online"]["value"])


def test_the_feature_logged_wrong_is_the_first_suspect_with_its_cause_and_what_comes_back(ran: Ran) -> None:
    first = ran.document["suspects"][0]
    assert list(first) == ["feature", "score", "evidence"]
    assert first["feature"] == "weather__wind"
    evidence = first["evidence"]
    assert (evidence["kind"], evidence["cause"]) == ("skew", "null_handling")
    assert 0.25 < evidence["mismatch_rate"] < 0.45
    assert evidence["share_of_gap"] > 0.5
    assert [each["feature"] for each in ran.document["suspects"]] == ["weather__wind"]


def test_the_parts_add_up_to_the_gap(ran: Ran) -> None:
    parts = ran.document["decomposition"]
    assert list(parts) == ["population", "features", "model", "unexplained"]
    assert sum(part["value"] for part in parts.values()) == pytest.approx(ran.document["gap"])
    assert parts["model"]["value"] == pytest.approx(0)


def test_each_arm_is_told_apart(ran: Ran) -> None:
    assert [each["arm"] for each in ran.document["arms"]] == ["east", "west"]
    assert sum(each["rows"] for each in ran.document["arms"]) == ran.document["online"]["rows"]


def test_the_report_says_that_it_is_a_bug(ran: Ran, project: Project, tmp_path: Path) -> None:
    page = (project.root / "report.html").read_text()
    for told in (
        "A BUG",
        "the gap is real, and",
        "weather__wind",
        "null_handling",
        "without a label",
        "By arm",
    ):
        assert told in page, told
    assert opened(page, tmp_path)[1] == []


def test_without_the_model_the_suspect_is_the_same(project: Project) -> None:
    ran = asked(project, "online", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["suspects"][0]["feature"] == "weather__wind"
    assert ran.document["suspects"][0]["evidence"]["measured_by"] == "surrogate"


def test_nobody_is_a_suspect_where_serving_logged_what_training_computes(project: Project) -> None:
    ran = asked(project, "as_trained")
    assert ran.code == 0, ran.err
    assert "NO GAP, none beyond chance" in ran.out
    assert "cause 1" not in ran.out


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"score": [1.5] * 800}, "online: score is 1.5 in a row, and outside [0, 1] in 800 of 800"),
        ({"score": [float("nan")] * 800}, "online: score is NaN or infinite in 800 rows"),
        ({"label": [1] * 800}, "online: every label is 1 in 800 rows; auc needs both classes"),
        ({"label": [7] * 800}, "online: label is 7 in a row, and neither 0 nor 1 in 800"),
        (
            {"label": [None] * 790 + [1, 0] * 5},
            "online: 10 rows with score and label (790 without a known label left",
        ),
        (
            {"weather__wind": ["calm"] * 800},
            "feature 'weather__wind' is string, and in training set 'delays' double",
        ),
        ({"score": None}, "online: no column 'score'"),
        (
            {"fingerprint": ["sha256:0"] * 800},
            "carry the fingerprint sha256:0, which training set 'delays' never had",
        ),
        (
            {"weather__wind": None, "weather__temp": None},
            "online: no logged feature of training set 'delays'",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_tables_are_one_line(project: Project, change: dict[str, Any], told: str) -> None:
    assert project.spark is not None
    table = project.spark.read.format("delta").load(str(project.warehouse / "as_trained")).toArrow()
    for name, values in change.items():
        table = table.drop_columns([name]) if values is None else with_column(table, name, values)
    location = f"bad_{abs(hash(told))}"
    save(project, location, table)
    ran = asked(project, location)
    assert (ran.code, len(ran.problems)) == (2, 1), ran.err
    assert told in ran.problems[0]


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("nowhere.at_all:score", "cannot import nowhere.at_all"),
        ("tests.helpers.investigate_model", "expected package.module:function"),
        ("tests.helpers.investigate_model:nothing", "has no function 'nothing'"),
        ("tests.helpers.investigate_model:half", "gave (380,) scores for 760 rows"),
        ("tests.helpers.investigate_model:broken", "failed: KeyError"),
    ],
)
def test_a_model_that_cannot_be_used_is_one_line(project: Project, model: str, told: str) -> None:
    ran = asked(project, "online", "--model", model)
    assert (ran.code, len(ran.problems)) == (2, 1), ran.err
    assert told in ran.problems[0]


def test_an_unknown_metric_is_one_line(project: Project) -> None:
    ran = asked(project, "online", "--metric", "f1")
    assert (ran.code, len(ran.problems)) == (2, 1)
    assert "'f1' is not one of" in ran.problems[0]


def test_the_result_is_written_too(project: Project, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    ran = asked(project, "online", "--metric", "log_loss", "--result", str(result))
    assert ran.code == 0, ran.err
    written = json.loads(result.read_text())
    assert (written["metric"], written["exit_code"]) == ("log_loss", 0)
    assert written["gap"] < 0
