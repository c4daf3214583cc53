"""What the parity audit adds to a build: the demo's year with it and without, in turn, each in a process of its own.

    python -m bench.audit_share [--rounds 3] [--end 2013-02-01] [--out bench/RESULTS.md]

Every build is the whole command, publishes into an empty place, and starts Spark as `make demo` does. The goal is that
the audit, beside which the suite runs, adds at most a tenth.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from bench.results import tell, title

ROOT = Path(__file__).parents[1]
SET = Path("training_sets") / "flight_delay.yml"
MOST = 0.10
SUBMIT = [
    str(Path(sys.executable).with_name("spark-submit")),
    "--properties-file",
    str(ROOT / "conf" / "spark" / "local.conf"),
]
"""As the Makefile submits."""


def without_audit(conf: Path) -> Path:
    """A copy of the project's configuration whose training set has no audit."""
    shutil.copytree(ROOT / "conf", conf)
    written = yaml.safe_load((conf / SET).read_text(encoding="utf-8"))
    (conf / SET).write_text(yaml.safe_dump({**written, "parity_sample": 0}), encoding="utf-8")
    return conf


def submitted(*command: str) -> str:
    """What a job prints. RuntimeError with the end of what it said where it does not end well."""
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [*SUBMIT, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise RuntimeError(
            f"{' '.join(command)}: exit code {ran.returncode}: {ran.stdout[-2000:]}{ran.stderr[-4000:]}"
        )
    return ran.stdout


def built(warehouse: Path, conf: Path, range_: Sequence[str]) -> tuple[float, Mapping[str, Any]]:
    """The seconds of one build into an empty place, from its command to its end, and what it says of itself."""
    shutil.rmtree(warehouse / "training_sets", ignore_errors=True)
    build = ["jobs/build_training_set.py", "flight_delay", "--conf-dir", str(conf), "--json"]
    begin = time.monotonic()
    printed = submitted(*build, "--set", f"WAREHOUSE={warehouse}", *range_)
    return time.monotonic() - begin, json.loads(printed)


def measured(
    place: Path, rounds: int, range_: Sequence[str]
) -> dict[str, list[tuple[float, Mapping[str, Any]]]]:
    """All builds, with the audit and without in turn; one build before them fills the file cache."""
    warehouse = place / "warehouse"
    submitted("jobs/load_flights.py", "--warehouse", str(warehouse))
    confs = {"with": ROOT / "conf", "without": without_audit(place / "conf")}
    built(warehouse, confs["without"], range_)
    found: dict[str, list[tuple[float, Mapping[str, Any]]]] = {name: [] for name in confs}
    for _ in range(rounds):
        for name, conf in confs.items():
            seconds, document = built(warehouse, conf, range_)
            if (document["parity"] is None) != (name == "without"):
                raise AssertionError(f"{name} the audit, and its result is {document['parity']}")
            found[name].append((seconds, document))
            print(f"{name} the audit: {seconds:.1f} s", file=sys.stderr, flush=True)
    return found


def told(found: Mapping[str, Sequence[tuple[float, Mapping[str, Any]]]]) -> list[str]:
    """A line for each way with the seconds of its steps, and what the audit adds."""
    lines = ["| build | median | spread | steps |", "| --- | --- | --- | --- |"]
    medians = {}
    for name, runs in found.items():
        seconds = sorted(each for each, _ in runs)
        medians[name] = median(seconds)
        steps = ", ".join(f"{step['step']} {step['seconds']:.1f}" for step in runs[-1][1]["steps"])
        lines.append(
            f"| {name} the audit | {medians[name]:.1f} s | {seconds[0]:.1f} to {seconds[-1]:.1f} | {steps} |"
        )
    share = medians["with"] / medians["without"] - 1
    is_met = "met" if share <= MOST else "**missed**"
    return [*lines, "", f"The audit adds {share:+.1%}; goal: at most {MOST:.0%}: {is_met}"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--end", help="build only until this day, to try it")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    range_ = ["--start", "2013-01-01", "--end", given.end] if given.end else []
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), given.rounds, range_)
    rows = found["with"][0][1]["rows"]
    tell("\n".join([title(f"The audit of a build of {rows:,} label events"), "", *told(found)]), given.out)


if __name__ == "__main__":
    main()
