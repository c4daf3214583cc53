"""A training set whose rows lie on boundaries, so that hardly a rule can be broken without a difference."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from tests.helpers.project import Project

PRICES = """
    name: prices
    source: ${WAREHOUSE}/prices
    entity_keys: [shop]
    event_timestamp: seen_at
    available_at: landed_at
    max_age: 1h
    columns: [price]
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
      - {name: small, function: count, window: 1d, where: "V < 5"}
      - {name: v_sum, function: sum, column: V, window: 1d}
      - name: today
        function: count
        window: {calendar: day, length: 1, timezone: America/New_York}
"""
OFFERS = """
    name: offers
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [User, shop]
      event_timestamp: predict_at
      label_columns: [bought]
    feature_tables: [prices, clicks]
    features: ${FEATURES:-tests.helpers.parity_features}
    output: ${WAREHOUSE}/${OUT:-offers}
"""


def offers_in(root: Path, spark: SparkSession) -> Project:
    """Label events at noon in summer, 08:00 in New York, and what was known then; nothing is built yet.

    Those of user z keep what lies beyond noon's windows from being pruned before it is read.
    """
    project = Project(root, spark).conf(
        {
            "feature_tables/prices.yml": PRICES,
            "feature_tables/clicks.yml": CLICKS,
            "training_sets/offers.yml": OFFERS,
        }
    )
    project.table(
        "labels",
        "user STRING, shop INT, predict_at TIMESTAMP, amount DOUBLE, bought INT",
        "('a', 1, '2024-07-01 12:00:00Z', 10.0, 1)",
        "('a', 1, '2024-07-01 12:00:00Z', 10.0, 0)",
        "('b', 2, '2024-07-01 12:00:00Z', 7.7, 0)",
        "('b', 12, '2024-07-01 12:00:00Z', -0.0D, 1)",
        "('c', 3, '2024-07-01 12:00:00Z', NULL, 0)",
        "(NULL, 2, '2024-07-01 12:00:00Z', 1.0, 0)",
        "('a', 2, NULL, 1.0, 1)",
        "('z', 0, '2024-06-01 00:00:00Z', 1.0, 0)",
        "('z', 0, '2024-08-01 00:00:00Z', 1.0, 0)",
    )
    project.table(
        "prices",
        "shop BIGINT, seen_at TIMESTAMP, landed_at TIMESTAMP, price DOUBLE",
        "(1, '2024-07-01 11:30:00Z', '2024-07-01 11:30:00Z', 3.0)",
        "(1, '2024-07-01 11:50:00Z', '2024-07-01 12:00:00.000001Z', 2.5)",  # late
        "(2, '2024-07-01 11:40:00Z', '2024-07-01 11:40:00Z', 5.0)",
        "(2, '2024-07-01 12:00:00Z', '2024-07-01 12:00:00Z', 4.0)",  # at T itself
        "(12, '2024-07-01 11:00:00Z', '2024-07-01 11:00:00Z', 6.0)",  # exactly max_age, and tied
        "(12, '2024-07-01 11:00:00Z', '2024-07-01 11:00:00Z', 1.0)",
        "(3, '2024-07-01 10:59:59.999999Z', '2024-07-01 11:00:00Z', 7.0)",  # stale
    )
    return project.table(
        "clicks",
        "user STRING, seen_at TIMESTAMP, v DOUBLE",
        "('a', '2024-07-01 12:00:00Z', 4.0)",  # where the window ends
        "('a', '2024-07-01 11:00:00Z', 9.0)",  # where it begins
        "('a', '2024-07-01 03:59:59.999999Z', 1.1)",  # yesterday in New York, today in UTC
        "('b', '2024-07-01 11:30:00Z', NULL)",
        "('A', '2024-07-01 11:30:00Z', 2.0)",  # another user
        "('b', '2024-07-01 11:30:00Z', 0.25)",
    )
