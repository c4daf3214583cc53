"""How often monitoring cries wolf, and how often it sees what is there, beside the fixed rule PSI > 0.25.

    python -m bench.drift_calibration            # a table on standard output
    python -m bench.drift_calibration --rounds 5 --out bench/RESULTS.md

Two hundred features of eleven kinds, a training set of 200,000 rows, days of 200, 2,000 and 200,000 records, judged by
the code of `skewless monitor` without Spark. Every round has a training set and days of its own.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skewless.config import Monitoring
from skewless.parts.profile.bins import Bins, lay_out
from skewless.runs.watch.monitor.drift.judging import Finding, judged
from skewless.runs.watch.monitor.drift.measures import Pair
from skewless.runs.watch.monitor.profile.counting import SAMPLE
from skewless.runs.watch.monitor.profile.profile import (
    EVERYTHING,
    Counts,
    Grouping,
    coded,
    count_column,
    counts_of,
    with_known,
)

FEATURES, TRAINING = 200, 200_000
DAYS = (200, 2_000, 200_000)
FIXED = 0.25
WATCH = Monitoring(name="bench")

Generator = np.random.Generator
Draw = Callable[[Generator, int], pa.Array]


def normal(rng: Generator, rows: int) -> pa.Array:
    return pa.array(rng.normal(size=rows))


def heavy_tailed(rng: Generator, rows: int) -> pa.Array:
    return pa.array(np.exp(2 * rng.normal(size=rows)))


def counts(rng: Generator, rows: int) -> pa.Array:
    return pa.array(rng.poisson(1.5, rows).astype(float))


def mostly_zero(rng: Generator, rows: int) -> pa.Array:
    return pa.array(np.where(rng.random(rows) < 0.9, 0.0, rng.exponential(10, rows)))


def with_nulls(rng: Generator, rows: int) -> pa.Array:
    return pa.array(rng.normal(size=rows), mask=rng.random(rows) < 0.05)


def few_values(rng: Generator, rows: int) -> pa.Array:
    return texts(rng.choice(5, rows, p=[0.6, 0.2, 0.1, 0.08, 0.02]))


def many_values(rng: Generator, rows: int) -> pa.Array:
    return texts(rng.integers(0, 300, rows))


def long_tail(rng: Generator, rows: int) -> pa.Array:
    return texts(np.minimum(rng.zipf(1.5, rows), 1_000_000))


def short_tail(rng: Generator, rows: int) -> pa.Array:
    return texts(np.minimum(rng.zipf(2.2, rows), 1_000_000))


def cities(rng: Generator, rows: int) -> pa.Array:
    return texts(rng.integers(0, 200, rows))


def products(rng: Generator, rows: int) -> pa.Array:
    return texts(rng.integers(0, 10_000, rows))


def texts(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


KINDS: tuple[Draw, ...] = (
    *(normal, heavy_tailed, counts, mostly_zero, with_nulls),
    *(few_values, many_values, long_tail, short_tail, cities, products),
)


class Planted(NamedTuple):
    """What is done to one feature in ten of a day."""

    name: str
    kind: Draw
    change: Callable[[Generator, pa.Array], pa.Array]


def moved(by: float) -> Callable[[Generator, pa.Array], pa.Array]:
    return lambda _, column: pa.array(column.to_numpy() + by)


def more_nulls(rng: Generator, column: pa.Array) -> pa.Array:
    return pa.array(column.to_numpy(), mask=rng.random(len(column)) < 0.02)


def new_category(rng: Generator, column: pa.Array) -> pa.Array:
    is_new = pa.array(rng.random(len(column)) < 0.01)
    return pc.if_else(is_new, "never seen", column)


def collapse(_: Generator, column: pa.Array) -> pa.Array:
    return pa.array(["7"] * len(column))


def heavy_hitter(rng: Generator, column: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(rng.random(len(column)) < 0.05), "7", column)


def heavy_number(rng: Generator, column: pa.Array) -> pa.Array:
    return pa.array(np.where(rng.random(len(column)) < 0.05, 0.25, column.to_numpy()))


def without_the_rarest(_: Generator, column: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, "4"), "0", column)


def half_of_them(_: Generator, column: pa.Array) -> pa.Array:
    return texts(column.cast(pa.int64()).to_numpy() % 100)


PLANTED = (
    Planted("mean by 0.1 sd", normal, moved(0.1)),
    Planted("mean by 0.25 sd", normal, moved(0.25)),
    Planted("mean by 0.5 sd", normal, moved(0.5)),
    Planted("2 points of nulls", normal, more_nulls),
    Planted("new category of 1%", few_values, new_category),
    Planted("200 categories, all records one", cities, collapse),
    Planted("200 categories, half of them gone", cities, half_of_them),
    Planted("10,000 values, 5% of records one", products, heavy_hitter),
    Planted("continuous, 5% of records one", normal, heavy_number),
    Planted("category of 2% gone", few_values, without_the_rarest),
)


def pair_of(name: str, training: pa.Array, current: pa.Array) -> Pair:
    """Both sides as `skewless monitor` counts them: bins from a sample of the training values, then all values."""
    bins = lay_out(training[:SAMPLE], WATCH.bins, WATCH.categories)
    reference = counted(training, bins)
    if pa.types.is_string(training.type):
        bins = with_known(bins, Counter(training.to_pylist()), WATCH.known_categories)
    return Pair(name, EVERYTHING, bins, reference, counted(current, bins))


def counted(column: pa.Array, bins: Bins) -> Counts:
    everybody = Grouping(np.zeros(len(column), dtype=np.int64), 1, with_cells=True)
    return counts_of(count_column(coded(column, bins, None), bins, [everybody])[0][0], bins)


def findings(rng: Generator, rows: int, planted: Planted | None) -> list[Finding]:
    """One day: all kinds in turn, and with something planted, one feature in ten with it."""
    pairs = []
    for place in range(FEATURES):
        is_planted = planted is not None and place % 10 == 0
        draw = planted.kind if is_planted else KINDS[place % len(KINDS)]
        training, current = draw(rng, TRAINING), draw(rng, rows)
        if is_planted:
            current = planted.change(rng, current)
        pairs.append(pair_of(f"{'planted' if is_planted else draw.__name__} {place}", training, current))
    return judged(pairs, WATCH)


class Rates(NamedTuple):
    """Shares of features: ours and the fixed rule's, of planted ones and of clean ones; clean ones by kind."""

    ours: float
    fixed: float
    ours_clean: float
    fixed_clean: float
    features: int
    wolves: Mapping[str, int]


def rates(rows: int, planted: Planted | None, rounds: int, seed: int) -> Rates:
    found: list[Finding] = []
    for number in range(rounds):
        found += findings(np.random.default_rng([seed, rows, number]), rows, planted)
    hit = [each for each in found if each.feature.startswith("planted")]
    clean = [each for each in found if not each.feature.startswith("planted")]
    wolves = Counter(each.feature.partition(" ")[0] for each in clean if each.is_alert)
    return Rates(
        *(share(of, judge) for of in (hit, clean) for judge in (is_ours, is_fixed)), len(clean), wolves
    )


def share(found: list[Finding], judge: Callable[[Finding], bool]) -> float:
    return sum(map(judge, found)) / len(found) if found else 0.0


def is_ours(finding: Finding) -> bool:
    return finding.is_alert


def is_fixed(finding: Finding) -> bool:
    apart = finding.measures.divergences
    return apart is not None and apart.psi > FIXED


def lines(rounds: int, seed: int) -> Iterator[str]:
    day = datetime.now(timezone.utc).date()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pyarrow"))
    yield "## Drift: false alarms and power"
    yield ""
    yield f"{FEATURES} features, {TRAINING:,} training rows, {rounds} rounds; {day}, {os.cpu_count()} cores, Python "
    yield f"{platform.python_version()}, {libraries}"
    yield ""
    yield f"    python -m bench.drift_calibration --rounds {rounds}"
    yield ""
    yield "Share of features that alert, with nothing planted:"
    yield ""
    yield "| records | features | monitor | PSI > 0.25 | by kind |"
    yield "| --- | --- | --- | --- | --- |"
    for rows in DAYS:
        found = rates(rows, None, rounds, seed)
        kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(found.wolves.items())) or "none"
        yield f"| {rows:,} | {found.features:,} | {found.ours_clean:.2%} | {found.fixed_clean:.2%} | {kinds} |"
    yield ""
    yield "Share of features with something planted that alert; in brackets of the others:"
    yield ""
    yield (
        "| planted in one feature of ten | "
        + " | ".join(f"{rows:,} records: monitor | PSI > 0.25" for rows in DAYS)
        + " |"
    )
    yield "| --- |" + " --- | --- |" * len(DAYS)
    for planted in PLANTED:
        cells = []
        for rows in DAYS:
            found = rates(rows, planted, rounds, seed)
            cells.append(
                f"{found.ours:.0%} ({found.ours_clean:.1%}) | {found.fixed:.0%} ({found.fixed_clean:.1%})"
            )
        yield f"| {planted.name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="append the tables to this file")
    options = parser.parse_args()
    text = ""
    for line in lines(options.rounds, options.seed):
        print(line, flush=True)
        text += f"{line}\n"
    if options.out:
        with options.out.open("a", encoding="utf-8") as file:
            file.write(f"\n{text}")


if __name__ == "__main__":
    main()
