"""A request served from an online store: fetch and compute, a window of many events, and the bytes of a key.

Four tables of five columns each, a row of times and features a key; one more with a window of events. Rows are written
through the seam, as `skewless materialize` writes them.

    python -m bench.online_store [--url sqlite:///path] [--keys 100000] [--events 1000] [--to bench/RESULTS.md]
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.latency import latencies
from bench.online_store_rows import FEATURES, NOW, TABLES, row
from bench.results import tell, title
from skewless import FeatureSet, OnlineStore, ServingPlan
from skewless.serving.plan.document.plan import feature_table_part, label_events_part, plan_document
from skewless.serving.plan.online.stored import stored_tables
from skewless.serving.store.codec import encode_key, encode_rows
from skewless.serving.store.opening import open_store
from skewless.serving.store.seam import Entry, Store, StoreState, TableState

TIMES = {"user": "bigint", "seen_at": "timestamp", "landed_at": "timestamp"}
LABELS = label_events_part(
    entity_keys=["user"],
    event_timestamp="at",
    columns={"user": "bigint", "at": "timestamp"},
)


def plan_of(*tables: dict[str, Any]) -> ServingPlan:
    """A plan without functions: they take as long wherever their inputs come from."""
    features = FeatureSet.from_functions([])
    document = plan_document(
        training_set="bench",
        version=0,
        label_events=LABELS,
        feature_tables=tables,
        features=features,
        modules=[],
    )
    return ServingPlan.from_document(document, features=features)


def joined() -> list[dict[str, Any]]:
    """Four tables of five features."""
    return [_table(name, columns=list(FEATURES), types={**TIMES, **FEATURES}) for name in TABLES]


def windowed() -> dict[str, Any]:
    """A table of events, two of whose columns are summed up over a window of 30 days."""
    sums = [
        {"name": "n", "function": "count", "window": "30d"},
        {"name": "total", "function": "sum", "column": "amount", "window": "30d"},
        {"name": "cities", "function": "count_distinct", "column": "city", "window": "30d"},
    ]
    return _table("clicks", columns=[], types={**TIMES, **FEATURES}, aggregations=sums)


def _table(name: str, **others: Any) -> dict[str, Any]:
    return feature_table_part(
        LABELS,
        name=name,
        table=name,
        join_keys=[("user", "user")],
        event_timestamp="seen_at",
        available_at="landed_at",
        **others,
    )


def entries(keys: int, events: int) -> Iterator[Entry]:
    """A row of every joined table for every key, and events for ten of them."""
    dice = random.Random(7)
    for user in range(keys):
        key = encode_key([user])
        for name in TABLES:
            yield f"{name}:rows", key, encode_rows([row(dice, dt.timedelta(minutes=dice.randrange(1, 9999)))])
    for user in range(10):
        seen = [row(dice, dt.timedelta(minutes=dice.randrange(2, 43_000))) for _ in range(events)]
        kept = [{name: each[name] for name in ("seen_at", "landed_at", "amount", "city")} for each in seen]
        kept.sort(key=lambda each: each["seen_at"])  # as `kept_events` has them
        yield "clicks:events", encode_key([user]), encode_rows(kept)


def filled(store: Store, plan: ServingPlan, names: list[str], rows: list[Entry]) -> float:
    """Publish the rows as those of a plan; the seconds that it took."""
    begin = time.perf_counter()
    run = store.begin("bench", plan.fingerprint, full=True)
    store.put(run, rows)
    columns = {each.name: each.columns for each in stored_tables(plan._layout.tables)}
    tables = {name: TableState(0, NOW, columns=columns[name]) for name in names}
    store.publish(run, StoreState("bench", 0, plan.fingerprint, tables))
    return time.perf_counter() - begin


def measured(url: str, keys: int, events: int) -> list[str]:
    """The lines of the table."""
    store, rows, online = open_store(url), list(entries(keys, events)), OnlineStore.open(url)
    at, dice = NOW + dt.timedelta(seconds=1), random.Random(3)
    users = [{"user": dice.randrange(keys)} for _ in range(1000)]
    four, one = plan_of(*joined()), plan_of(windowed())
    seconds = filled(store, four, [f"{name}:rows" for name in TABLES], rows[: keys * 4])
    size = sum(len(key) + len(value or b"") for _, key, value in rows[: keys * 4]) / keys
    lines = [
        f"| a full run of {keys:,} keys of four tables | {seconds:.1f} s, {keys * 4 / seconds:,.0f} rows/s | | |",
        f"| bytes of a key of four tables, in the store's format | {size:.0f} | | |",
        _line("fetch, four tables", lambda each: four.fetch(online, each, at=at), users, 2000),
        _line("serve, 20 features", lambda each: four.serve(online, each, at=at), users, 2000),
    ]
    batches = [users[place : place + 100] for place in range(0, 1000, 100)]
    lines.append(
        _line("serve_many, 100 requests", lambda each: four.serve_many(online, each, at=at), batches, 50)
    )
    filled(store, one, ["clicks:events"], rows[keys * 4 :])
    few = [{"user": user} for user in range(10)]
    lines.append(_line(f"serve, {events:,} events", lambda each: one.serve(online, each, at=at), few, 100))
    return lines


def _line(what: str, call: Callable[[Any], object], arguments: Sequence[Any], calls: int) -> str:
    """Wall and processor: on a machine shared with other work, the first is mostly waiting."""
    wall = latencies(call, arguments, 5, calls)
    own = []
    for place in range(calls):
        begin = time.thread_time_ns()
        call(arguments[place % len(arguments)])
        own.append(time.thread_time_ns() - begin)
    return (
        f"| {what} | {wall['p50'] / 1e3:.3f} ms | {wall['p99'] / 1e3:.3f} ms | {median(own) / 1e6:.3f} ms |"
    )


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{folder}/bench.db"
        lines = measured(url, options.keys, options.events)
        table = "\n".join(
            [f"| {url.partition(':')[0]} | p50 | p99 | processor, p50 |", "| --- | --- | --- | --- |", *lines]
        )
        tell(f"{title('Online store')}\n\n{table}", options.to)


if __name__ == "__main__":
    main()
