"""What was measured → Markdown: a table a case with its goals, and what is told across cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from bench.asof.cases import FLOOR, GROWN, MOST_EXPONENT, MOST_HOT_TO_EVEN, OURS, Case, Goal
from bench.asof.trial import Measured

NAMES = {
    OURS: "ours",
    "feast": "Feast's SQL",
    "tempo": "Tempo",
    "hopsworks": "Hopsworks' form of SQL",
    "range_join": "a range join by hand",
    "duckdb": "DuckDB, ASOF JOIN",
    "polars": "Polars, join_asof",
    FLOOR: "floor",
}
HEADINGS = (
    "as-of join",
    "median",
    "spread",
    "to ours",
    "goal",
    "processors",
    "JVM",
    "Python",
    "exchanges",
    "shuffled",
)
MET, MISSED = "met", "**missed**"


@dataclass(frozen=True)
class Result:
    """A case as it was run, and what its sides took."""

    case: Case
    day: str
    rounds: int
    sides: Mapping[str, Measured]

    def seconds(self, side: str) -> float | None:
        """The median of a side, or after how long it was stopped; None where it has no time."""
        measured = self.sides.get(side)
        if measured is None or measured.failed:
            return None
        return median(each.seconds for each in measured.runs) if measured.runs else measured.stopped

    def times(self, side: str) -> float | None:
        """How many times as long as ours a side takes: at least, where it was stopped."""
        own, others = self.seconds(OURS), self.seconds(side)
        is_known = own is not None and others is not None and self.sides[OURS].stopped is None
        return others / own if is_known and own and others else None


def is_met(goal: Goal, result: Result) -> bool | None:
    """Whether a side takes as long as it should; None where that is not known, as of one that was stopped too early."""
    times = result.times(goal.side)
    if times is None:
        return None
    if times >= goal.least:
        return True
    return None if result.sides[goal.side].stopped is not None else False


def exponent(seconds_by_rows: Mapping[int, float]) -> float:
    """How seconds grow with rows: the slope of their logarithms."""
    slope, _ = np.polyfit(np.log(list(seconds_by_rows)), np.log(list(seconds_by_rows.values())), 1)
    return float(slope)


def markdown(results: Mapping[str, Result]) -> str:
    """All tables, and what is told across cases."""
    sections = ["\n".join(_section(result)) for result in results.values()]
    lines = [f"- {line}" for line in _across(results)]
    return "\n\n".join([*sections, "\n".join(lines)]) if lines else "\n\n".join(sections)


def _section(result: Result) -> Iterator[str]:
    yield f"### {_subject(result.case)}"
    yield ""
    yield f"{result.day}, medians of {result.rounds} after one round to warm up."
    yield ""
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|" + " --- |" * len(HEADINGS)
    for side, measured in result.sides.items():
        yield f"| {' | '.join([NAMES[side], *_cells(result, side, measured)])} |"


def _subject(case: Case) -> str:
    sizes = dict.fromkeys(f"{table.rows:,}" for table in case.tables)
    number = f"{len(case.tables)} tables" if len(case.tables) > 1 else "a table"
    entities = "; ".join(dict.fromkeys(f"{count:,}" for count in case.entities.values()))
    columns = "; ".join(dict.fromkeys(str(len(table.values)) for table in case.tables))
    rows = " and ".join(sizes)
    tables = f"{number} of {rows} rows and {columns} doubles"
    return f"{case.about}: {case.labels:,} label events, {tables}, {entities} entities"


def _cells(result: Result, side: str, measured: Measured) -> list[str]:
    if measured.failed:
        return [f"no time: {measured.failed.replace('|', '/')}", *[""] * (len(HEADINGS) - 2)]
    goal = result.case.goal_of(side)
    cells = [_asked(goal, result) if goal else ""]
    times = result.times(side)
    moved = [
        "" if measured.exchanges is None else str(measured.exchanges),
        "" if measured.shuffled is None else f"{measured.shuffled / 1e6:,.0f} MB",
    ]
    if not measured.runs:
        sign = "" if times is None else f"> {times:.1f}x"
        return [f"> {measured.stopped or 0:,.0f} s", "stopped", sign, *cells, "", "", "", moved[0], ""]
    seconds = sorted(each.seconds for each in measured.runs)
    jvm, workers = (
        max(sizes) / 2**20 for sizes in zip(*((r.jvm, r.workers) for r in measured.runs), strict=True)
    )
    return [
        f"{median(seconds):.1f} s",
        f"{seconds[0]:.1f} to {seconds[-1]:.1f}",
        "" if times is None else f"{times:.1f}x",
        *cells,
        f"{median(each.cpu for each in measured.runs):.1f} s",
        f"{jvm:,.0f} MB" if jvm else "",
        f"{workers:,.0f} MB" if workers else "",
        *moved,
    ]


def _asked(goal: Goal, result: Result) -> str:
    met = is_met(goal, result)
    return str(goal) if met is None else f"{goal}: {_said(met)}"


def _across(results: Mapping[str, Result]) -> Iterator[str]:
    """What more than one case tells: how ours grows, what a hot key costs, and how many goals are met."""
    grown = {
        results[name].case.rows: seconds
        for name in GROWN
        if name in results and (seconds := results[name].seconds(OURS)) is not None
    }
    if len(grown) > 1:
        found = exponent(grown)
        rows = ", ".join(f"{rows:,}" for rows in grown)
        yield f"Exponent of ours over {rows} rows: {found:.2f}; goal ≤ {MOST_EXPONENT}: {_said(found <= MOST_EXPONENT)}"
    even = results["k4"].seconds(OURS) if "k4" in results else None
    for name in ("hot", "zipf"):
        uneven = results[name].seconds(OURS) if name in results else None
        if even and uneven:
            limit = f"; goal ≤ {MOST_HOT_TO_EVEN}x: {_said(uneven / even <= MOST_HOT_TO_EVEN)}" * (
                name == "hot"
            )
            yield f"Ours, {results[name].case.about}: {uneven / even:.2f}x the even case{limit}"
    asked = [
        is_met(goal, result)
        for result in results.values()
        for side in result.sides
        if (goal := result.case.goal_of(side))
    ]
    yield f"Goals of the tables: {asked.count(True)} met, {asked.count(False)} missed, {asked.count(None)} not known"


def _said(is_met: bool) -> str:
    return MET if is_met else MISSED
