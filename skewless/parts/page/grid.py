"""Cells of text → a table that a browser can align and sort: which columns are numbers, and what each number is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

NOTHING = frozenset({"", "-"})
"""What stands in a cell that has nothing to tell; it is sorted last, whichever way."""

SHORT = 30
"""Characters of a line that is not broken: an instant to the microsecond has 27."""

_NUMBER = re.compile(r"([+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)(%?)(?:$|(?: to |/).*)", re.IGNORECASE)


@dataclass(frozen=True)
class Cell:
    """What a cell shows and, in a column of numbers, what it is sorted by; None is sorted last."""

    text: str
    number: float | None = None


@dataclass(frozen=True)
class Grid:
    """A table's header, as (name, kind of the column), and its rows.

    A column is of the kind `number`, or `short` where each cell is better not broken into lines, or `text`.
    """

    header: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]


def grid_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Grid:
    """A table of numbers and texts; a column is one of numbers where each cell is one, or has nothing to tell."""
    kinds = [_kind([row[place] for row in rows]) for place in range(len(header))]
    cells = [
        tuple(
            Cell(text, number_of(text) if kind == "number" else None)
            for text, kind in zip(row, kinds, strict=True)
        )
        for row in rows
    ]
    return Grid(tuple(zip(header, kinds, strict=True)), tuple(cells))


def number_of(text: str) -> float | None:
    """The number that a cell shows, as it is printed in these reports; of a range or a fraction the first.

    >>> [number_of(text) for text in ("1,234", "-2.5%", "1e-9", "3/12", "1% to 2%", "-", "2024-01-01")]
    [1234.0, -0.025, 1e-09, 3.0, 0.01, None, None]
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    number = float(found[1].replace(",", ""))
    return number / 100 if found[2] else number


def _kind(texts: Sequence[str]) -> str:
    filled = [text for text in texts if text.strip() not in NOTHING]
    if filled and all(number_of(text) is not None for text in filled):
        return "number"
    return "short" if all(len(line) <= SHORT for text in filled for line in text.splitlines()) else "text"
