"""What drifted → where it came in: a table's match rate, a table's values, the label events, or the functions.

Each feature is told once. One that a match rate explains is told with it. Any other is told where its drift came in: at
its table, or, of a function, where that of its inputs came in which drifted most. That is lineage and no proof: what is
said of values names a place to look at, and the features beneath it are judged by themselves.
"""

from __future__ import annotations

from collections.abc import Collection

from skewless.runs.watch.causes import ToldCause
from skewless.runs.watch.monitor.drift.lineage import Lineage
from skewless.runs.watch.monitor.drift.match_rates import MatchShift
from skewless.runs.watch.monitor.drift.measures import NULLS
from skewless.runs.watch.monitor.drift.outcome import Monitored, group_name
from skewless.runs.watch.monitor.profile.profile import EVERYTHING

LABEL_EVENTS, FUNCTIONS = "label events", "functions"


def causes_of(found: Monitored) -> list[ToldCause]:
    """Match rates that moved, then where values drifted; both the worst first, by PSI."""
    explained = {name for shift in found.shifts for name in shift.features}
    told = [_of_match_rate(found, shift) for shift in found.shifts]
    came_in: dict[str, list[str]] = {}
    for name in found.alerting:  # the greatest PSI first
        if name not in explained:
            came_in.setdefault(_came_in(name, found.lineage, found.alerting), []).append(name)
    return [*told, *(_of_values(found, place, names) for place, names in came_in.items())]


def _came_in(name: str, lineage: Lineage, alerting: Collection[str]) -> str:
    """The table, or in a word what else it is; `alerting` is in the order of what drifted most."""
    while name in lineage.inputs:
        drifted = [each for each in alerting if each in lineage.inputs[name]]
        if not drifted:
            return FUNCTIONS
        name = drifted[0]
    return lineage.table_of(name) or LABEL_EVENTS


def _of_match_rate(found: Monitored, shift: MatchShift) -> ToldCause:
    where = "" if shift.group == EVERYTHING else f" where {group_name(shift.group)}"
    root = f"{shift.now:.2%} of records{where} have a row of it, {shift.before:.2%} in training"
    features = [
        (name, f"{found.features[name].null_rate_current or 0.0:.2%} null")
        for name in found.alerting
        if name in shift.features
    ]
    return ToldCause(f"match rate of {shift.table}", root, _since(found, {shift.column}, {NULLS}), features)


def _of_values(found: Monitored, place: str, names: list[str]) -> ToldCause:
    none = "no logged input of theirs drifted; " if place == FUNCTIONS else ""
    root = f"{none}{names[0]}: {found.features[names[0]].reason}"
    sizes = {name: max(each.psi for each in found.findings if each.feature == name) for name in names}
    tests = {test.of for each in found.findings if each.feature in names for test in each.alerts}
    features = [(name, f"PSI {sizes[name]:.3f}") for name in names]
    return ToldCause(f"values of {place}", root, _since(found, set(names), tests), features)


def _since(found: Monitored, names: set[str], tests: set[str]) -> str | None:
    """The first day that by itself fails a test which the features failed over all days."""
    days = (
        each.group[1]
        for each in found.days
        if each.feature in names and any(test.of in tests for test in each.alerts)
    )
    return min(days, default=None)
