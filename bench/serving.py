"""Latency of a feature vector, and what importing the serving side costs, beside Feast's on-demand feature views.

    python -m bench.serving

The vector is `bench/card_features.py`: twenty functions over fifteen inputs, some null. `compute` is
`FeatureSet.compute` with all its checks, `bare` the same functions in a plain loop without any. Feast is installed from
PyPI into an environment of its own, build/bench-feast, at the first run; where that fails it is left out, and said so.
Every number is the median over rounds, on one core. `--out` appends the table to a file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench import bare, card_features
from bench.card_rows import payments
from bench.latency import latencies
from bench.results import tell
from skewless import FeatureSet

ROOT = Path(__file__).parents[1]
FEAST = ROOT / "build" / "bench-feast"
IMPORTS = {
    "import features": "import features",
    "from skewless import FeatureSet": "from skewless import FeatureSet",
    "FeatureSet and windows": "from skewless import FeatureSet, windows",
}


def ours(rounds: int, calls: int) -> dict[str, dict[str, float]]:
    rows = payments(100)
    cards = FeatureSet.from_module("bench.card_features")
    flights = FeatureSet.from_module("features.flights")
    steps = bare.steps_of(card_features)
    assert [cards.compute(row) for row in rows] == [bare.of_row(steps, row) for row in rows]
    return {
        "compute, 20 features": latencies(cards.compute, rows, rounds, calls),
        "bare loop, 20 features": latencies(lambda row: bare.of_row(steps, row), rows, rounds, calls),
        f"compute, {len(flights.names)} features of flights": latencies(
            flights.compute, [a_flight()], rounds, calls
        ),
    }


def a_flight() -> dict[str, Any]:
    at = datetime(2013, 7, 1, 12, 30, tzinfo=timezone.utc)
    times = {"event_timestamp": at, "sched_dep_at": at, "sched_arr_at": at, "aircraft__landed_at": at}
    numbers = FeatureSet.from_module("features.flights").inputs
    given = {name: kind.kind(7) for name, kind in numbers.items() if kind.kind in (int, float)}
    return {**given, "origin": "EWR", **times}


def import_times(rounds: int) -> dict[str, float]:
    """Milliseconds that a statement takes in a new interpreter with nothing but the standard library."""
    return {
        name: statistics.median(_import_once(code) for _ in range(rounds)) for name, code in IMPORTS.items()
    }


def _import_once(code: str) -> float:
    program = (
        f"import sys, time; sys.path.insert(0, {str(ROOT)!r}); begin = time.perf_counter(); {code}; "
        "print((time.perf_counter() - begin) * 1e3)"
    )
    return float(subprocess.check_output([sys.executable, "-I", "-c", program]))


def feast(rounds: int, calls: int) -> dict[str, Any] | str:
    """What bench/feast_on_demand.py measures, or why it could not."""
    python = FEAST / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "feast"]
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(FEAST)], check=True)
        if not (FEAST / "bin" / "feast").exists():
            subprocess.run(install, check=True)
        measure = [str(python), "-W", "ignore", "-m", "bench.feast_on_demand", str(rounds), str(calls)]
        ran = subprocess.run(measure, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"Feast was not measured: {error}"
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def report(given: argparse.Namespace) -> str:
    taken = ours(given.rounds, given.calls)
    theirs = feast(given.rounds, given.calls)
    imports = import_times(given.rounds * 3)
    version = ""
    if isinstance(theirs, dict):
        version = f", Feast {theirs['version']}"
        taken |= {f"Feast on-demand view, {mode} mode": theirs[mode] for mode in ("python", "pandas")}
        imports["import feast"] = theirs["import_ms"]
    base = taken["compute, 20 features"]["p50"]
    lines = [
        f"{datetime.now(timezone.utc):%Y-%m-%d}, one core, Python {platform.python_version()}{version}; medians of "
        f"{given.rounds} rounds of {given.calls:,} calls\n\n    python -m bench.serving\n",
        "| one vector | p50 µs | p99 µs | p50 to compute's |\n| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {name} | {value['p50']:,.1f} | {value['p99']:,.1f} | {value['p50'] / base:.1f}x |"
        for name, value in taken.items()
    ]
    lines += ["", "| in a new interpreter | ms |\n| --- | --- |"]
    lines += [f"| {name} | {value:,.1f} |" for name, value in imports.items()]
    return "\n".join([*lines, *([f"\n{theirs}"] if isinstance(theirs, str) else [])])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    text = report(given)
    tell(text, given.out)


if __name__ == "__main__":
    main()
