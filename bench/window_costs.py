"""What window aggregations cost by their length, their number, their function, and under a hot key.

    python bench/window_costs.py --events 4000000 --labels 200000

Prints Markdown: each function over 1 and 90 days and their ratio; one aggregation beside ten; a fifth of all rows under
one key, with the peak memory of the Python workers. Each figure is the median of `--rounds` runs, in turn.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession

from bench.results import tell, title
from bench.windows import make_data, of_x, ours, seconds, sink
from skewless.lake.session import get_spark, private_session

FUNCTIONS = ("count", "sum", "mean", "stddev", "min", "max", "first", "last", "time_since_last")
EXPENSIVE = ("count_distinct", "mode", "percentile", "median", "last_n")
TEN = [
    *of_x(1, "count", "sum", "mean"),
    *of_x(7, "min", "max", "stddev"),
    *of_x(30, "first", "last", "sum"),
    *of_x(90, "count"),
]
MORE = {"percentile": {"p": 0.5}, "last_n": {"n": 10}}


def medians(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each run, the runs in turn, so that a busy spell hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(seconds(run))
            print(f"{name}: {taken[name][-1]:.1f} s", file=sys.stderr, flush=True)
    return {name: statistics.median(each) for name, each in taken.items()}


def by_function(spark: SparkSession, place: Path, rounds: int) -> list[str]:
    lines = ["| function | 1 d | 90 d | ratio |", "| --- | --- | --- | --- |"]
    for function in (*FUNCTIONS, *EXPENSIVE):
        more = MORE.get(function, {})
        runs: dict[str, Callable[[], object]] = {
            f"{function} {days} d": lambda days=days: sink(ours(spark, place, of_x(days, function, **more)))  # type: ignore[misc]  # noqa: B023
            for days in (1, 90)
        }
        short, long = medians(runs, rounds).values()
        lines.append(f"| {function} | {short:.1f} s | {long:.1f} s | {long / short:.2f} |")
    return lines


def one_and_ten(spark: SparkSession, place: Path, rounds: int) -> list[str]:
    runs: dict[str, Callable[[], object]] = {
        "one": lambda: sink(ours(spark, place, of_x(30, "sum"))),
        "ten": lambda: sink(ours(spark, place, TEN)),
    }
    one, ten = medians(runs, rounds).values()
    return [f"One aggregation {one:.1f} s, ten over four windows {ten:.1f} s: {ten / one:.2f} times."]


def hot(spark: SparkSession, place: Path) -> list[str]:
    with PeakOfWorkers() as peak:
        taken = seconds(lambda: sink(ours(spark, place, of_x(30, "count", "sum", "max"))))
    return [
        f"A fifth of the rows under one key: {taken:.1f} s, largest Python worker {peak.megabytes:,.0f} MB at its peak."
    ]


class PeakOfWorkers:
    """The largest resident size of any Python worker while the block runs, sampled from /proc."""

    megabytes = 0.0

    def __enter__(self) -> PeakOfWorkers:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            for place in Path("/proc").glob("[0-9]*"):
                try:
                    if b"pyspark.daemon" in (place / "cmdline").read_bytes():
                        pages = int((place / "statm").read_text().split()[1])
                        self.megabytes = max(self.megabytes, pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
                except OSError:  # it has ended meanwhile
                    continue


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=4_000_000)
    parser.add_argument("--labels", type=int, default=200_000)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    spark = private_session(get_spark("bench window costs"))
    with tempfile.TemporaryDirectory() as folder:
        even, uneven = Path(folder) / "even", Path(folder) / "uneven"
        make_data(spark, even, given.events, given.labels, given.keys, hot=False)
        make_data(spark, uneven, given.events, given.labels, given.keys, hot=True)
        sink(ours(spark, even, of_x(1, "count")))  # compiles, and fills the file cache once
        sections = [
            by_function(spark, even, given.rounds),
            one_and_ten(spark, even, given.rounds),
            hot(spark, uneven),
        ]
    subject = f"{given.events:,} events, {given.labels:,} label events, {given.keys:,} keys"
    text = "\n\n".join(
        [title(subject, f"Spark {spark.version}"), *("\n".join(section) for section in sections)]
    )
    tell(text, given.out)


if __name__ == "__main__":
    main()
