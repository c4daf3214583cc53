"""python jobs/make_data.py DIR: a small shop's customers, orders and clicks as Delta tables under DIR.

Made up, and the same every time; a few thousand rows need no Spark. Delete it once your own tables are there.
"""

import argparse
from datetime import datetime, timedelta, timezone
from random import Random

import pyarrow as pa
from deltalake import write_deltalake

FIRST_DAY = datetime(2025, 1, 1, tzinfo=timezone.utc)
END = FIRST_DAY + timedelta(days=180)
CUSTOMERS = 400
ORDERS = 1_500
RETURN_PERIOD = timedelta(days=30)

INSTANT = pa.timestamp("us", tz="UTC")
SCHEMAS = {
    "customers": {
        "customer_id": pa.int64(),
        "changed_at": INSTANT,
        "synced_at": INSTANT,
        "country": pa.string(),
        "loyalty_tier": pa.string(),
        "newsletter": pa.bool_(),
        "signed_up_at": INSTANT,
    },
    "orders": {
        "order_id": pa.int64(),
        "customer_id": pa.int64(),
        "ordered_at": INSTANT,
        "recorded_at": INSTANT,
        "amount_eur": pa.float64(),
        "item_count": pa.int32(),
        "paid_by": pa.string(),
        "returned": pa.bool_(),
        "outcome_known_at": INSTANT,
    },
    "clicks": {
        "customer_id": pa.int64(),
        "clicked_at": INSTANT,
        "received_at": INSTANT,
        "action": pa.string(),
        "product_id": pa.int64(),
        "device": pa.string(),
    },
}


def sample_rows(seed: int = 7) -> dict[str, list[tuple]]:
    """Table → its rows."""
    chance = Random(seed)
    customers, orders, clicks = [], [], []
    for customer_id in range(1, CUSTOMERS + 1):
        customers += _customer(customer_id, chance)
    for order_id in range(1, ORDERS + 1):
        customer_id = 1 + int(CUSTOMERS * chance.random() ** 2)  # some order far more often than others
        changes = [row[1] for row in customers if row[0] == customer_id]
        ordered_at = _ordered_at(changes, [row[2] for row in orders if row[1] == customer_id], chance)
        viewed = chance.choice([0, 1, 2, 3, 5, 8])
        clicks += [_click(customer_id, ordered_at, chance) for _ in range(viewed)]
        orders.append(_order(order_id, customer_id, ordered_at, viewed, chance))
    return {"customers": customers, "orders": orders, "clicks": clicks}


def _customer(customer_id: int, chance: Random) -> list[tuple]:
    """A row for signing up and one for each change of tier; the sync of the night after brings it."""
    signed_up_at = _between(FIRST_DAY - timedelta(days=400), FIRST_DAY + timedelta(days=150), chance)
    country, newsletter = chance.choice(["DE", "DE", "DE", "AT", "FR"]), chance.random() < 0.4
    changes = {signed_up_at: "basic"}
    for tier in ("silver", "gold")[: chance.randrange(3)]:
        changes[max(changes) + timedelta(days=chance.uniform(20, 200))] = tier
    night = timedelta(days=1, hours=3)
    return [
        (customer_id, at, _midnight(at) + night, country, tier, newsletter, signed_up_at)
        for at, tier in changes.items()
    ]


def _ordered_at(changes: list[datetime], earlier: list[datetime], chance: Random) -> datetime:
    """One in four is placed within hours of another order, of signing up or of a new tier."""
    soon = chance.choice([*changes, *earlier]) + timedelta(minutes=int(chance.uniform(10, 600)))
    if chance.random() < 1 / 4 and FIRST_DAY <= soon < END:
        return soon
    return _between(max(changes[0], FIRST_DAY), END, chance)


def _order(order_id: int, customer_id: int, ordered_at: datetime, viewed: int, chance: Random) -> tuple:
    """One in twelve comes from a marketplace, which reports it days later; one in thirty is cancelled."""
    late = chance.uniform(3600, 172800) if chance.random() < 1 / 12 else chance.uniform(5, 120)
    item_count, paid_by = 1 + int(5 * chance.random() ** 2), chance.choice(["card", "paypal", "invoice"])
    amount = round(item_count * chance.uniform(10, 90), 2)
    likely = 0.08 + 0.3 * (customer_id % 5 == 0) + 0.15 * (viewed < 2) + 0.12 * (paid_by == "invoice")
    returned = None if chance.random() < 1 / 30 else chance.random() < likely
    known = timedelta(days=chance.uniform(3, 28)) if returned else RETURN_PERIOD
    recorded_at = ordered_at + timedelta(seconds=int(late))
    return (
        order_id,
        customer_id,
        ordered_at,
        recorded_at,
        amount,
        item_count,
        paid_by,
        returned,
        ordered_at + known,
    )


def _click(customer_id: int, ordered_at: datetime, chance: Random) -> tuple:
    """In the day before an order, mostly; one in six of the app's waits for a network, for up to twelve hours."""
    clicked_at = ordered_at - timedelta(seconds=int(chance.expovariate(1 / 20_000)) + 30)
    device, action = chance.choice(["web", "app"]), chance.choice(["view", "view", "view", "add_to_cart"])
    is_offline = device == "app" and chance.random() < 1 / 6
    late = timedelta(seconds=int(chance.uniform(600, 43_200) if is_offline else chance.uniform(0, 20)))
    return customer_id, clicked_at, clicked_at + late, action, chance.randrange(1, 200), device


def _between(start: datetime, end: datetime, chance: Random) -> datetime:
    return start + timedelta(seconds=int(chance.random() * (end - start).total_seconds()))


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def main(warehouse: str) -> None:
    for name, rows in sample_rows().items():
        schema = pa.schema(SCHEMAS[name])
        columns = [
            pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)
        ]
        write_deltalake(f"{warehouse}/{name}", pa.table(columns, schema=schema), mode="overwrite")
        print(f"{name:<10}{len(rows):>6,} rows")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Write a small shop's customers, orders and clicks as Delta tables."
    )
    parser.add_argument("warehouse", metavar="DIR", help="where the tables go")
    main(parser.parse_args().warehouse)
