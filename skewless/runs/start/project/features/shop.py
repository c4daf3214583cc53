"""What is known at the moment of an order → features. Training and serving both run these functions.

A parameter is an input: a joined column (`<table>__<column>`), a column of the order, another feature, or
`event_timestamp`, which is T, in UTC. Where an input is null the function is not called and the feature is null,
unless the parameter says `| None`. A public function is a feature; helpers begin with an underscore.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

SHOP_ZONE = ZoneInfo("Europe/Berlin")


def is_night(event_timestamp: datetime) -> bool:
    """Whether the order is placed between 22 and 6 o'clock, by the shop's clock."""
    return not 6 <= event_timestamp.astimezone(SHOP_ZONE).hour < 22


def price_per_item(amount_eur: float, item_count: int) -> float:
    """Euros an item of this order."""
    return amount_eur / item_count


def days_as_customer(event_timestamp: datetime, customers__signed_up_at: datetime) -> float:
    """Days from signing up to this order."""
    return (event_timestamp - customers__signed_up_at).total_seconds() / 86400


def is_loyal(customers__loyalty_tier: str | None) -> bool:
    """Whether the customer is silver or gold; one who is not synced yet is not."""
    return customers__loyalty_tier in ("silver", "gold")


def bought_unseen(clicks__views_24h: int) -> bool:
    """Whether the customer looked at fewer than two products in the 24 hours before ordering."""
    return clicks__views_24h < 2


def amount_to_usual(amount_eur: float, past_orders__mean_amount_90d: float) -> float | None:
    """This order's amount over the customer's mean of 90 days; null for a mean of zero, and for the first order."""
    return amount_eur / past_orders__mean_amount_90d if past_orders__mean_amount_90d else None


def return_share_180d(past_returns__returned_180d: int, past_returns__settled_180d: int) -> float | None:
    """Share of the customer's settled orders of 180 days that was sent back; null where none is settled."""
    return past_returns__returned_180d / past_returns__settled_180d if past_returns__settled_180d else None
