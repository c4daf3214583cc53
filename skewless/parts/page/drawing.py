"""The one look of all pictures: what Altair drew → an SVG element for a page, without script, font file or network.

Colours are the page's own (`style.css`), so that they follow its light and dark mode; they are told apart by people
who do not see all colours, and nothing is said by colour alone. Each picture carries its content as a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from zlib import crc32

Chart = Any
"""A chart of Altair, which is imported by the functions that draw: a page without pictures needs none."""

INK, QUIET, EDGE = "var(--ink, #1c2024)", "var(--quiet, #5b636b)", "var(--edge, #d8dce0)"
PAPER = "var(--paper, #fff)"
COLOURS = (
    "var(--first, #0072b2)",
    "var(--second, #d55e00)",
    "var(--third, #009e73)",
    "var(--fourth, #cc79a7)",
    "var(--fifth, #7a6a00)",
)
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 4])
FONT = "Arial, Helvetica, sans-serif"
"""What nearly every machine has, or has a double of with the same widths: places are worked out before it is seen."""
WIDTH, HEIGHT = 470, 240
BAR = 26


def chart_of(values: Sequence[Mapping[str, Any]]) -> Chart:
    """A chart of these rows, still without a mark."""
    import altair as alt

    return alt.Chart(alt.InlineData(values=list(values)))


def colours(field: str, names: Sequence[str], *, shows_legend: bool = True) -> Chart:
    """A colour for each name, in this order."""
    import altair as alt

    scale = alt.Scale(
        domain=list(names), range=[COLOURS[place % len(COLOURS)] for place in range(len(names))]
    )
    legend = (
        alt.Legend(title=None, orient="top", labelLimit=WIDTH // 2, columns=min(len(names), 3))
        if shows_legend
        else None
    )
    return alt.Color(field, sort=list(names), scale=scale, legend=legend)


def dashes(field: str, names: Sequence[str]) -> Chart:
    """A dash for each name, which beside its colour tells it apart; the sixth has the first colour and another dash."""
    import altair as alt

    kinds = [DASHES[(place + place // len(COLOURS)) % len(DASHES)] for place in range(len(names))]
    return alt.StrokeDash(field, scale=alt.Scale(domain=list(names), range=kinds), legend=None)


def height_of(bars: int) -> int:
    """The height of a picture of so many rows."""
    return BAR * max(bars, 1) + 60


def svg_of(chart: Chart, title: str, text: str, width: int = WIDTH, height: int = HEIGHT) -> str:
    """The chart in the one look of all; `text` says what it shows to who cannot see it."""
    import altair as alt
    import vl_convert

    drawn = chart.properties(
        width=width, height=height, title=title, autosize=alt.AutoSizeParams(type="fit", contains="padding")
    ).configure(
        aria=False,
        background="transparent",
        font=FONT,
        padding={"left": 4, "right": 8, "top": 4, "bottom": 4},
        axis={
            **{"labelColor": QUIET, "titleColor": QUIET, "domainColor": EDGE, "tickColor": EDGE},
            **{"gridColor": EDGE, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
        },
        axisX={"grid": False},
        legend={"labelColor": INK, "labelFontSize": 12},
        text={"fontSize": 12},
        title={"color": INK, "fontSize": 13, "anchor": "start", "fontWeight": 600},
        view={"stroke": None},
    )
    svg: str = vl_convert.vegalite_to_svg(drawn.to_json())
    own = f"clip-{crc32(svg.encode()):08x}-"
    svg = re.sub(r'(url\(#|id=")clip', rf"\g<1>{own}", svg)
    opening = re.compile(r'<svg [^>]*?(width="[^"]*" height="[^"]*" viewBox="[^"]*")>')
    kind = ' class="wide"' if width > WIDTH else ""
    return opening.sub(rf'<svg{kind} \1 role="img" aria-label="{_quoted(text)}">', svg, count=1)


def _quoted(text: str) -> str:
    return escape(text).replace("\\", r"\\")
