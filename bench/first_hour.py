"""The way from nothing to a first training set, beside Feast's: each step as a user types it, with its seconds.

Both begin in an empty environment with an empty home, so that packages, and Spark's jars, come from their registries.
Feast is installed from PyPI, and its project is the one that `feast init` writes; skewless is this checkout's wheel,
whose making is not counted. What each has at its end is checked before a time is told: here a published version,
there the rows of `get_historical_features` and a filled online store.

    python -m bench.first_hour [--only skewless feast] [--to bench/RESULTS.md]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.results import tell, title
from tests.helpers.environments import build_wheel

TRAINING_SET = """
import pandas as pd
from feast import FeatureStore
store = FeatureStore("shop/feature_repo")
rows = pd.read_parquet("shop/feature_repo/data/driver_stats.parquet")[["driver_id", "event_timestamp"]].tail(1000)
features = [f"driver_hourly_stats:{name}" for name in ("conv_rate", "acc_rate", "avg_daily_trips")]
found = store.get_historical_features(rows, features=features).to_df()
# Feast gives one row for label events that are equal.
assert len(found) > 900 and found["conv_rate"].notna().all(), found
"""


class Step(NamedTuple):
    """What is typed, as a person reads it, and as it is run here."""

    typed: str
    command: Sequence[str]


def skewless(wheel: Path) -> list[Step]:
    return [
        Step("python3 -m venv .venv", [sys.executable, "-m", "venv", ".venv"]),
        Step(
            "pip install 'skewless[spark]'",
            [".venv/bin/python", "-m", "pip", "install", "--quiet", f"{wheel}[spark]"],
        ),
        Step("skewless init shop", [".venv/bin/skewless", "init", "shop"]),
        Step("make -C shop demo", ["make", "-C", "shop", "demo"]),
        Step("ls the published table and its report", ["sh", "-c", LOOK]),
    ]


LOOK = "ls shop/build/warehouse/training_sets/order_returns/_delta_log/*.json shop/build/order_returns.html"


def feast() -> list[Step]:
    return [
        Step("python3 -m venv .venv", [sys.executable, "-m", "venv", ".venv"]),
        Step("pip install feast", [".venv/bin/python", "-m", "pip", "install", "--quiet", "feast"]),
        Step("feast init shop", [".venv/bin/feast", "init", "shop"]),
        Step("feast apply", [".venv/bin/feast", "--chdir", "shop/feature_repo", "apply"]),
        Step("get_historical_features, 1,000 rows", [".venv/bin/python", "-c", TRAINING_SET]),
        Step(
            "feast materialize-incremental",
            [
                "sh",
                "-c",
                '.venv/bin/feast --chdir shop/feature_repo materialize-incremental "$(date -u +%FT%T)"',
            ],
        ),
    ]


def timed(steps: Sequence[Step], folder: Path) -> list[float]:
    """The seconds of each step; RuntimeError with what a step said that did not end well."""
    home = folder / "home"
    home.mkdir(parents=True)
    # Activated, as after `source .venv/bin/activate`; nothing of the caller's own Python or Spark.
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "SPARK", "PYSPARK"))
    }
    environment = {
        **own,
        "HOME": str(home),
        # Where Ivy keeps jars: Java asks the system for the home, not the environment.
        "JAVA_TOOL_OPTIONS": f"-Duser.home={home}",
        "PATH": f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    seconds = []
    for step in steps:
        begin = time.perf_counter()
        ran = subprocess.run(
            step.command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if ran.returncode:
            raise RuntimeError(
                f"{step.typed}: exit code {ran.returncode}: {ran.stdout[-2000:]}{ran.stderr[-4000:]}"
            )
        seconds.append(time.perf_counter() - begin)
        print(f"{step.typed}: {seconds[-1]:.1f} s", file=sys.stderr, flush=True)
    return seconds


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=["skewless", "feast"])
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    lines = ["| | step | seconds |", "| --- | --- | --- |"]
    for side in options.only:
        with tempfile.TemporaryDirectory() as around:
            folder = Path(around)
            (folder / "wheel").mkdir()
            steps = skewless(build_wheel(folder / "wheel")) if side == "skewless" else feast()
            seconds = timed(steps, folder / side)
        lines += [
            f"| {side} | `{step.typed}` | {taken:,.1f} |" for step, taken in zip(steps, seconds, strict=True)
        ]
        lines.append(f"| {side} | all | {sum(seconds):,.0f} |")
    tell("\n".join([title("From nothing to a training set"), "", *lines]), options.to)


if __name__ == "__main__":
    main()
