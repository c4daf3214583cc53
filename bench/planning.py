"""How long `build --explain` takes of a training set of many tables, as a command: Spark's start is part of it.

    python -m bench.planning [--tables 50] [--rounds 3] [--out bench/RESULTS.md]

Tables are small, five columns each, of three sets of keys: what is measured is opening, checking and planning, which do
not depend on rows. The goal is 20 seconds for 50 tables; one table beside it shows what is not due to their number.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import yaml
from deltalake import write_deltalake

from bench.results import tell, title

KEYS = ("customer_id", "store_id", "region_id")
VALUES = ("v0", "v1", "v2", "v3", "v4")
ROWS = 1_000
MOST = 20.0
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
"""The first of the days that rows are of."""


def write_project(place: Path, tables: int) -> None:
    """Delta tables below `place`, and a configuration of a training set of all of them."""
    drawn = np.random.default_rng(0)

    def column(high: int) -> pa.Array:
        return pa.array(drawn.integers(0, high, ROWS))

    def instants() -> pa.Array:
        moments = int(START.timestamp() * 1e6) + drawn.integers(0, 30 * 86_400_000_000, ROWS)
        return pa.array(moments, pa.timestamp("us", tz="UTC"))

    labels = {"id": pa.array(range(ROWS)), **{key: column(100) for key in KEYS}, "ts": instants()}
    write_deltalake(str(place / "labels"), pa.table(labels))
    names = [f"t{number}" for number in range(tables)]
    for number, name in enumerate(names):
        key = KEYS[number % len(KEYS)]
        values = {value: pa.array(drawn.standard_normal(ROWS)) for value in VALUES}
        write_deltalake(str(place / name), pa.table({key: column(100), "ts": instants(), **values}))
        spec = {
            "name": name,
            "source": str(place / name),
            "entity_keys": [key],
            "event_timestamp": "ts",
            "delay": "0s",
            "max_age": "30d",
        }
        _write(place / "conf" / "feature_tables" / f"{name}.yml", spec)
    sources = {"source": str(place / "labels"), "entity_keys": list(KEYS), "event_timestamp": "ts"}
    training_set = {
        "name": "many",
        "labels": {**sources, "label_columns": ["id"]},
        "feature_tables": names,
        "output": str(place / "output"),
    }
    _write(place / "conf" / "training_sets" / "many.yml", training_set)


def _write(file: Path, document: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


def explained(place: Path, tables: int) -> float:
    """The seconds of one `skewless build --explain`. RuntimeError where it does not tell of all tables."""
    command = [str(Path(sys.executable).with_name("skewless")), "build", "many", "--explain", "--json"]
    root = str(Path(__file__).parents[1])
    begin = time.monotonic()
    ran = subprocess.run(
        [*command, "--conf-dir", str(place / "conf")],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - begin
    if ran.returncode or len(json.loads(ran.stdout)["feature_tables"]) != tables:
        raise RuntimeError(f"--explain: exit code {ran.returncode}: {ran.stderr[-4000:]}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3, help="after one that fills the file cache")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found: dict[int, list[float]] = {1: [], given.tables: []}
    with tempfile.TemporaryDirectory() as folder:
        for tables in found:
            write_project(Path(folder) / str(tables), tables)
        for place in range(given.rounds + 1):
            for tables, runs in found.items():
                seconds = explained(Path(folder) / str(tables), tables)
                print(f"{tables} tables: {seconds:.1f} s", file=sys.stderr, flush=True)
                if place:
                    runs.append(seconds)
    lines = ["| tables | median | spread |", "| --- | --- | --- |"]
    for tables, runs in found.items():
        lines.append(f"| {tables} | {median(runs):.1f} s | {min(runs):.1f} to {max(runs):.1f} |")
    is_met = "met" if median(found[given.tables]) < MOST else "**missed**"
    goal = f"Goal for {given.tables} tables: under {MOST:g} s: {is_met}"
    tell("\n".join([title("`skewless build --explain`"), "", *lines, "", goal]), given.out)


if __name__ == "__main__":
    main()
