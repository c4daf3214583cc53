"""One order's features where it is placed: `make serve`. Nothing here needs Spark, only `pip install skewless`."""

from datetime import datetime, timedelta, timezone

from skewless import ServingPlan

plan = ServingPlan.load("build/order_returns.zip")  # the plan of the published version, and its feature code
print(plan.needs(), end="\n\n")  # what to fetch from your stores for a prediction

now = datetime.now(timezone.utc)
ago = {days: now - timedelta(days=days) for days in (1, 40, 200)}
order = {"order_id": 1501, "customer_id": 7, "amount_eur": 89.9, "item_count": 2}
customer = {"country": "DE", "loyalty_tier": "silver", "newsletter": True, "signed_up_at": ago[200]}
click = {"clicked_at": ago[1], "received_at": ago[1], "action": "view", "product_id": 12, "device": "app"}
past = {"ordered_at": ago[40], "recorded_at": ago[40], "amount_eur": 45.0, "paid_by": "card"}
settled = {"ordered_at": ago[40], "outcome_known_at": ago[1], "returned": True}

features = plan.compute(
    order,
    rows={
        "customers": {**customer, "changed_at": ago[40], "synced_at": ago[40]},
        "clicks": click,
        "past_orders": past,
    },
    events={"clicks": [click], "past_orders": [past], "past_returns": [settled]},
    at=now,
)
for name, value in features.items():
    print(f"{name:<32} {value}")
