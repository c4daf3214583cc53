"""Training from the log, end to end: logged values as they were logged, the rest recomputed or null, all counted."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless import build_frame
from tests.helpers.project import Project
from tests.helpers.served import training_set

COMPUTED = (
    "prices__price",
    "prices__stock",
    "clicks__n_1h",
    "clicks__v_sum",
    "doubled",
    "quadrupled",
    "share",
)


@dataclass(frozen=True)
class Built:
    """A build's summary, its JSON object and its report."""

    summary: str
    document: dict[str, Any]
    report: str


def built(project: Project, name: str, log: str) -> Built:
    project.conf(training_set(name, log))
    result, report = project.root / f"{name}.json", project.root / f"{name}.html"
    ran = project.run("build", name, "--result", str(result), "--report", str(report))
    assert ran.code == 0, ran.err
    return Built(ran.out, json.loads(result.read_text()), report.read_text())


@pytest.fixture(scope="module")
def backfilled(served: Project) -> Built:
    return built(served, "backfilled", "${WAREHOUSE}/log")


@pytest.fixture(scope="module")
def left_null(served: Project) -> Built:
    return built(served, "left_null", "{source: '${WAREHOUSE}/log', missing: null, tolerance: 30s}")


def values(project: Project, table: str, *columns: str) -> dict[float, tuple[Any, ...]]:
    return {row["amount"]: tuple(row[name] for name in columns) for row in project.rows(table)}


def test_logged_values_stand_beside_recomputed_ones(backfilled: Built, served: Project) -> None:
    """A function that is recomputed takes recomputed inputs, however they were logged: 12.0 is 4 times 3.0."""
    assert values(served, "backfilled", *COMPUTED) == {
        1.0: (100.5, None, 2, 1.75, 7.0, 12.0, 0.5),
        2.0: (None, None, 40, 1.75, -0.0, 16.0, 1.0),
        3.0: (3.0, 5, 1, 7.0, 6.0, 12.0, 3.0),
        4.0: (104.5, 5, None, 0.125, 6.0, 12.0, None),
        5.0: (None, None, None, None, None, None, None),
        6.0: (4.0, None, 0, None, 8.0, 16.0, None),
    }
    zero = values(served, "backfilled", "doubled")[2.0][0]
    assert math.copysign(1.0, zero) == -1.0


def test_a_column_says_which_is_which_also_of_logged_nulls(backfilled: Built, served: Project) -> None:
    assert values(served, "backfilled", "logged_features") == {
        1.0: (["prices__price", "prices__stock", "doubled"],),
        2.0: (["prices__price", "clicks__n_1h", "doubled"],),
        3.0: ([],),
        4.0: (["prices__price", "clicks__v_sum"],),
        5.0: ([],),
        6.0: ([],),
    }
    assert backfilled.document["columns"][-2:] == ["logged_features", "event_date"]


def test_what_is_missing_stays_null_where_that_is_declared(left_null: Built, served: Project) -> None:
    """Nothing was ever logged of quadrupled and share, so that they are computed, of inputs that are too."""
    assert values(served, "left_null", *COMPUTED) == {
        1.0: (100.5, None, None, None, 7.0, 12.0, 0.5),
        2.0: (None, None, 40, None, -0.0, 16.0, 1.0),
        3.0: (None, None, None, None, None, 12.0, 3.0),
        4.0: (104.5, None, None, 0.125, None, 12.0, None),
        5.0: (None, None, None, None, None, None, None),
        6.0: (None, None, None, None, None, 16.0, None),
    }


def test_everything_is_counted_and_the_logs_version_pinned(backfilled: Built, served: Project) -> None:
    log = backfilled.document["log"]
    counts = {
        name: (use["logged"], use["recomputed"], use["missing"]) for name, use in log["features"].items()
    }
    assert counts == {
        "prices__price": (3, 3, 0),
        "prices__stock": (1, 5, 0),
        "clicks__n_1h": (1, 5, 0),
        "clicks__v_sum": (1, 5, 0),
        "doubled": (2, 4, 0),
    }
    assert (log["by_request_id"], log["by_keys"], log["unmatched"]) == (2, 1, 3)
    assert (log["other_keys"], log["ahead"], log["furthest"]) == (1, 1, 30_000_000)
    manifest = served.run("show", "backfilled", "--version", "0", "--json").document
    version = len(served.commits("log")) - 1
    assert manifest["inputs"]["log"] == {"location": str(served.warehouse / "log"), "version": version}
    assert manifest["log"] == log


def test_null_is_counted_as_missing_and_not_as_recomputed(left_null: Built) -> None:
    use = left_null.document["log"]["features"]["prices__price"]
    assert (use["logged"], use["recomputed"], use["missing"]) == (3, 0, 3)


def test_what_is_recomputed_is_audited_and_what_is_logged_is_not(backfilled: Built, left_null: Built) -> None:
    for each in (backfilled, left_null):
        assert each.document["parity"] == {"rows": 6, "mismatches": 0}


def test_summary_and_report_say_how_values_came_about(backfilled: Built) -> None:
    for told in (
        "label events matched 2 by request id, 1 by keys and T, 3 not at all",
        "log: of 1 label events the request id was logged, but with other keys only",
        "log: 1 label events take a record of a later T, by 30.000000 s at most",
    ):
        assert told in backfilled.report, told
        assert told in backfilled.summary, told
    assert "1 logged, 5 recomputed: prices__stock, clicks__n_1h, clicks__v_sum" in backfilled.summary


def test_a_frame_has_the_rows_of_the_build(backfilled: Built, served: Project, spark: SparkSession) -> None:
    frame = build_frame(
        spark, "backfilled", conf_dir=str(served.root / "conf"), settings={"WAREHOUSE": str(served.warehouse)}
    )
    columns = ("amount", *COMPUTED, "logged_features")
    rows = {row["amount"]: row for row in frame.select(*columns).toArrow().to_pylist()}
    assert {key: tuple(row[name] for name in columns[1:]) for key, row in rows.items()} == values(
        served, "backfilled", *columns[1:]
    )


def test_the_whole_serving_plan_is_exported(left_null: Built, served: Project) -> None:
    target = served.root / "serving.json"
    assert served.run("export", "left_null", "--to", str(target)).code == 0
    assert json.loads(target.read_text())["columns"] == list(COMPUTED)


def test_reconcile_holds_logged_values_against_recomputed_ones_all_the_same(served: Project) -> None:
    served.conf(training_set("compared", "nowhere/log"))
    ran = served.run("reconcile", "compared", "--log", str(served.warehouse / "log"), "--json")
    assert ran.code == 4, ran.err
    assert ran.document["features"]["prices__price"]["mismatched"] == 4


def test_a_range_takes_what_was_logged_of_its_label_events(served: Project) -> None:
    files = training_set("day", "{source: '${WAREHOUSE}/log', features: [Prices__Price]}")
    served.conf({path: f"{dedent(text)}parity_sample: 0\n" for path, text in files.items()})
    assert served.run("build", "day", "--date", "2024-07-01").code == 0
    assert values(served, "day", "prices__price", "clicks__n_1h")[1.0] == (100.5, 2)


@pytest.mark.parametrize(
    ("log", "problem"),
    [
        (
            "{source: '${WAREHOUSE}/log', features: [prices__prise]}",
            "features: 'prices__prise' is no result column; did you mean 'prices__price'?",
        ),
        (
            "{source: '${WAREHOUSE}/log', request_id: requestid}",
            "request_id: no column 'requestid' of the label events",
        ),
        (
            "{source: '${WAREHOUSE}/log', request_id: amount}",
            "request_id: column 'amount' is double; ids match as text",
        ),
        ("{source: '${WAREHOUSE}/log', features: [share]}", "nothing in it is a result column"),
        ("platfrom", "log 'platfrom' is no table that ingest-log made and no name of conf/logs"),
        ("${WAREHOUSE}/labels", "is no table that ingest-log made"),
    ],
)
def test_bad_input_is_one_line(served: Project, log: str, problem: str) -> None:
    ran = served.conf(training_set("wrong", log)).run("build", "wrong")
    assert (ran.code, len(ran.problems)) == (2, 1), ran.err
    assert problem in ran.problems[0]
