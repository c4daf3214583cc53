"""Training from the log: what is not computed, what is audited all the same, and logs that another system wrote."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless import build_frame
from skewless.training_set import rows as pipeline
from tests.helpers.project import Project
from tests.helpers.served import training_set

PLATFORM = """
    name: platform
    source: ${WAREHOUSE}/inference
    entity: {USER: who, shop: shop}
    event_timestamp: at
    features: {prices__price: price, prices__stock: stock, clicks__v_sum: v}
    request_id: id
"""
LISTED = "features: [prices__price, prices__stock, clicks__n_1h, clicks__v_sum]"


def rows_of(frame: DataFrame, *columns: str) -> dict[float, tuple[Any, ...]]:
    rows = frame.select("amount", *columns).toArrow().to_pylist()
    return {row["amount"]: tuple(row[name] for name in columns) for row in rows}


def frame_of(project: Project, name: str) -> DataFrame:
    assert project.spark is not None
    settings = {"WAREHOUSE": str(project.warehouse)}
    return build_frame(project.spark, name, conf_dir=str(project.root / "conf"), settings=settings)


def without_functions(name: str, log: str) -> dict[str, str]:
    return {
        path: text.replace("    features: tests.helpers.logged_features\n", "")
        for path, text in training_set(name, log).items()
    }


def test_tables_of_which_all_comes_from_the_log_or_is_null_are_not_read(served: Project) -> None:
    served.conf(
        without_functions("only_logged", f"{{source: '${{WAREHOUSE}}/log', missing: null, {LISTED}}}")
    )
    ran = served.run("build", "only_logged", "--json")
    assert ran.code == 0, ran.err
    assert (ran.document["feature_tables"], ran.document["parity"]) == ({}, None)
    files = frame_of(served, "only_logged").inputFiles()
    assert {name for name in ("labels", "log", "prices", "clicks") for file in files if f"/{name}/" in file} == {
        "labels", "log",
    }  # fmt: skip
    stood = {
        row["amount"]: (row["prices__price"], row["logged_features"]) for row in served.rows("only_logged")
    }
    assert stood[1.0] == (100.5, ["prices__price", "prices__stock"])
    assert stood[3.0] == (None, [])


def test_a_table_of_which_something_is_computed_is_read_and_audited(served: Project) -> None:
    """Of clicks nothing was listed; of prices everything, so that serving is not asked about it."""
    prices = "features: [prices__price, prices__stock]"
    served.conf(
        without_functions("half_logged", f"{{source: '${{WAREHOUSE}}/log', missing: null, {prices}}}")
    )
    ran = served.run("build", "half_logged", "--json")
    assert ran.code == 0, ran.err
    assert list(ran.document["feature_tables"]) == ["clicks"]
    assert ran.document["parity"] == {"rows": 6, "mismatches": 0}


@pytest.mark.parametrize("missing", ["recompute", "null"])
def test_a_recomputed_value_that_serving_does_not_make_is_refused(
    served: Project, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    right = pipeline.compute_features

    def wrong(*of: Any) -> DataFrame:
        changed = F.col("features").withField("quadrupled", F.lit(1.0))
        return right(*of).withColumn("features", changed)

    monkeypatch.setattr(pipeline, "compute_features", wrong)
    served.conf(training_set(f"broken_{missing}", f"{{source: '${{WAREHOUSE}}/log', missing: {missing}}}"))
    ran = served.run("build", f"broken_{missing}")
    assert ran.code == 3, ran.err
    assert "quadrupled: published 1.0, serving 12.0" in ran.out


@pytest.fixture(scope="module")
def mapped(served: Project, spark: SparkSession) -> Project:
    served.conf({"logs/platform.yml": PLATFORM})
    return served.table(
        "inference",
        "who STRING, shop BIGINT, at TIMESTAMP, price FLOAT, stock BIGINT, v DOUBLE, id STRING",
        "('a', 2, '2024-07-01 12:00:05Z', 0.1, 3, -0.0D, NULL)",
        "('a', 2, '2024-07-01 12:00:05Z', 0.1, 3, -0.0D, NULL)",
        "('a', 2, '2024-07-01 12:00:05.000001Z', 9.0, 9, 9.0, NULL)",
        "('b', 1, NULL, NULL, 2147483648, double('NaN'), '73')",
    )


def test_a_mapped_log_has_all_of_its_features_in_every_record(mapped: Project) -> None:
    """Equal records are two; the price was a float, which a double holds; a stock beyond 32 bits does not fit."""
    mapped.conf(training_set("mapped", "{source: platform, tolerance: 5s}"))
    ran = mapped.run("build", "mapped", "--json")
    assert ran.code == 0, ran.err
    stood = {row["amount"]: row for row in mapped.rows("mapped")}
    columns = ("prices__price", "prices__stock", "clicks__v_sum", "logged_features")
    assert [stood[2.0][name] for name in columns[:2]] == [0.10000000149011612, 3]
    assert str(stood[2.0]["clicks__v_sum"]) == "-0.0"
    assert stood[3.0]["prices__price"] is None
    assert stood[3.0]["prices__stock"] == 5
    assert str(stood[3.0]["clicks__v_sum"]) == "nan"
    assert stood[3.0]["logged_features"] == ["prices__price", "clicks__v_sum"]
    log = ran.document["log"]
    assert (log["by_request_id"], log["by_keys"], log["ambiguous"], log["ahead"]) == (1, 1, 1, 1)
    assert log["features"]["prices__stock"]["unfit"] == 1
    manifest = mapped.run("show", "mapped", "--version", "0", "--json").document
    assert manifest["inputs"]["log"]["location"] == str(mapped.warehouse / "inference")
    assert manifest["spec"]["log"]["name"] == "platform"
    assert rows_of(frame_of(mapped, "mapped"), *columns[:2], columns[3]) == {
        amount: (row["prices__price"], row["prices__stock"], row["logged_features"])
        for amount, row in stood.items()
    }


def test_types_of_which_no_value_fits_are_bad_input(mapped: Project) -> None:
    mapped.conf(
        {"logs/texts.yml": PLATFORM.replace("platform", "texts").replace("price: price", "price: who")}
    )
    ran = mapped.conf(training_set("texts", "texts")).run("build", "texts")
    assert (ran.code, ran.problems) == (2, [
        "skewless: log 'texts': feature 'prices__price' is string, but column 'prices__price' is double, and no such "
        "value fits; leave it out of features"
    ])  # fmt: skip


def test_keys_of_other_types_are_bad_input(mapped: Project) -> None:
    mapped.conf({"logs/keys.yml": PLATFORM.replace("platform", "keys").replace("shop: shop", "shop: who")})
    ran = mapped.conf(training_set("keys", "keys")).run("build", "keys")
    assert (ran.code, ran.problems) == (2, [
        "skewless: log 'keys': entity key 'shop' is string, but label column 'shop' is int; cast one of them"
    ])  # fmt: skip


def test_a_log_without_the_keys_needs_request_ids(mapped: Project) -> None:
    mapped.conf({"logs/keyless.yml": PLATFORM.replace("platform", "keyless").replace(", shop: shop", "")})
    files = training_set("keyless", "keyless")
    text = files["training_sets/keyless.yml"]
    mapped.conf(
        {"training_sets/keyless.yml": text.replace("label_columns: [bought]", "label_columns: [bought]")}
    )
    without = "query: SELECT user, shop, predict_at, amount, bought FROM l\n      sources: {l: '${WAREHOUSE}/labels'}"
    mapped.conf({"training_sets/keyless.yml": text.replace("source: ${WAREHOUSE}/labels", without)})
    ran = mapped.run("build", "keyless")
    assert (ran.code, len(ran.problems)) == (2, 1)
    assert "log 'keyless': no entity key 'shop'" in ran.problems[0]
    assert "without request ids label events match by keys and T" in ran.problems[0]
