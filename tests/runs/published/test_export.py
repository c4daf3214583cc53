"""`skewless export`: the plan of a published version in a file, which serving loads and computes the same values by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

import skewless
from skewless import FeatureError, ServingPlan
from skewless.parts.publish import published_manifest
from tests.helpers import parity_features
from tests.helpers.offers import CLICKS, PRICES, offers_in
from tests.helpers.project import Project

Document = dict[str, Any]


@pytest.fixture(scope="module")
def offers(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two versions of `offers`: the first with prices that last an hour, the second with prices that last two."""
    project = offers_in(tmp_path_factory.mktemp("exported"), spark)
    project.built("offers")
    project.conf({"feature_tables/prices.yml": PRICES.replace("max_age: 1h", "max_age: 2h")})
    assert project.built("offers")["version"] == 1
    return project


@pytest.fixture(scope="module")
def exported(offers: Project) -> Path:
    target = offers.root / "plans" / "serving.json"
    ran = offers.run("export", "offers", "--to", str(target))
    assert ran.code == 0, ran.err
    assert f"offers: serving plan of version 1 in {target}\n" in ran.out
    return target


def test_a_bundle_computes_what_the_plan_does(offers: Project, exported: Path) -> None:
    target = offers.root / "bundle.zip"
    ran = offers.run("export", "offers", "--to", str(target))
    assert ran.code == 0, ran.err
    assert f"offers: bundle of version 1 in {target}\n" in ran.out
    bundle, plan = ServingPlan.load(target), ServingPlan.load(exported)
    assert (bundle.fingerprint, bundle.columns) == (plan.fingerprint, plan.columns)


def test_the_result_is_one_json_object(offers: Project) -> None:
    target = offers.root / "first.json"
    result = offers.root / "result.json"
    ran = offers.run(
        "export", "offers", "--version", "0", "--to", f"file://{target}", "--json", "--result", str(result)
    )
    assert ran.code == 0, ran.err
    assert ran.out.count("\n") == 1
    document = json.loads(target.read_text())
    assert ran.document == {
        "training_set": "offers",
        "version": 0,
        "path": f"file://{target}",
        "fingerprint": document["fingerprint"],
    }
    assert json.loads(result.read_text()) == {**ran.document, "exit_code": 0}
    assert document["version"] == 0
    assert document["feature_tables"][0]["max_age"] == "1h"


def test_the_newest_version_is_exported_unless_one_is_named(exported: Path) -> None:
    document = json.loads(exported.read_text())
    assert document["version"] == 1
    assert document["feature_tables"][0]["max_age"] == "2h"


def test_the_manifest_of_the_version_holds_the_same_plan(offers: Project, exported: Path) -> None:
    ran = offers.run("show", "offers", "--version", "1", "--json")
    assert {**ran.document["serving_plan"], "version": 1} == json.loads(exported.read_text())


def test_needs_say_what_to_fetch(exported: Path) -> None:
    needs = ServingPlan.load(exported).needs()
    assert list(needs) == ["prices", "clicks"]
    prices, clicks = needs.values()
    assert (prices.table, prices.keys, prices.rows, prices.events) == (
        "prices",
        {"shop": "shop"},
        True,
        False,
    )
    assert prices.row_columns == ("seen_at", "landed_at", "price")
    assert prices.row_look_back == timedelta(hours=2)
    assert (clicks.keys, clicks.rows, clicks.events) == ({"user": "user"}, False, True)
    assert clicks.event_columns == ("seen_at", "v")
    assert clicks.event_look_back is not None
    assert clicks.event_look_back >= timedelta(days=1)


def served(plan: ServingPlan, event: Document, prices: list[Document], clicks: list[Document]) -> Document:
    """What serving answers of a published label event, from a store that finds rows by key."""
    rows = [row for row in prices if row["shop"] == event["shop"]]
    events = [row for row in clicks if row["user"] == event["user"]]
    request = {"user": event["user"], "shop": event["shop"], "amount": event["amount"]}
    return plan.compute(request, rows={"prices": rows}, events={"clicks": events}, at=event["predict_at"])


def test_computing_by_the_file_gives_every_published_row(offers: Project, exported: Path) -> None:
    plan = ServingPlan.load(exported)
    prices, clicks = (aware(offers.rows(name)) for name in ("prices", "clicks"))
    published = offers.rows("offers")
    assert len(published) == 9
    for event in published:
        vector = served(plan, event, prices, clicks)
        assert list(vector) == list(plan.columns)
        assert repr(vector) == repr({name: event[name] for name in vector})
    assert 7.0 in {event["prices__price"] for event in published}  # an hour and a microsecond old


def aware(rows: list[Document]) -> list[Document]:
    """Spark writes the tests' own tables without a zone, in UTC."""
    return [
        {
            name: datetime.fromisoformat(value.isoformat()).replace(tzinfo=timezone.utc)
            if isinstance(value, datetime)
            else value
            for name, value in row.items()
        }
        for row in rows
    ]


def test_a_process_without_spark_loads_it_and_computes(exported: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from datetime import datetime, timezone
from skewless import ServingPlan
plan = ServingPlan.load({str(exported)!r})
at = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
rows, events = {{"prices": {{"seen_at": at, "landed_at": at, "price": 4}}}}, {{"clicks": []}}
vector = plan.compute({{"user": "a", "shop": 1, "amount": 8.0}}, rows=rows, events=events, at=at)
print(vector["discount"], vector["clicks__n_1h"])
assert not {{"pyspark", "pyarrow", "numpy", "pydantic"}} & set(sys.modules)
"""
    assert in_process(code, tmp_path) == "0.2 0"


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (lambda plan: plan["feature_tables"][0].update(max_age="3h"), "feature table 'prices': max_age"),
        (lambda plan: plan["feature_tables"][0].update(delay="1s"), "feature table 'prices': delay"),
        (lambda plan: plan["feature_tables"][0].update(strict=True), "feature table 'prices': strict"),
        (
            lambda plan: plan["feature_tables"][1]["aggregations"][0].update(window="2h"),
            "feature table 'clicks': aggregation 'n_1h'",
        ),
        (
            lambda plan: plan["feature_tables"][1]["aggregations"][1].update(where="v <= 5"),
            "feature table 'clicks': aggregation 'small'",
        ),
        (
            lambda plan: plan["feature_tables"][1]["aggregations"][3]["window"].update(timezone="UTC"),
            "feature table 'clicks': aggregation 'today'",
        ),
        (
            lambda plan: plan["features"]["functions"][0].update(fingerprint=f"sha256:{0:064}"),
            "feature 'discount'",
        ),
    ],
)
def test_loading_names_the_part_that_was_edited(
    exported: Path, tmp_path: Path, edit: Callable[[Document], None], named: str
) -> None:
    document = json.loads(exported.read_text())
    edit(document)
    target = tmp_path / "edited.json"
    target.write_text(json.dumps(document))
    with pytest.raises(FeatureError) as caught:
        ServingPlan.load(target)
    assert all(line.startswith(f"serving plan: {named}") for line in caught.value.problems)
    with pytest.warns(UserWarning, match=named):
        ServingPlan.load(target, on_mismatch="warn")


@pytest.mark.parametrize(
    ("name", "written", "instead"),
    [
        ("discount", "amount * 0.1", "amount * 0.2"),
        ("price_or_zero", "prices__price or 0.0", "prices__price or 1.0"),
        ("hour_in_utc", "datetime) -> int", "datetime) -> float"),
    ],
)
def test_loading_names_a_function_whose_code_is_another(
    exported: Path, tmp_path: Path, name: str, written: str, instead: str
) -> None:
    said = loaded_elsewhere(exported, tmp_path, written, instead)
    assert said.startswith(f"serving plan: feature '{name}': ")
    assert "\n" not in said


def test_a_comment_is_no_other_code(exported: Path, tmp_path: Path) -> None:
    assert loaded_elsewhere(exported, tmp_path, "from datetime", "# reworded\nfrom datetime") == "loaded"


def loaded_elsewhere(exported: Path, folder: Path, written: str, instead: str) -> str:
    """What a process says that loads the plan beside an edited feature module: "loaded", or its problems."""
    source = Path(str(parity_features.__file__)).read_text()
    assert source.count(written) == 1
    module = folder / "tests" / "helpers" / "parity_features.py"
    module.parent.mkdir(parents=True)
    module.write_text(source.replace(written, instead))
    return in_process(
        f"""
from skewless import FeatureError, ServingPlan
try:
    ServingPlan.load({str(exported)!r})
    print("loaded")
except FeatureError as error:
    print(error)
""",
        folder,
    )


def in_process(code: str, folder: Path) -> str:
    """What a process of its own prints that finds modules in the folder first, then the project's."""
    environment = {"PYTHONPATH": os.pathsep.join([str(folder), str(Path(skewless.__file__).parent.parent)])}
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, env=environment, cwd=folder, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.stdout.strip()


def refusal(project: Project, *arguments: str) -> str:
    """The one line of a refused export."""
    ran = project.run("export", *arguments, "--json")
    assert (ran.code, ran.out) == (2, "")
    (line,) = ran.problems
    return line


def test_nothing_published_and_an_unknown_version_are_refused(offers: Project, tmp_path: Path) -> None:
    target = str(tmp_path / "serving.json")
    line = refusal(offers, "offers", "--to", target, "--set", "OUT=nothing")
    assert line == "skewless: training set 'offers': nothing is published; build it first"
    line = refusal(offers, "offers", "--version", "7", "--to", target)
    assert line == "skewless: training set 'offers': no version 7 of skewless; there are 0, 1"
    assert "'offer'" in refusal(offers, "offer", "--to", target)
    assert not Path(target).exists()


def test_a_target_that_cannot_be_written_is_refused(offers: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for target in (str(tmp_path), str(tmp_path / "file" / "serving.json"), "nowhere://host/serving.json"):
        line = refusal(offers, "offers", "--to", target)
        assert line.startswith(f"skewless: --to {target}: cannot be written: ")


def test_a_version_of_before_there_were_plans_is_refused(
    offers: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_a_plan(*of: Any) -> Any:
        return {key: value for key, value in published_manifest(*of).items() if key != "serving_plan"}

    monkeypatch.setattr("skewless.runs.published.export.published_manifest", without_a_plan)
    line = refusal(offers, "offers", "--version", "0", "--to", str(tmp_path / "serving.json"))
    assert line == "skewless: training set 'offers': version 0 has no serving plan; build it again"


def test_the_plan_says_what_configuration_says(offers: Project, exported: Path) -> None:
    """Spelt as the tables spell it, although the configuration writes `User` and `V`."""
    document = json.loads(exported.read_text())
    assert "column: V," in CLICKS
    labels = document["label_events"]
    assert labels["entity_keys"] == ["user", "shop"]
    assert labels["columns"]["amount"] == "double"
    prices, clicks = document["feature_tables"]
    told = (
        "join_keys",
        "event_timestamp",
        "available_at",
        "delay",
        "max_age",
        "valid_until",
        "strict",
        "static",
    )
    assert [prices[name] for name in told] == [
        [["shop", "shop"]], "seen_at", "landed_at", "0s", "2h", None, False, False,
    ]  # fmt: skip
    assert prices["types"] == {
        "shop": "bigint", "seen_at": "timestamp", "landed_at": "timestamp", "price": "double",
    }  # fmt: skip
    assert clicks["types"] == {"user": "string", "seen_at": "timestamp", "v": "double"}
    assert [each["name"] for each in clicks["aggregations"]] == ["n_1h", "small", "v_sum", "today"]
    assert document["features"]["modules"] == ["tests.helpers.parity_features"]
    assert document["columns"][:2] == ["prices__price", "clicks__n_1h"]
