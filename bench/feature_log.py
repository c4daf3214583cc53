"""What the feature log adds to a request, and how many records it takes.

    python bench/feature_log.py

A request is a vector of 20 features written to a log in a temporary directory. "Between requests" is what the
serving thread does until the next one: it computes (holding the interpreter, as feature functions do) or waits (as
for the network). "Encode in write" is the design that was not chosen: the record's JSON made in the request's own
thread. Prints a Markdown table; `--out` appends it to a file.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from features import FeatureLog
from features.log_record import RecordEncoder

ENTITY = {"tailnum": "N14228", "origin": "EWR"}
VECTOR: dict[str, Any] = {
    **{f"weather__measure_{i}": 1000 / (i + 7) for i in range(10)},
    **{f"aircraft__count_{i}": 37 * i for i in range(5)},
    "carrier": "UA",
    "dest": "IAH",
    "is_weekend": False,
    "weather__wind_gust": None,
    "aircraft__landed_at": datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
}


def compute() -> None:
    """About 200 µs of Python."""
    total = 0
    for number in range(5_000):
        total += number


def wait() -> None:
    time.sleep(0.0005)


def nothing() -> None:
    pass


def latencies(write: Callable[[], None], between: Callable[[], None], requests: int) -> list[int]:
    """Nanoseconds of each write."""
    taken: list[int] = []
    for _ in range(requests):
        begin = time.perf_counter_ns()
        write()
        taken.append(time.perf_counter_ns() - begin)
        between()
    return taken


def in_threads(
    write: Callable[[], None], between: Callable[[], None], requests: int, threads: int
) -> list[int]:
    taken: list[int] = []
    runs = [
        threading.Thread(target=lambda: taken.extend(latencies(write, between, requests // threads)))
        for _ in range(threads)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    return sorted(taken)


def writer(log: FeatureLog) -> Callable[[], None]:
    now = datetime.now(timezone.utc)
    return lambda: log.write(
        entity=ENTITY, event_timestamp=now, features=VECTOR, prediction=0.25, request_id="r-1"
    )


def encoder() -> Callable[[], None]:
    records = RecordEncoder("fingerprint", "7")
    now = datetime.now(timezone.utc)
    return lambda: records.encode(records.capture(ENTITY, now, VECTOR, 0.25, "r-1", None)) and None


def row(name: str, between: Callable[[], None], threads: int, requests: int, taken: list[int]) -> str:
    p50, p99 = taken[len(taken) // 2] / 1000, taken[len(taken) * 99 // 100] / 1000
    return f"| {name} | {between.__name__} | {threads} | {requests:,} | {p50:.1f} µs | {p99:.1f} µs |"


def throughput(records: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        log = FeatureLog(folder, model_version="7")
        write = writer(log)
        begin = time.perf_counter()
        for _ in range(records):
            write()
        log.close()
        seconds = time.perf_counter() - begin
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    return (
        f"As fast as one thread can write, until closed: {records / seconds:,.0f} records/s, "
        f"{size / seconds / 1e6:.0f} MB/s, {size // records} bytes a record."
    )


def table(requests: int) -> str:
    lines = [
        "| design | between requests | threads | requests | median | p99 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for between in (compute, wait, nothing):
        for threads in (1, 4):
            with tempfile.TemporaryDirectory() as folder, FeatureLog(folder, queue_size=requests) as log:
                taken = in_threads(writer(log), between, requests, threads)
            lines.append(row("FeatureLog.write", between, threads, requests, taken))
    for threads in (1, 4):
        taken = in_threads(encoder(), compute, requests, threads)
        lines.append(row("encode in write", compute, threads, requests, taken))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=8_000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    text = (
        f"A vector of 20 features; {datetime.now(timezone.utc):%Y-%m-%d}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}\n\n    python {' '.join(sys.argv)}\n\n"
        f"{table(given.requests)}\n\n{throughput(given.requests * 5)}"
    )
    print(text)
    if given.out:
        with given.out.open("a", encoding="utf-8") as file:
            file.write(text + "\n\n")


if __name__ == "__main__":
    main()
