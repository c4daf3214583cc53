"""Numbers → pictures, each an SVG element for `Section.picture`, drawn by Vega-Altair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from skewless.parts.page.drawing import (
    COLOURS,
    INK,
    PAPER,
    QUIET,
    WIDTH,
    chart_of,
    colours,
    dashes,
    height_of,
    svg_of,
)

SIDES = ("training", "serving")
USED = ("used", "not used")


class TimelineRow(NamedTuple):
    """A feature row near T: its name, when it became true, when it could be read, whether it was used, and why."""

    label: str
    event: datetime
    available: datetime
    is_used: bool
    why: str


FEWEST_ROWS = 10


class CalibrationPoint(NamedTuple):
    """A bin of predictions: their mean, the share of labels that came true, and how many there are."""

    predicted: float
    observed: float
    rows: int


def paired_histogram(
    title: str, labels: Sequence[str], reference: Sequence[float], current: Sequence[float]
) -> str:
    """Two distributions over the same bins, as shares, side by side: that of training and that of serving."""
    import altair as alt

    shares = {SIDES[0]: reference, SIDES[1]: current}
    values = [
        {"bin": label, "side": side, "share": share}
        for side, each in shares.items()
        for label, share in zip(labels, each, strict=True)
    ]
    chart = (
        chart_of(values)
        .mark_bar()
        .encode(
            x=alt.X("bin:N", sort=list(labels), title=None, axis=alt.Axis(**_angle(labels))),
            xOffset=alt.XOffset("side:N", sort=list(SIDES)),
            y=alt.Y("share:Q", title="share of rows", axis=alt.Axis(format=".0%", tickCount=5)),
            color=colours("side:N", SIDES),
        )
    )
    as_text = ", ".join(
        f"{label} {one:.1%} and {other:.1%}"
        for label, one, other in zip(labels, reference, current, strict=True)
    )
    return svg_of(chart, title, f"{title}: share of rows in training and in serving: {as_text}")


def trend(
    title: str,
    days: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    threshold: float | None = None,
    number: str = "",
) -> str:
    """A line per series over days (ISO dates); None leaves a gap. `number` is a format such as `.1%`."""
    import altair as alt

    names = list(series)
    values = [
        {"day": day, "series": name, "value": value}
        for name, each in series.items()
        for day, value in zip(days, each, strict=True)
    ]
    day = alt.X(
        "day:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%d %b %Y", values=_day_ticks(days), labelFlush=False),
    )
    axis = alt.Axis(tickCount=5, format=number) if number else alt.Axis(tickCount=5)
    lines = (
        chart_of(values)
        .mark_line(point=True)
        .encode(
            x=day,
            y=alt.Y("value:Q", title=None, axis=axis),
            color=colours("series:N", names, shows_legend=len(names) > 1),
            strokeDash=dashes("series:N", names),
        )
    )
    if threshold is not None:
        lines += (
            chart_of([{"value": threshold}]).mark_rule(color=QUIET, strokeDash=[4, 4]).encode(y="value:Q")
        )
    as_text = "; ".join(f"{name} {_as_text(each, number)}" for name, each in series.items())
    limit = "" if threshold is None else f"; the dashed line is {threshold:g}"
    span = f" from {days[0]} to {days[-1]}" if days else ""
    return svg_of(lines, title, f"{title}{span}: {as_text}{limit}")


def calibration(
    offline: Sequence[CalibrationPoint],
    online: Sequence[CalibrationPoint],
    title: str = "Calibration",
    sides: tuple[str, str] = ("offline", "online"),
) -> str:
    """Predicted against observed shares; on the diagonal a prediction means what it says. Larger points: more rows.

    Groups of fewer than ten rows are not drawn, since the line through them is noise; without any other, "".
    """
    import altair as alt

    values = [
        {"side": side, **point._asdict()}
        for side, points in zip(sides, (offline, online), strict=True)
        for point in points
        if point.rows >= FEWEST_ROWS
    ]
    if not values:
        return ""
    share: dict[str, Any] = {"scale": alt.Scale(zero=True), "axis": alt.Axis(format=".0%", tickCount=5)}
    most = max(max(each["predicted"], each["observed"]) for each in values)
    diagonal = chart_of([{"predicted": end, "observed": end} for end in (0.0, most)])
    base = chart_of(values).encode(
        x=alt.X("predicted:Q", title="mean prediction", **share),
        y=alt.Y("observed:Q", title="observed", **share),
        color=colours("side:N", sides),
    )
    chart = diagonal.mark_line(color=QUIET, strokeDash=[4, 4]).encode(x="predicted:Q", y="observed:Q")
    chart += base.mark_line().encode(strokeDash=dashes("side:N", sides))
    chart += base.mark_circle(opacity=1).encode(size=alt.Size("rows:Q", legend=None))
    as_text = "; ".join(
        f"{each['side']} {each['predicted']:.1%} predicted, {each['observed']:.1%} observed of {each['rows']:,}"
        for each in values
    )
    return svg_of(chart, title, f"{title}: {as_text}")


def match_rates(rates: Mapping[str, float], title: str = "Label events matched") -> str:
    """A bar per table: the share of label events that have a row of it."""
    import altair as alt

    values = [{"table": name, "rate": rate} for name, rate in rates.items()]
    rate = alt.X("rate:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%"))
    base = chart_of(values).encode(y=alt.Y("table:N", sort=list(rates), title=None), x=rate)
    chart = base.mark_bar(color=COLOURS[0])
    for is_high, align, colour in ((True, "right", PAPER), (False, "left", INK)):
        part = base.transform_filter(f"(datum.rate > 0.85) == {str(is_high).lower()}")
        chart += part.mark_text(align=align, dx=-6 if is_high else 6, color=colour).encode(
            text=alt.Text("rate:Q", format=".1%")
        )
    as_text = ", ".join(f"{name} {rate:.1%}" for name, rate in rates.items())
    return svg_of(chart, title, f"{title}: {as_text}", height=height_of(len(rates)))


def timeline(at: datetime, rows: Sequence[TimelineRow], title: str = "Feature rows near T") -> str:
    """A line per feature row, from when it became true (dot) to when it could be read (stroke), beside T."""
    import altair as alt

    values = [
        {
            "row": ": ".join(filter(None, (each.label, each.why)))
            + "\u200b" * place,  # a line of its own for rows that read the same
            "event": _iso(each.event),
            "available": _iso(each.available),
            "use": USED[0] if each.is_used else USED[1],
        }
        for place, each in enumerate(rows)
    ]
    names = list(dict.fromkeys(each["row"] for each in values))
    colour = colours("use:N", USED)
    row = alt.Y("row:N", sort=names, title=None, axis=alt.Axis(labelLimit=330))
    event = alt.X(
        "event:T",
        title="UTC",
        scale=alt.Scale(type="utc", padding=12),
        axis=alt.Axis(tickCount=5, format=_clock(at, rows)),
    )
    base = chart_of(values).encode(y=row, color=colour)
    moment = chart_of([{"event": _iso(at), "name": "T"}]).encode(x=event)
    chart = moment.mark_rule(color=INK, strokeDash=[4, 3])
    chart += moment.mark_text(color=INK, baseline="bottom", dy=-4, fontWeight="bold").encode(
        text="name:N", y=alt.value(0)
    )
    chart += base.mark_rule(strokeWidth=2).encode(x=event, x2="available:T")
    chart += base.mark_point(filled=True, opacity=1, size=70).encode(
        x=event, shape=alt.Shape("use:N", scale=alt.Scale(domain=list(USED), range=["circle", "cross"]))
    )
    chart += base.mark_tick(thickness=2, size=14).encode(x=alt.X("available:T"))
    as_text = "; ".join(
        f"{each.label}, event {_iso(each.event)}, available {_iso(each.available)}, "
        f"{USED[0] if each.is_used else USED[1]}" + (f": {each.why}" if each.why else "")
        for each in rows
    )
    return svg_of(
        chart, title, f"{title} = {_iso(at)}: {as_text}", width=2 * WIDTH, height=height_of(len(names)) + 30
    )


def _angle(labels: Sequence[str]) -> dict[str, Any]:
    """Labels of bins lie flat where they have room, and lean where they have not."""
    has_room = max(map(len, labels), default=0) * len(labels) <= 60
    return {"labelAngle": 0} if has_room else {"labelAngle": -40, "labelAlign": "right", "labelLimit": 110}


def _day_ticks(days: Sequence[str]) -> list[float]:
    """At most four of the days, whose names have room, as milliseconds: ticks left to Vega fall between few days and
    repeat their names.
    """
    some = sorted(set(days))
    midnights = [datetime.fromisoformat(day).replace(tzinfo=timezone.utc) for day in some]
    return [each.timestamp() * 1000 for each in midnights[:: -(-len(some) // 4) or 1]]


def _clock(at: datetime, rows: Sequence[TimelineRow]) -> str:
    """As much of a time as tells the ticks apart."""
    moments = [at, *(moment for each in rows for moment in (each.event, each.available))]
    span = max(moments) - min(moments)
    if span < timedelta(seconds=5):  # ticks lie closer than seconds, and would have one name
        return "%H:%M:%S.%L"
    if span < timedelta(minutes=10):
        return "%H:%M:%S"
    return "%d %b %H:%M" if span < timedelta(days=4) else "%d %b %Y"


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _as_text(values: Sequence[float | None], number: str) -> str:
    """The first, last and greatest of a series as text."""
    known = [value for value in values if value is not None]
    if not known:
        return "has no value"
    first, last, most = (
        f"{value:{number}}" if number else f"{value:.4g}" for value in (known[0], known[-1], max(known))
    )
    return f"starts at {first}, ends at {last}, at most {most}"
