"""A picture of the three areas under the ROC curve, as an SVG element."""

from __future__ import annotations

from jobs.demo.leakage import LeakagePrice
from skewless.parts.page.drawing import COLOURS, INK, chart_of, height_of, svg_of

TITLE = "Area under the ROC curve, from 0.5 = no skill"


def auc_picture(price: LeakagePrice) -> str:
    """Bars from an AUC of 0.5, no skill, on."""
    import altair as alt

    bars = {
        "naive, offline": price.auc_naive,
        "naive, served": price.auc_naive_served,
        "point-in-time": price.auc_point_in_time,
    }
    base = chart_of([{"model": model, "AUC": auc} for model, auc in bars.items()]).encode(
        y=alt.Y("model:N", sort=list(bars), title=None),
        x=alt.X("AUC:Q", scale=alt.Scale(domain=[0.5, 0.8]), title=None),
    )
    promise = alt.condition("datum.model == 'naive, offline'", alt.value(COLOURS[1]), alt.value(COLOURS[0]))
    chart = base.mark_bar(clip=True).encode(color=promise)
    chart += base.mark_text(align="left", dx=4, color=INK).encode(text=alt.Text("AUC:Q", format=".4f"))
    as_text = ", ".join(f"{model} {auc:.4f}" for model, auc in bars.items())
    return svg_of(chart, TITLE, f"{TITLE}: {as_text}", height=height_of(len(bars)))
