"""What a monitoring found, for a terminal and as HTML: the verdict, what drifted and why that is said, the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skewless.parts.page.page import Section, render_page
from skewless.parts.page.plots import paired_histogram, trend

Facts = Mapping[str, Any]

HEADER = ("feature", "alert", "PSI", "KL", "JS", "KS", "nulls in training", "nulls now", "why")
CONCENTRATION = (
    *("feature", "most frequent in training", "share", "now", "share"),
    *("distinct values to be expected", "now", "entropy in training", "now"),
)
MOST_TOLD = 20


def summary_of_monitoring(facts: Facts, deliveries: Sequence[str] = (), report: str | None = None) -> str:
    """A screenful: whether it is an alert, each feature that drifted with the reason, and what was not held."""
    lines = [drift_verdict(facts)]
    for name in facts["alerting"][:MOST_TOLD]:
        lines.append(f"  {'ALERT':<8} {name}: {facts['features'][name]['reason']}")
    if len(facts["alerting"]) > MOST_TOLD:
        lines.append(f"  {'':<8} and {len(facts['alerting']) - MOST_TOLD} more")
    lines += [f"  {'note':<8} {note}" for note in monitoring_notes(facts)]
    lines += [f"  {'told':<8} {delivery}" for delivery in deliveries]
    return "\n".join([*lines, f"  {'report':<8} {report}"] if report else lines)


def render_monitoring(facts: Facts) -> str:
    """The report as one HTML document: nothing fetched from elsewhere."""
    sections = [
        _features_section(facts),
        _segments_section(facts),
        *_feature_sections(facts),
        _concentration_section(facts),
        Section("To know before using it", items=(*monitoring_notes(facts),)),
    ]
    span = f"T in {facts['span']}" if facts["span"] else "every record of the log"
    meta = f"{span}, held against version {facts['version']}"
    return render_page(facts["training_set"], drift_verdict(facts), bool(facts["alerting"]), meta, sections)


def drift_verdict(facts: Facts) -> str:
    """What was found, in a sentence."""
    held = (
        f"{facts['current_rows']:,} records against {facts['reference_rows']:,} training rows, "
        f"{len(facts['features'])} features"
    )
    if facts["alerting"]:
        number = len(facts["alerting"])
        drifted = "feature has" if number == 1 else "features have"
        return f"{facts['training_set']}: DRIFT: {number} {drifted} drifted: {held}"
    return f"{facts['training_set']}: no drift that matters: {held}"


def monitoring_notes(facts: Facts) -> Iterator[str]:
    if facts["foreign_records"]:
        yield (
            f"{facts['foreign_records']:,} records carry a fingerprint that no version of this training set has, "
            "and were left out"
        )
    if facts["missing"]:
        yield f"not in the log: {', '.join(facts['missing'])}"
    for name, each in facts["details"].items():
        if each["unlogged"]:
            yield f"{name}: {each['unlogged']:,} records do not have it, and do not count"
    volume = facts["rows_a_day"]
    if volume["days"] and volume["training"]:
        days = sorted(volume["days"].values())
        yield (
            f"volume: {days[len(days) // 2]:,} records a day in the log, {volume['training']:,} rows a day in "
            f"training (medians; {len(days)} days)"
        )
    for name, each in facts["details"].items():
        if each["kind"] == "age":
            yield f"{name} is a time, and held as its age at T in seconds"


def _features_section(facts: Facts) -> Section:
    order = {name: place for place, name in enumerate(facts["alerting"])}
    names = sorted(facts["features"], key=lambda name: (order.get(name, len(order)), -(_psi(facts, name))))
    rows = tuple(_feature_row(facts, name) for name in names)
    return Section("Features", (), HEADER, rows)


def _psi(facts: Facts, name: str) -> float:
    return facts["features"][name]["psi"] or 0.0


def _feature_row(facts: Facts, name: str) -> tuple[str, ...]:
    each, detail = facts["features"][name], facts["details"][name]
    numbers = [_number(value) for value in (each["psi"], each["kl"], each["js"], detail["ks"])]
    nulls = [_share(each["null_rate_reference"]), _share(each["null_rate_current"])]
    return (name, "ALERT" if each["alert"] else "", *numbers, *nulls, each["reason"])


def _segments_section(facts: Facts) -> Section:
    rows = tuple(
        (
            *(each[name] for name in ("dimension", "value", "feature")),
            f"{each['current_rows']:,}",
            _number(each["psi"]),
            each["reason"],
        )
        for each in facts["segments"]
        if each["alert"]
    )
    return Section(
        "Segments that drifted", (), ("segment", "value", "feature", "records", "PSI", "why"), rows
    )


def _feature_sections(facts: Facts) -> Iterator[Section]:
    """Of each feature that drifted the reason, its values in training and in serving, and how it went by day."""
    days = sorted(facts["rows_a_day"]["days"])
    by_day = {(each["feature"], each["value"]): each for each in facts["days"]}
    for name in facts["alerting"][:MOST_TOLD]:
        detail = facts["details"][name]
        shares = (detail["reference_shares"], detail["current_shares"])
        pictures = [paired_histogram(_titled(name, detail["kind"]), detail["labels"], *shares)]
        if len(days) > 1:
            cells = [by_day[name, day] for day in days]
            psi = {"PSI": [each["psi"] for each in cells]}
            nulls = {"nulls": [each["null_rate_current"] for each in cells]}
            pictures.append(trend("PSI by day", days, psi, facts["details"][name]["min_psi"]))
            if any(nulls["nulls"]):
                pictures.append(trend("Nulls by day", days, nulls, number=".1%"))
        triples = zip(detail["labels"], *shares, strict=True)
        rows = tuple((label, f"{before:.2%}", f"{now:.2%}") for label, before, now in triples)
        reason = (facts["features"][name]["reason"],)
        yield Section(name, reason, ("value", "training", "serving"), rows, "".join(pictures))


def _concentration_section(facts: Facts) -> Section:
    """How much of each feature is one value, how many values it has, and its entropy in nats."""
    rows = []
    for name, detail in facts["details"].items():
        if detail["concentration"]:
            before, now = (detail["concentration"][side] for side in ("reference", "current"))
            tops = (cell for each in (before, now) for cell in (each["top"], _share(each["top_share"])))
            counts = (
                "" if each["distinct"] is None else f"{each['distinct']:,.0f}" for each in (before, now)
            )
            rows.append((name, *tops, *counts, *(_number(each["entropy"]) for each in (before, now))))
    return Section("Concentration", (), CONCENTRATION if rows else (), tuple(rows))


def _titled(name: str, kind: str) -> str:
    return {"age": f"{name}: age at T, in seconds", "size": f"{name}: number of elements"}.get(kind, name)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"
