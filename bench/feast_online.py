"""An online store beside Feast's: the same rows into SQLite and into Redis, and the same vectors out of them.

Four tables of five features and a row a key. Ours are Delta tables that `skewless materialize` reads by Spark, audit
included; Feast's are Parquet files that it reads by its default engine. Feast is installed from PyPI into an
environment of its own, build/bench-feast. Vectors are checked to be equal before a time counts.

    python -m bench.feast_online [--keys 50000] [--calls 1000] [--without-spark] [--to bench/RESULTS.md]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import write_deltalake

from bench.latency import latencies
from bench.online_store import filled, joined, plan_of
from bench.online_store_rows import FEATURES, NOW, TABLES, row
from bench.results import tell, title
from bench.serving import FEAST
from skewless import OnlineStore
from skewless.serving.store.codec import encode_key, encode_rows
from skewless.serving.store.opening import open_store
from skewless.serving.store.seam import Entry
from tests.helpers.servers import redis_server

ROOT = Path(__file__).parent.parent
AT = NOW + dt.timedelta(seconds=1)
Fill = Callable[[str], float]
"""Fills the store of a URL, and gives the seconds that it took."""


class Measured(NamedTuple):
    """Seconds of a full materialisation, bytes of a key, and the latency of a vector; and some vectors."""

    seconds: float
    size: float
    latency: dict[str, float]
    vectors: list[dict[str, Any]]


def make_tables(folder: Path, keys: int) -> None:
    """The same rows as Delta, and as Parquet for Feast; and the keys that are asked for."""
    dice = random.Random(7)
    for name in TABLES:
        rows = [
            {"user": user, **row(dice, dt.timedelta(minutes=dice.randrange(2, 9999)))} for user in range(keys)
        ]
        table = pa.Table.from_pylist(rows)
        write_deltalake(str(folder / name), table)
        pq.write_table(table, folder / f"{name}.parquet")
    (folder / "users.json").write_text(json.dumps([dice.randrange(keys) for _ in range(1000)]))


def by_spark(folder: Path) -> Fill:
    """What `skewless materialize` does, in a JVM that has done it once before."""
    from skewless.lake.session import get_spark, private_session
    from skewless.runs.materialize.materialize import materialize
    from skewless.runs.materialize.published import PublishedPlan

    spark, layout = private_session(get_spark("bench")), plan_of(*joined())._layout
    plan = PublishedPlan("bench", 0, layout, {name: str(folder / name) for name in TABLES})

    def fill(url: str) -> float:
        begin = time.perf_counter()
        assert materialize(spark, open_store(url), plan, full=True, now=NOW).state is not None
        return time.perf_counter() - begin

    fill(f"sqlite:///{folder}/warm.db")
    return fill


def by_the_seam(folder: Path) -> Fill:
    """The same rows by this process alone: read, encoded, put and published, without an audit."""

    def fill(url: str) -> float:
        begin = time.perf_counter()
        entries: list[Entry] = []
        for name in TABLES:
            for each in pq.read_table(folder / f"{name}.parquet").to_pylist():
                entries.append((f"{name}:rows", encode_key([each.pop("user")]), encode_rows([each])))
        filled(open_store(url), plan_of(*joined()), [f"{name}:rows" for name in TABLES], entries)
        return time.perf_counter() - begin

    return fill


def ours(folder: Path, fill: Fill, url: str, calls: int) -> Measured:
    plan, users = plan_of(*joined()), json.loads((folder / "users.json").read_text())
    seconds, online = fill(url), OnlineStore.open(url)

    def served(user: int) -> dict[str, Any]:
        return plan.serve(online, {"user": user}, at=AT)

    vectors = [served(user) for user in users[:100]]
    return Measured(seconds, 0.0, latencies(served, users, 3, calls), vectors)


def feasts(folder: Path, store: str, calls: int) -> tuple[Measured, str]:
    python = FEAST / "bin" / "python"
    command = [str(python), "-W", "ignore", "-m", "bench.feast_store", str(folder), store, str(calls)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(ran.stdout.splitlines()[-1])
    vectors = [
        {f"{name}__{each}": vector[f"{name}__{each}"] for name in TABLES for each in FEATURES}
        for vector in told["vectors"]
    ]
    return Measured(told["seconds"], 0.0, told["latency"], vectors), told["version"]


def install_feast() -> None:
    if not (FEAST / "bin" / "feast").exists():
        subprocess.run([sys.executable, "-m", "venv", str(FEAST)], check=True)
        install = [str(FEAST / "bin" / "python"), "-m", "pip", "install", "--quiet", "feast[redis]"]
        subprocess.run(install, check=True)


def size_of(database: Path) -> int:
    """The bytes of an SQLite file, of which some may lie in its log still."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size


def in_redis(folder: Path, side: Any) -> tuple[Any, int]:
    """What a side gives that is handed a server of its own, and how many bytes the server holds then."""
    import redis

    with redis_server(folder) as url:
        client = redis.Redis.from_url(url)
        before = client.info("memory")["used_memory"]
        found = side(url)
        return found, client.info("memory")["used_memory"] - before


def connection_string(url: str) -> str:
    """A Redis URL as Feast writes it."""
    place = url.rpartition("@")[2].partition("/")[0]
    return f"{place},password=se:cret"


def lines_of(store: str, own: Measured, theirs: Measured, keys: int) -> list[str]:
    assert own.vectors == theirs.vectors, "the vectors differ"
    rows = keys * len(TABLES)
    p50 = [each.latency["p50"] / 1e3 for each in (own, theirs)]
    p99 = [each.latency["p99"] / 1e3 for each in (own, theirs)]
    return [
        f"| {store}: materialise | {rows / own.seconds:,.0f} rows/s | {rows / theirs.seconds:,.0f} rows/s "
        f"| {theirs.seconds / own.seconds:.1f}x |",
        f"| {store}: 20 features, p50 | {p50[0]:.3f} ms | {p50[1]:.3f} ms | {p50[1] / p50[0]:.1f}x |",
        f"| {store}: 20 features, p99 | {p99[0]:.3f} ms | {p99[1]:.3f} ms | {p99[1] / p99[0]:.1f}x |",
        f"| {store}: bytes a key | {own.size / keys:,.0f} | {theirs.size / keys:,.0f} "
        f"| {theirs.size / own.size:.1f}x |",
    ]


def measured(folder: Path, keys: int, calls: int, without_spark: bool) -> tuple[list[str], str]:
    """The lines of the table, and Feast's version."""
    make_tables(folder, keys)
    fill = by_the_seam(folder) if without_spark else by_spark(folder)
    own = ours(folder, fill, f"sqlite:///{folder}/ours.db", calls)
    theirs, version = feasts(folder, "sqlite", calls)
    own, theirs = (
        each._replace(size=size_of(folder / name)) for each, name in ((own, "ours.db"), (theirs, "feast.db"))
    )
    lines = lines_of("SQLite", own, theirs, keys)
    if shutil.which("redis-server"):
        own, size = in_redis(folder, lambda url: ours(folder, fill, url, calls))
        (theirs, _), their_size = in_redis(folder, lambda url: feasts(folder, connection_string(url), calls))
        lines += lines_of("Redis", own._replace(size=size), theirs._replace(size=their_size), keys)
    return lines, version


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=50_000)
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument(
        "--without-spark", action="store_true", help="fill ours by the seam, without an audit"
    )
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    install_feast()
    with ExitStack() as around:
        folder = Path(around.enter_context(tempfile.TemporaryDirectory()))
        lines, version = measured(folder, options.keys, options.calls, options.without_spark)
    head = ["| | ours | Feast | Feast's to ours |", "| --- | --- | --- | --- |"]
    tell("\n".join([title("Online stores", f"Feast {version}"), "", *head, *lines]), options.to)


if __name__ == "__main__":
    main()
