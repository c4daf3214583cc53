"""The as-of join of one label event as lines: the row used, and the nearest rows that are not, each with why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from skewless.ground.event_rows import is_stale
from skewless.runs.trace.spans import span

NEAREST = 2
"""How many rows are shown for each reason, the nearest to T."""


class Row(NamedTuple):
    """A feature row: its place among the rows held, its times in microseconds, and when it is over (None: never)."""

    place: int
    event: int
    available: int
    ends: int | None = None


class RowRules(NamedTuple):
    """What the feature table declares about which row counts; `max_age` in microseconds."""

    strict: bool = False
    max_age: int | None = None
    static: bool = False


class Unused(NamedTuple):
    """A row that is not used, why in a word, and in more words."""

    row: Row
    why: str
    detail: str


class RowTrace(NamedTuple):
    """The row used, None without one, and the nearest others, those with the greatest event timestamp first."""

    used: Row | None
    unused: tuple[Unused, ...]


def rows_traced(rows: Sequence[Row], at: int, rules: RowRules) -> RowTrace:
    """What becomes of an entity's rows at T; `rows` are in the order of J4, the greatest last.

    | why      | means                                                            |
    | -------- | ---------------------------------------------------------------- |
    | future   | its event timestamp is after T (or at it, where strict)           |
    | late     | it happened by T, but became available after T                    |
    | stale    | it won, and is older than max_age                                 |
    | ended    | it won, and was over at T                                         |
    | tie lost | it has the winner's event timestamp, and is smaller               |
    | older    | a visible row happened later                                      |
    """
    hidden = {row.place: found for row in rows if (found := _hidden(row, at, rules))}
    visible = [row for row in rows if row.place not in hidden]
    winner = visible[-1] if visible else None
    failure = winner and _failure(winner, at, rules)
    unused = list(hidden.values())
    if winner:
        unused += [_beaten(row, winner, rules) for row in visible[:-1]]
    if winner and failure:
        unused.append(failure)
    return RowTrace(None if failure else winner, _nearest(unused, at))


def _hidden(row: Row, at: int, rules: RowRules) -> Unused | None:
    """Why T does not see the row, None where it does."""
    last = at - 1 if rules.strict else at
    if rules.static:
        return None
    if row.event > last:
        return Unused(row, "future", _after(row.event - at, "happened"))
    if row.available > last:
        return Unused(row, "late", _after(row.available - at, "available"))
    return None


def _after(ahead: int, what: str) -> str:
    return f"{what} {span(ahead)} after T" if ahead else f"{what} at T itself, and the table is strict"


def _failure(winner: Row, at: int, rules: RowRules) -> Unused | None:
    if rules.max_age is not None and is_stale(at - winner.event, rules.max_age):
        return Unused(winner, "stale", f"{span(at - winner.event)} old, max_age is {span(rules.max_age)}")
    if winner.ends is not None and at >= winner.ends:
        over = f"over {span(at - winner.ends)} before T" if at > winner.ends else "over at T itself"
        return Unused(winner, "ended", over)
    return None


def _beaten(row: Row, winner: Row, rules: RowRules) -> Unused:
    if rules.static:
        return Unused(row, "tie lost", "another row of the same key is greater")
    if row.event < winner.event:
        return Unused(row, "older", f"a visible row happened {span(winner.event - row.event)} later")
    if row.available < winner.available:
        return Unused(
            row, "tie lost", f"another became available {span(winner.available - row.available)} later"
        )
    return Unused(row, "tie lost", "another row with the same times is greater")


def _nearest(unused: Sequence[Unused], at: int) -> tuple[Unused, ...]:
    """A few for each reason, the nearest to T; of equal ones those that come later in J4's order."""
    kept: list[Unused] = []
    by_distance = sorted(
        unused, key=lambda each: (abs(at - each.row.event), -each.row.available, -each.row.place)
    )
    for each in by_distance:
        if sum(other.why == each.why for other in kept) < NEAREST:
            kept.append(each)
    return tuple(
        sorted(kept, key=lambda each: (each.row.event, each.row.available, each.row.place), reverse=True)
    )
