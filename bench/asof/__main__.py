"""`python -m bench.asof`: cases one after the other, what was measured kept, a table and a plot of all of it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import duckdb

import bench.asof
from bench.asof.cases import ALL, CASES, Case
from bench.asof.data import Data
from bench.asof.picture import picture
from bench.asof.sides import PACKAGES, WITH_DEPENDENCIES, install_peers
from bench.asof.table import Result, markdown
from bench.asof.trial import Measured, Trial
from bench.results import tell, title
from skewless.lake.session import get_spark, private_session

KEPT = Path(__file__).parents[2] / "build" / "bench"


class Kept:
    """What was measured at a scale, case by case, in a file."""

    def __init__(self, scale: float) -> None:
        self._file = KEPT / f"asof-{scale:g}.json"
        self._documents = json.loads(self._file.read_text()) if self._file.exists() else {}

    def add(self, result: Result) -> None:
        """Keep a case in the place of an earlier run of it."""
        self._documents[result.case.name] = {
            "day": result.day,
            "rounds": result.rounds,
            "sides": {side: measured.to_json() for side, measured in result.sides.items()},
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._documents, indent=1))

    def results(self, cases: Sequence[Case]) -> dict[str, Result]:
        """Of these cases those that were run, in their order."""
        found = {
            case.name: (case, self._documents[case.name]) for case in cases if case.name in self._documents
        }
        return {
            name: Result(
                case,
                document["day"],
                document["rounds"],
                {side: Measured.from_json(each) for side, each in document["sides"].items()},
            )
            for name, (case, document) in found.items()
        }


def main() -> int:
    given = _parser().parse_args()
    install_peers()
    spark = private_session(get_spark("bench asof"))  # as `build` runs
    kept = Kept(given.scale)
    cases = [case.scaled(given.scale) for case in CASES]
    for case in cases:
        sides = [side for side in case.sides if side in given.only]
        if case.name not in given.only_cases or not sides:
            continue
        with tempfile.TemporaryDirectory() as folder:
            data = Data(spark, Path(folder), case)
            data.write()
            measured = Trial(data, given.patience).run(sides, given.rounds)
        kept.add(Result(case, f"{datetime.now(timezone.utc):%Y-%m-%d}", given.rounds, measured))
    results = kept.results(cases)
    if not results:
        sys.exit(f"nothing was measured at scale {given.scale:g}; leave out --only-cases, or name a case")
    packages = [*PACKAGES, WITH_DEPENDENCIES[0], f"DuckDB {duckdb.__version__}"]
    heading = title("The as-of join, case by case", f"Spark {spark.version}", *packages)
    plot = given.out.with_name("asof.svg") if given.out else KEPT / "asof.svg"
    plot.write_text(picture(results), encoding="utf-8")
    tell(f"{heading}\n\n![Seconds of each side and case]({plot.name})\n\n{markdown(results)}", given.out)
    return int(any(each.failed for result in results.values() for each in result.sides.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.asof",
        description=bench.asof.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [case.name for case in CASES]
    parser.add_argument(
        "--only-cases",
        nargs="*",
        choices=names,
        default=names,
        metavar="CASE",
        help=f"{', '.join(names)}; none of them: tell what was measured before",
    )
    parser.add_argument("--only", nargs="+", choices=ALL, default=ALL, metavar="SIDE", help=", ".join(ALL))
    parser.add_argument("--rounds", type=int, default=3, help="after one that is not counted")
    parser.add_argument("--scale", type=float, default=1.0, help="times the rows and entities of each case")
    parser.add_argument("--patience", type=float, default=600.0, help="seconds after which a side is stopped")
    parser.add_argument(
        "--out", type=Path, help="a file to append the table to; the plot is written beside it"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
