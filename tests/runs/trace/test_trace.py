"""`skewless trace`: the values of a trace are those of the build, and each row not used says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.helpers.browser import opened
from tests.helpers.offers import offers_in
from tests.helpers.project import Project, Ran

TRACED = """
    name: traced
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [user, shop]
      event_timestamp: predict_at
      label_columns: [bought]
      where: amount IS NOT NULL OR shop = 3
    feature_tables: [prices, clicks, contracts, shops]
    features: tests.helpers.parity_features
    output: ${WAREHOUSE}/traced
    parity_sample: 0
"""
CONTRACTS = """
    name: contracts
    source: ${WAREHOUSE}/contracts
    entity_keys: [user]
    event_timestamp: signed_at
    valid_until: ends_at
    strict: true
    delay: 10m
"""
SHOPS = "{name: shops, source: '${WAREHOUSE}/shops', entity_keys: [shop], static: true}"


@pytest.fixture(scope="module")
def offers(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = offers_in(tmp_path_factory.mktemp("traced"), spark)
    tables = {"feature_tables/contracts.yml": CONTRACTS, "feature_tables/shops.yml": SHOPS}
    project.conf({"training_sets/traced.yml": TRACED, **tables})
    project.table(
        "contracts",
        "user STRING, signed_at TIMESTAMP, ends_at TIMESTAMP, rate INT",
        "('a', '2024-06-01 00:00:00Z', NULL, 1)",
        "('a', '2024-07-01 11:00:00Z', '2024-07-01 12:00:00Z', 2)",  # over at T itself
        "('b', '2024-07-01 11:50:00Z', NULL, 3)",  # available at T itself, and the table is strict
        "('c', '2024-07-01 11:00:00Z', '2024-07-01 12:00:00.000001Z', 4)",
        "('z', '2024-07-20 00:00:00Z', NULL, 5)",
    )
    return project.table("shops", "shop BIGINT, town STRING", "(1, 'x')", "(1, 'y')", "(2, 'z')")


@pytest.fixture(scope="module")
def ran(offers: Project) -> Ran:
    ran = offers.run("trace", "traced", "--where", "true", "--limit", "100", "--json")
    assert ran.code == 0, ran.err
    return ran


def of(ran: Ran, user: str | None, shop: int, table: str) -> dict[str, Any]:
    """What is told of a table for the first label event of these keys."""
    for event in ran.document["label_events"]:
        label = event["label_event"]
        if (label["user"], label["shop"]) == (user, shop) and event["event_timestamp"]:
            found = event["feature_tables"][table]
            assert isinstance(found, dict)
            return found
    raise AssertionError(f"no label event of {user} and {shop}")


def whys(told: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(each["why"], *each.get("values", {}).values()) for each in told["not_used"]]


def test_every_value_is_that_of_the_build(offers: Project, ran: Ran) -> None:
    offers.built("traced")
    names = {"discount", "price_or_zero", "hour_in_utc"}
    built = [
        sorted((name, value) for name, value in row.items() if "__" in name or name in names)
        for row in offers.rows("traced")
    ]
    traced = [
        sorted(
            [
                *(
                    item
                    for table in event["feature_tables"].values()
                    for item in [
                        *table["values"].items(),
                        *((name, told["value"]) for name, told in table["aggregations"].items()),
                    ]
                ),
                *((name, told["value"]) for name, told in event["features"].items()),
            ]
        )
        for event in ran.document["label_events"]
    ]
    assert len(traced) == 9
    assert sorted(map(str, traced)) == sorted(map(str, built))


def test_the_row_used_has_its_times_and_its_age(ran: Ran) -> None:
    prices = of(ran, "a", 1, "prices")
    assert prices["values"] == {"prices__price": 3.0}
    assert prices["row"] == {
        "event_timestamp": "2024-07-01T11:30:00Z",
        "available": "2024-07-01T11:30:00Z",
        "age": "30m",
        "age_seconds": 1800.0,
    }


def test_rows_not_used_say_why(ran: Ran) -> None:
    assert whys(of(ran, "a", 1, "prices")) == [("late", 2.5)]
    assert whys(of(ran, "b", 2, "prices")) == [("older", 5.0)]
    assert whys(of(ran, "b", 12, "prices")) == [("tie lost", 1.0)]
    assert whys(of(ran, "c", 3, "prices")) == [("stale", 7.0)]
    assert whys(of(ran, "a", 1, "contracts")) == [("ended", 2), ("older", 1)]
    assert whys(of(ran, "b", 2, "contracts")) == [("late", 3)]
    assert whys(of(ran, "a", 1, "shops")) == [("tie lost", "x")]
    assert of(ran, "a", 1, "contracts")["row"] is None
    assert of(ran, "c", 3, "contracts")["values"] == {"contracts__rate": 4}


def test_a_row_long_after_t_is_told_although_no_build_reads_it(ran: Ran) -> None:
    june, august = (each for each in ran.document["label_events"] if each["label_event"]["user"] == "z")
    assert whys(june["feature_tables"]["contracts"]) == [("future", 5)]
    assert august["feature_tables"]["contracts"]["values"] == {"contracts__rate": 5}


def test_a_window_says_how_many_events_it_holds_and_which_it_does_not(ran: Ran) -> None:
    clicks = of(ran, "a", 1, "clicks")["aggregations"]
    last_hour, today = clicks["clicks__n_1h"], clicks["clicks__today"]
    assert (last_hour["value"], last_hour["events"]) == (1, 1)
    assert [each["event_timestamp"] for each in last_hour["newest"]] == ["2024-07-01T11:00:00Z"]
    assert whys(last_hour) == [("future",), ("before",)]
    assert last_hour["not_used"][0]["detail"] == "happened at T itself"
    assert (today["start"], today["end"]) == ("2024-07-01T04:00:00Z", "2024-07-01T12:00:00Z")
    small, total = (
        of(ran, "b", 2, "clicks")["aggregations"][f"clicks__{name}"] for name in ("small", "v_sum")
    )
    assert whys(small) == [("where",)]
    assert whys(total) == [("null",)]


def test_a_feature_function_has_its_inputs_and_what_it_makes_of_them(ran: Ran) -> None:
    first, *_ = (each for each in ran.document["label_events"] if each["label_event"]["user"] == "a")
    assert first["features"] == {
        "discount": {"inputs": {"amount": 10.0, "prices__price": 3.0}, "value": 10.0 * 0.1 / 3.0},
        "price_or_zero": {"inputs": {"prices__price": 3.0}, "value": 3.0},
        "hour_in_utc": {"inputs": {"event_timestamp": "2024-07-01T12:00:00+00:00"}, "value": 12},
    }
    assert "amount" not in first["label_event"]  # which names the label event, and is not all of it


def test_a_function_whose_input_is_null_follows_its_own_rule(ran: Ran) -> None:
    (timeless,) = [each for each in ran.document["label_events"] if each["event_timestamp"] is None]
    assert {name: each["value"] for name, each in timeless["features"].items()} == {
        "discount": None,
        "price_or_zero": 0.0,
        "hour_in_utc": None,
    }


def test_where_takes_any_published_column_once_there_are_some(offers: Project) -> None:
    offers.conf({"training_sets/found.yml": TRACED.replace("traced", "found")})
    before = offers.run("trace", "found", "--where", "prices__price = 3")
    assert before.problems == [
        "skewless: --where 'prices__price = 3': label events have no column 'prices__price', it has amount, bought, "
        "predict_at, shop, user; nothing is published yet, whose columns could be named too"
    ]
    offers.built("found")
    where = "prices__price = 3 AND DISCOUNT < 1 AND clicks__n_1h = 1 AND event_date = DATE '2024-07-01' AND bought = 1"
    ran = offers.run("trace", "found", "--where", where, "--json")
    assert ran.code == 0, ran.err
    (event,) = ran.document["label_events"]
    assert (event["label_event"]["user"], event["label_event"]["bought"]) == ("a", 1)
    assert (ran.document["found_in"], ran.document["more"]) == (0, False)
    wrong = offers.run("trace", "found", "--where", "prices__prise = 3")
    assert (wrong.code, wrong.problems) == (
        2,
        [
            "skewless: --where 'prices__prise = 3': version 0 has no column 'prices__prise'; did you mean "
            "'prices__price'?"
        ],
    )


def test_a_null_key_or_t_sees_nothing(ran: Ran) -> None:
    assert of(ran, None, 2, "clicks")["note"] == "a null key sees nothing"
    assert of(ran, None, 2, "prices")["values"] == {"prices__price": 4.0}
    (timeless,) = [each for each in ran.document["label_events"] if each["event_timestamp"] is None]
    assert {each["note"] for each in timeless["feature_tables"].values()} == {"a null T sees nothing"}


def test_the_summary_is_a_table_and_the_report_a_page_with_a_timeline(
    offers: Project, tmp_path: Path
) -> None:
    report = tmp_path / "trace.html"
    ran = offers.run("trace", "traced", "--where", "user = 'a'", "--limit", "1", "--report", str(report))
    assert ran.code == 0, ran.err
    assert ran.out.startswith("traced: 1 label event, the first by T; more match, see --limit\n")
    (late,) = [line.split() for line in ran.out.splitlines() if " late " in line]
    told = "late available 1µs after T 2024-07-01T11:50:00Z 2024-07-01T12:00:00.000001Z 10m price = 2.5"
    assert late == told.split()
    page = report.read_text()
    assert "not used: available 1µs after T" in page
    assert opened(page, tmp_path)[1] == []


def test_label_events_that_match_and_are_left_out_are_counted(offers: Project) -> None:
    offers.conf({"training_sets/fewer.yml": TRACED.replace("traced", "fewer").replace("OR shop = 3", "")})
    ran = offers.run("trace", "fewer", "--where", "shop = 3")
    assert ran.code == 2
    assert ran.problems == [
        "skewless: training set 'fewer': no label event for which shop = 3; rows of the source that match, and are "
        "left out: 1 not where labels.where is true"
    ]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("shop =", "[PARSE_SYNTAX_ERROR]"),
        ("shop", "is int, not a condition"),
        ("count(*) > 1", "count reads other rows; a predicate reads the columns of its own row alone"),
        ("java_method('java.lang.System', 'exit', 3) = ''", "java_method runs code outside of Spark; "),
        ("shop IN (SELECT 1)", "IN (SELECT …) reads other rows; "),
        (
            "shop = 'x'",
            '[CAST_INVALID_INPUT] The value \'x\' of the type "STRING" cannot be cast to "BIGINT"',
        ),
        (
            "CAST(user AS INT) > 1",
            "[CAST_INVALID_INPUT] The value 'a' of the type \"STRING\" cannot be cast to",
        ),
    ],
)
def test_a_predicate_that_no_row_decides_or_that_fails_on_one_is_one_line(
    offers: Project, where: str, said: str
) -> None:
    ran = offers.run("trace", "traced", "--where", where)
    assert ran.code == 2
    (line,) = ran.problems
    assert line.startswith(f"skewless: --where {where!r}: {said}")


@pytest.mark.parametrize(
    "arguments", [[], ["--where", "true", "--limit", "0"], ["--where", "true", "--limit", "x"]]
)
def test_bad_usage_is_refused(project: Project, arguments: list[str]) -> None:
    ran = project.run("trace", "traced", *arguments)
    assert ran.code == 2
    assert len(ran.problems) == 1
