"""What the feature log adds to a request, and how many records it takes.

    python bench/feature_log.py

A request writes a vector of 20 features to a log in a temporary directory, after it has computed (holding the
interpreter, as feature functions do), waited (as for a network), or done nothing else. "Encoding in write" is the
design that was not chosen: the record's JSON made in the request's own thread, and written nowhere. Prints a
Markdown table; `--out` appends it to a file.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench.results import tell, title
from skewless import FeatureLog
from skewless.serving.log.format.record import RecordEncoder

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


def latencies(write: Callable[[], None], between: Callable[[], None], requests: int) -> list[tuple[int, int]]:
    """Nanoseconds of each write, and of each request as a whole."""
    taken: list[tuple[int, int]] = []
    for _ in range(requests):
        begin = time.perf_counter_ns()
        between()
        done = time.perf_counter_ns()
        write()
        end = time.perf_counter_ns()
        taken.append((end - done, end - begin))
    return taken


def in_threads(
    write: Callable[[], None], between: Callable[[], None], requests: int, threads: int
) -> list[tuple[int, int]]:
    taken: list[tuple[int, int]] = []
    runs = [
        threading.Thread(target=lambda: taken.extend(latencies(write, between, requests // threads)))
        for _ in range(threads)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    return taken


def writer(log: FeatureLog) -> Callable[[], None]:
    now = datetime.now(timezone.utc)
    return lambda: log.write(
        entity=ENTITY, event_timestamp=now, features=VECTOR, prediction=0.25, request_id="r-1"
    )


def encoder() -> Callable[[], None]:
    records = RecordEncoder("fingerprint", "7")
    now = datetime.now(timezone.utc)
    return lambda: records.encode(records.capture(ENTITY, now, VECTOR, 0.25, "r-1", None)) and None


def row(name: str, between: Callable[[], None], threads: int, taken: list[tuple[int, int]]) -> str:
    def at(share: int, position: int) -> str:
        return f"{sorted(times[position] for times in taken)[len(taken) * share // 100] / 1000:,.1f} µs"

    cells = [at(50, 0), at(99, 0), at(50, 1), at(99, 1)]
    return f"| {name} | {between.__name__} | {threads} | {' | '.join(cells)} |"


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
        "| write | the rest of a request | threads | write p50 | write p99 | request p50 | request p99 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for between in (compute, wait, nothing):
        for threads in (1, 4):
            with tempfile.TemporaryDirectory() as folder, FeatureLog(folder, queue_size=requests) as log:
                lines.append(
                    row("FeatureLog", between, threads, in_threads(writer(log), between, requests, threads))
                )
            for name, write in (("encoding in write", encoder()), ("none", nothing)):
                lines.append(row(name, between, threads, in_threads(write, between, requests, threads)))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=8_000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    text = (
        f"{title('A vector of 20 features')}\n\n{table(given.requests)}\n\n{throughput(given.requests * 5)}"
    )
    tell(text, given.out)


if __name__ == "__main__":
    main()
