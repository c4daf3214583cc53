"""Cells of text → a table that a browser can align and sort: which columns are numbers, and what each number is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

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
    picture: Markup | None = None


class Drawing(NamedTuple):
    """A cell with a picture (an SVG element), and what is said below it."""

    picture: Markup
    caption: str = ""


Content = str | Cell | Drawing
"""What a cell is made of: a text, one that is sorted by another number than it shows, or a picture."""


@dataclass(frozen=True)
class Grid:
    """A table's header, as (name, kind of the column), and its rows.

    A column is of the kind `number`, or `short` where each cell is better not broken into lines, or `text`; or
    `picture`, which is not sorted.
    """

    header: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]


def grid_of(header: Sequence[str], rows: Sequence[Sequence[Content]]) -> Grid:
    """A table of numbers and texts; a column is one of numbers where each cell is one, or has nothing to tell."""
    kinds = [_kind([row[place] for row in rows]) for place in range(len(header))]
    cells = [tuple(_cell(content, kind) for content, kind in zip(row, kinds, strict=True)) for row in rows]
    return Grid(tuple(zip(header, kinds, strict=True)), tuple(cells))


def _cell(content: Content, kind: str) -> Cell:
    if isinstance(content, Cell):
        return content
    if isinstance(content, Drawing):
        return Cell(content.caption, picture=content.picture)
    return Cell(content, number_of(content) if kind == "number" else None)


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


def _kind(contents: Sequence[Content]) -> str:
    if any(isinstance(each, Drawing) for each in contents):
        return "picture"
    cells = [each if isinstance(each, Cell) else Cell(str(each), number_of(str(each))) for each in contents]
    filled = [each for each in cells if each.text.strip() not in NOTHING]
    if filled and all(each.number is not None for each in filled):
        return "number"
    lines = [line for each in filled for line in each.text.splitlines()]
    return "short" if all(len(line) <= SHORT for line in lines) else "text"
