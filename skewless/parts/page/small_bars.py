"""Shares or rates → a picture as high as a line of text, for a cell of a table.

Drawn here and not by Altair: a page has hundreds of them, each of a few rectangles, and an axis has no room.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from skewless.parts.page.grid import Content, Drawing
from skewless.parts.page.page import ENVIRONMENT

WIDTH, HEIGHT, GAP = 132, 34, 1
"""Of a picture, and between its bars: in pixels."""


class SmallBar(NamedTuple):
    """A bar of a height of its own, what is said of it where it is pointed at, and a height to hold it against."""

    value: float
    text: str
    beside: float | None = None


def small_bars(label: str, bars: Sequence[SmallBar], caption: str = "", rule: float | None = None) -> Content:
    """Bars from zero to the greatest of what is drawn; `beside` is a stroke across a bar, `rule` one across all.

    Without a bar, or one that is above zero, there is nothing to draw: the caption alone.
    """
    values = [each for bar in bars for each in (bar.value, bar.beside) if each is not None]
    most = max([*values, rule or 0.0], default=0.0)
    if not most:
        return caption
    step = WIDTH / len(bars)
    placed = [
        (
            *(round(place * step, 1), round(step - GAP, 1)),
            *_reach(bar.value, most),
            None if bar.beside is None else _reach(bar.beside, most)[0],
            bar.text,
        )
        for place, bar in enumerate(bars)
    ]
    svg = ENVIRONMENT.get_template("small_bars.svg").render(
        label=f"{label}: {'; '.join(bar.text for bar in bars)}",
        bars=placed,
        rule=None if rule is None else _reach(rule, most)[0],
        width=WIDTH,
        height=HEIGHT,
    )
    return Drawing(Markup(svg), caption)


def _reach(value: float, most: float) -> tuple[float, float]:
    """Where a bar begins from above, and how high it is; a value above zero is seen, however small."""
    height = max(value / most * (HEIGHT - 1), 1.0) if value > 0 else 0.0
    return round(HEIGHT - height, 1), round(height, 1)
