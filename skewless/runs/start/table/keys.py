"""Columns by their rows and names → the entity keys: what, with the event timestamp, tells rows apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from skewless.runs.start.table import words
from skewless.runs.start.table.look import TableLook

APART = 0.98
"""The share of rows that keys and time tell apart where the table has one row for each of both; the rest is corrections
and doubles."""

STREAM = 0.9
"""Above this share one key is enough: events of an entity may share a moment, and a further column that tells them
apart (what was clicked on) is no part of whom they are about."""

MOST_KEYS = 3
"""Compound keys of more columns are seldom, and each further one is tried with all that are left."""

MOST_TRIED = 8
"""Columns that no name speaks for are tried up to so many, text first: pairs of them are counted one by one."""


@dataclass(frozen=True)
class Keys:
    """Entity keys in the order of the schema, what they tell apart, and how sure that is.

    `row_ids` have a value of their own in each row; `alternatives` look like keys of other entities; `is_named` where
    names speak for them.
    """

    names: tuple[str, ...]
    told_apart: float
    is_named: bool = True
    row_ids: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()


def keys_of(look: TableLook, time: str | None) -> Keys:
    """The entity keys that fit rows of this time column, or, without one, of a table of one row an entity."""
    able = [name for name, column in look.columns.items() if column.could_be_key and column.distinct]
    unique = [name for name in able if look.columns[name].is_unique] if time else []
    able = [name for name in able if name not in unique] or unique
    # By its name, too: a text or a price may differ in each row and say something all the same.
    ids = [name for name in unique if name not in able and words.key_score(name) == words.LIKE_AN_ID]
    scores = {name: words.key_score(name) for name in able}
    named = sorted((name for name in able if scores[name]), key=lambda name: -scores[name])
    found = _of_names(look, named, able, time) if named else _by_rows(look, able, time)
    others = [name for name in named if name not in found and scores[name] == max(scores.values())]
    apart = look.told_apart([*found, *_time(time)])
    found.sort(key=list(look.columns).index)
    return Keys(tuple(found), apart, bool(named), tuple(ids), tuple(others))


def _time(time: str | None) -> list[str]:
    return [] if time is None else [time]


def _of_names(look: TableLook, named: Sequence[str], able: Sequence[str], time: str | None) -> list[str]:
    """The best name, and, where that leaves rows that share key and time, what tells those apart."""
    if time is None:
        unique = [name for name in named if look.columns[name].is_unique]
        if unique:
            return unique[:1]
    first = [named[0]]
    if look.told_apart([*first, *_time(time)]) >= (STREAM if time else APART):
        return first
    grown = _grown(look, first, [*named[1:], *(name for name in able if name not in named)], time)
    return grown if look.told_apart([*grown, *_time(time)]) >= APART else first


def _grown(look: TableLook, keys: list[str], rest: Sequence[str], time: str | None) -> list[str]:
    while len(keys) < MOST_KEYS and look.told_apart([*keys, *_time(time)]) < APART:
        left = [name for name in rest if name not in keys]
        if not left:
            break
        # The first of those that are best alike: names that speak for a key stand before others.
        shares = {name: look.told_apart([*keys, name, *_time(time)]) for name in left}
        enough = [name for name in left if shares[name] >= APART and words.key_score(name)]
        keys = [*keys, enough[0] if enough else max(left, key=lambda name: shares[name])]
    return keys


def _by_rows(look: TableLook, able: Sequence[str], time: str | None) -> list[str]:
    """Where no name speaks for one: the fewest columns that tell rows apart, none where the time alone does."""
    if look.told_apart(_time(time)) >= APART:
        return []
    tried = sorted(able, key=lambda name: look.columns[name].kind.kind != "string")[:MOST_TRIED]
    for size in (1, 2):
        for names in combinations(tried, size):
            if look.told_apart([*names, *_time(time)]) >= APART:
                return list(names)
    return []
