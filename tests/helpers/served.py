"""A training set with a log of what was served: logged values are odd ones, so that nothing recomputes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from skewless import FeatureLog
from tests.helpers.project import Project

NOON = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
PRICES = """
    name: prices
    source: ${WAREHOUSE}/prices
    entity_keys: [shop]
    event_timestamp: seen_at
    delay: 0s
    columns: [price, stock]
"""
CLICKS = """
    name: clicks
    source: ${WAREHOUSE}/clicks
    entity_keys: [user]
    event_timestamp: seen_at
    delay: 0s
    columns: []
    aggregations:
      - {name: n_1h, function: count, window: 1h}
      - {name: v_sum, function: sum, column: v, window: 1d}
"""
SERVED = """
    name: NAME
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [user, shop]
      event_timestamp: predict_at
      label_columns: [bought]
    feature_tables: [prices, clicks]
    features: tests.helpers.logged_features
    output: ${WAREHOUSE}/NAME
    log: LOG
"""
LABELS = "user STRING, shop INT, predict_at TIMESTAMP, request_id BIGINT, amount DOUBLE, bought INT"


def training_set(name: str, log: str) -> dict[str, str]:
    """The file of a training set by this name, with this as its `log:`."""
    return {f"training_sets/{name}.yml": SERVED.replace("NAME", name).replace("LOG", log)}


def served_in(root: Path, spark: SparkSession) -> Project:
    """Label events at noon, numbered by `amount`; their tables; and a log, ingested."""
    project = Project(root, spark).conf(
        {"feature_tables/prices.yml": PRICES, "feature_tables/clicks.yml": CLICKS}
    )
    project.table(
        "labels",
        LABELS,
        "('a', 1, '2024-07-01 12:00:00Z', 71, 1.0, 1)",  # by request id, a record 30 s later
        "('a', 2, '2024-07-01 12:00:00Z', NULL, 2.0, 0)",  # by keys and T
        "('b', 1, '2024-07-01 12:00:00Z', 73, 3.0, 0)",  # nothing logged
        "(NULL, 1, '2024-07-01 12:00:00Z', 74, 4.0, 1)",  # null key: by request id
        "('a', 2, NULL, NULL, 5.0, 1)",  # null T: by nothing
        "('c', 2, '2024-07-01 12:00:00Z', 76, 6.0, 1)",  # its request was logged, for another entity
    )
    project.table(
        "prices",
        "shop BIGINT, seen_at TIMESTAMP, price DOUBLE, stock INT",
        "(1, '2024-07-01 11:00:00Z', 3.0, 5)",
        "(2, '2024-07-01 11:00:00Z', 4.0, NULL)",
    )
    project.table(
        "clicks",
        "user STRING, seen_at TIMESTAMP, v DOUBLE",
        "('a', '2024-07-01 11:30:00Z', 1.5)",
        "('a', '2024-07-01 11:40:00Z', 0.25)",
        "('b', '2024-07-01 11:40:00Z', 7.0)",
    )
    with FeatureLog(str(root / "files")) as log:
        write(log, "a", 1, {"prices__price": 100.5, "prices__stock": None, "doubled": 7}, 30, request_id=71)
        write(log, "a", 2, {"prices__price": None, "clicks__n_1h": 40, "Doubled": -0.0, "stranger": "x"})
        write(log, "z", 1, {"prices__price": 104.5, "clicks__v_sum": 0.125}, request_id="74")
        write(log, "x", 2, {"prices__price": 1e9}, request_id=76)
    ran = project.run("ingest-log", str(root / "files"), "--to", str(project.warehouse / "log"))
    assert ran.code == 0, ran.err
    return project


def write(
    log: FeatureLog, user: str, shop: int, features: dict[str, Any], after: float = 0, request_id: Any = None
) -> None:
    """A record whose T is `after` seconds after noon."""
    log.write(
        entity={"user": user, "shop": shop},
        event_timestamp=NOON + timedelta(seconds=after),
        features=features,
        request_id=request_id,
    )
