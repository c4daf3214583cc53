"""What was measured as a picture: a bar a side and case, seconds on a logarithmic axis."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bench.asof.cases import FLOOR, IN_ONE_PROCESS, OURS
from bench.asof.table import NAMES, Result
from skewless.parts.page.drawing import INK, chart_of, colours, svg_of

TITLE = "The as-of join: seconds, shorter is faster"
BAR = 16
KINDS = {OURS: "ours", **dict.fromkeys(IN_ONE_PROCESS, "one process"), FLOOR: "floor"}
ON_SPARK = "others on Spark"


def picture(results: Mapping[str, Result]) -> str:
    """A file of its own, an SVG; sides without a time are left out."""
    import altair as alt

    bars = [bar for result in results.values() for bar in _bars(result)]
    times = [bar["seconds"] for bar in bars if bar["seconds"]]
    least, most = min(times) / 1.5, max(times) * 6  # room for the text of the longest bar
    # A row is named by its number and, where a case begins, by the case.
    rows = [{**bar, "row": f"{place}|{bar['case']}", "least": least} for place, bar in enumerate(bars)]
    heading = alt.Axis(labelExpr="split(datum.value, '|')[1]", labelLimit=260, ticks=False, domain=False)
    base = chart_of(rows).encode(
        y=alt.Y("row:N", sort=[row["row"] for row in rows], title=None, axis=heading),
        x=alt.X("seconds:Q", scale=alt.Scale(type="log", domain=[least, most]), title=None),
    )
    drawn = base.mark_bar().encode(
        x2="least:Q", color=colours("kind:N", ["ours", ON_SPARK, "one process", "floor"])
    )
    drawn += base.mark_text(align="left", dx=4, color=INK).encode(text="text:N")
    as_text = "; ".join(
        f"{result.case.about}: {', '.join(bar['text'] for bar in _bars(result) if bar['seconds'])}"
        for result in results.values()
    )
    svg = svg_of(drawn, TITLE, f"{TITLE}. {as_text}", width=940, height=BAR * len(rows) + 80)
    # A page's style is not there: its colours as they are written beside their names, on white.
    svg = re.sub(r"var\(--\w+, (#\w+)\)", r"\1", svg)
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" style="background:#fff" ', 1)


def _bars(result: Result) -> Iterator[dict[str, Any]]:
    """A bar a side, the first with the case's name, and an empty one behind them."""
    case = result.case.about.partition(", held")[0]
    for side, measured in result.sides.items():
        seconds = result.seconds(side)
        if seconds is not None:
            text = f"{NAMES[side]} {'> ' * (measured.stopped is not None)}{seconds:,.1f} s"
            yield {"case": case, "kind": KINDS.get(side, ON_SPARK), "seconds": seconds, "text": text}
            case = ""
    yield {"case": "", "kind": "ours", "seconds": None, "text": ""}
