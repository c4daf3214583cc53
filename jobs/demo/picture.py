"""A picture of the three areas under the ROC curve, as an SVG element."""

from __future__ import annotations

from jobs.demo.leakage import LeakagePrice


def auc_picture(price: LeakagePrice) -> str:
    """Bars from an AUC of 0.5, no skill, on: drawn by Altair, whose SVG needs no script and no network."""
    import altair as alt
    import vl_convert

    bars = [
        {"model": "naive, offline", "AUC": price.auc_naive, "kind": "promise"},
        {"model": "naive, served", "AUC": price.auc_naive_served, "kind": "truth"},
        {"model": "point-in-time", "AUC": price.auc_point_in_time, "kind": "truth"},
    ]
    base = alt.Chart(alt.InlineData(values=bars)).encode(
        y=alt.Y("model:N", sort=None, title=None),
        x=alt.X(
            "AUC:Q", scale=alt.Scale(domain=[0.5, 0.8]), title="area under the ROC curve, from 0.5 = no skill"
        ),
    )
    colours = alt.Scale(domain=["promise", "truth"], range=["#c8553d", "#2a6f97"])
    chart = base.mark_bar(clip=True).encode(color=alt.Color("kind:N", scale=colours, legend=None))
    chart += base.mark_text(align="left", dx=4, color="#888").encode(text=alt.Text("AUC:Q", format=".4f"))
    svg: str = vl_convert.vegalite_to_svg(chart.properties(width=560, height=120).to_json())
    return svg
