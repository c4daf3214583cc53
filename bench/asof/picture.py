"""What was measured as a picture: a bar a side and case, seconds on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.asof.cases import FLOOR, IN_ONE_PROCESS, OURS
from bench.asof.table import NAMES, Result
from skewless.parts.page.drawing import INK, chart_of, colours, svg_of

TITLE = "The as-of join: seconds, shorter is faster"
BAR = 17
KINDS = {OURS: "ours", **dict.fromkeys(IN_ONE_PROCESS, "one process"), FLOOR: "floor"}
ON_SPARK = "others on Spark"


def picture(results: Mapping[str, Result]) -> str:
    """A file of its own, an SVG; sides without a time are left out."""
    import altair as alt

    bars: list[dict[str, Any]] = [
        {
            "case": result.case.about,
            "place": f"{place:02}",
            "kind": KINDS.get(side, ON_SPARK),
            "seconds": seconds,
            "text": f"{NAMES[side]} {'> ' * (measured.stopped is not None)}{seconds:,.1f} s",
        }
        for result in results.values()
        for place, (side, measured) in enumerate(result.sides.items())
        if (seconds := result.seconds(side)) is not None
    ]
    cases = list(dict.fromkeys(bar["case"] for bar in bars))
    least = min(bar["seconds"] for bar in bars) / 1.5
    most = max(bar["seconds"] for bar in bars) * 8  # room for the text of the longest bar
    base = chart_of([{**bar, "least": least} for bar in bars]).encode(
        y=alt.Y("case:N", sort=cases, title=None, axis=alt.Axis(labelLimit=220)),
        yOffset=alt.YOffset("place:N"),
        x=alt.X("seconds:Q", scale=alt.Scale(type="log", domain=[least, most]), title=None),
    )
    kinds = ["ours", ON_SPARK, "one process", "floor"]
    drawn = base.mark_bar().encode(x2="least:Q", color=colours("kind:N", kinds))
    drawn += base.mark_text(align="left", dx=4, color=INK).encode(text="text:N")
    as_text = "; ".join(f"{bar['case']}: {bar['text']}" for bar in bars)
    svg = svg_of(
        drawn, TITLE, f"{TITLE}: {as_text}", width=940, height=BAR * len(bars) + 30 * len(cases) + 80
    )
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" style="background:#fff" ', 1)
