"""The feature functions, without Spark: plain Python, and the null rule that serving and training share."""

from datetime import datetime, timezone

from features import shop
from skewless import FeatureSet

NOON = datetime(2025, 3, 1, 11, tzinfo=timezone.utc)
"""Noon by the shop's clock."""


def test_night_is_by_the_shops_clock_also_in_summer() -> None:
    assert not shop.is_night(datetime(2025, 1, 15, 5, 0, tzinfo=timezone.utc))
    assert shop.is_night(datetime(2025, 1, 15, 4, 59, tzinfo=timezone.utc))
    assert not shop.is_night(datetime(2025, 7, 15, 4, 0, tzinfo=timezone.utc))


def test_a_share_of_nothing_is_null() -> None:
    assert shop.return_share_180d(1, 4) == 0.25
    assert shop.return_share_180d(0, 0) is None


def test_a_customer_who_is_not_synced_yet_has_null_features_but_is_not_loyal() -> None:
    order = {"event_timestamp": NOON, "amount_eur": 60.0, "item_count": 3}
    customer = {"customers__signed_up_at": None, "customers__loyalty_tier": None}
    clicks = {"clicks__views_24h": 1}
    past = {
        "past_orders__mean_amount_90d": None,
        "past_returns__returned_180d": 0,
        "past_returns__settled_180d": 0,
    }
    assert FeatureSet.from_module("features.shop").compute({**order, **customer, **clicks, **past}) == {
        "is_night": False,
        "price_per_item": 20.0,
        "days_as_customer": None,
        "is_loyal": False,
        "bought_unseen": True,
        "amount_to_usual": None,
        "return_share_180d": None,
    }
