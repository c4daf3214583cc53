"""What is joined to an order, by the real conf/feature_tables/clicks.yml over three clicks of this test."""

from datetime import datetime, timezone
from pathlib import Path

from pyspark.sql import SparkSession

from skewless import build_frame

PROJECT = Path(__file__).parents[1]
CLICKS = (
    "customer_id BIGINT, clicked_at TIMESTAMP, received_at TIMESTAMP, action STRING, "
    "product_id BIGINT, device STRING"
)
ORDERS = {
    "name": "orders_and_clicks",
    "labels": {
        "entity_keys": ["customer_id"],
        "event_timestamp": "ordered_at",
        "label_columns": ["returned"],
    },
    "feature_tables": ["clicks"],
}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 3, 1, hour, minute, tzinfo=timezone.utc)


def test_a_click_that_is_received_after_the_order_is_not_seen(spark: SparkSession, tmp_path: Path) -> None:
    clicks = [
        (7, at(9), at(9), "view", 1, "web"),
        (7, at(10), at(10), "view", 2, "web"),
        (7, at(11), at(13), "view", 3, "app"),  # before the order, and sent an hour after it
    ]
    spark.createDataFrame(clicks, CLICKS).write.format("delta").save(f"{tmp_path}/clicks")
    orders = spark.createDataFrame(
        [(7, at(12), True), (7, at(14), False)], "customer_id BIGINT, ordered_at TIMESTAMP, returned BOOLEAN"
    )
    frame = build_frame(
        spark, ORDERS, labels=orders, conf_dir=PROJECT / "conf", settings={"WAREHOUSE": str(tmp_path)}
    )
    seen = {row.returned: (row.clicks__device, row.clicks__views_24h) for row in frame.collect()}
    assert seen == {True: ("web", 2), False: ("app", 3)}
