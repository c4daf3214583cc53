"""What a monitoring found, for a terminal and as HTML: the verdict, what drifted and why that is said, the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from skewless.parts.page.page import Section, render_page
from skewless.parts.page.plots import paired_histogram, trend
from skewless.runs.manifest_text import mixed_text
from skewless.runs.watch.causes import CAUSES_HEADER, began, cause_lines
from skewless.runs.watch.monitor.drift.causes import causes_of
from skewless.runs.watch.monitor.drift.judging import Finding
from skewless.runs.watch.monitor.drift.match_rates import MatchShift
from skewless.runs.watch.monitor.drift.measures import NULLS
from skewless.runs.watch.monitor.drift.outcome import Monitored
from skewless.runs.watch.monitor.profile.profile import EVERYTHING

HEADER = ("feature", "alert", "PSI", "KL", "JS", "KS", "nulls in training", "nulls now", "why")
CONCENTRATION = (
    *("feature", "most frequent in training", "share", "now", "share"),
    *("distinct values to be expected", "now", "entropy in training", "now"),
)
MOST_SHOWN = 20


def summary_of_monitoring(
    found: Monitored, deliveries: Sequence[str] = (), report: str | None = None, *, verbose: bool = False
) -> str:
    """A screenful: whether it is an alert, each cause with the features that it reached, and what was not held.

    `verbose` tells of each feature that drifted too, with its reason.
    """
    lines = [drift_verdict(found)]
    for cause in causes_of(found):
        lines += cause_lines("ALERT", cause)
    for name in found.alerting if verbose else ():
        lines.append(f"  {'ALERT':<8} {name}: {_why(found, name)}")
    lines += [f"  {'note':<8} {note}" for note in monitoring_notes(found)]
    lines += [f"  {'told':<8} {delivery}" for delivery in deliveries]
    return "\n".join([*lines, f"  {'report':<8} {report}"] if report else lines)


def render_monitoring(found: Monitored) -> str:
    """The report as one HTML document: nothing fetched from elsewhere."""
    sections = [
        _causes_section(found),
        _features_section(found),
        _segments_section(found),
        *_feature_sections(found),
        _concentration_section(found),
        Section("To know before using it", items=(*monitoring_notes(found),)),
    ]
    span = f"T in {found.span}" if found.span else "every record of the log"
    meta = f"{span}, held against version {found.reference.version}"
    return render_page(found.training_set, drift_verdict(found), bool(found.alerting), meta, sections)


def drift_verdict(found: Monitored) -> str:
    """What was found, in a sentence."""
    held = (
        f"{found.rows:,} records against {found.reference.profile.rows:,} training rows, "
        f"{len(found.features)} features"
    )
    if found.alerting:
        number = len(found.alerting)
        drifted = "feature has" if number == 1 else "features have"
        since = began(cause.since for cause in causes_of(found))
        return f"{found.training_set}: DRIFT: {since}, {number} {drifted} drifted: {held}"
    return f"{found.training_set}: no drift that matters: {held}"


def monitoring_notes(found: Monitored) -> Iterator[str]:
    if found.definitions:
        yield f"the training set has {mixed_text(found.definitions)}"
    if found.foreign_records:
        yield (
            f"{found.foreign_records:,} records carry a fingerprint that no version of this training set has, "
            "and were left out"
        )
    if found.missing:
        yield f"not in the log: {', '.join(found.missing)}"
    for each in found.whole:
        if unlogged := each.measures.pair.current.unlogged:
            yield f"{each.feature}: {unlogged:,} records do not have it, and do not count"
    volume = found.volume
    if volume.days and volume.training:
        days = sorted(volume.days.values())
        yield (
            f"volume: {days[len(days) // 2]:,} records a day in the log, {volume.training:,} rows a day in "
            f"training (medians; {len(days)} days)"
        )
    for name in found.features:
        if found.reference.kinds[name] == "age":
            yield f"{name} is a time, and held as its age at T in seconds"


def _causes_section(found: Monitored) -> Section:
    """Where drift came in, each once, and how the match rates that moved went by day."""
    rows = [cause.cells(", ".join(name for name, _ in cause.features)) for cause in causes_of(found)]
    pictures = [_match_rate_by_day(found, shift) for shift in found.shifts]
    return Section("Causes", (), CAUSES_HEADER, tuple(rows), "".join(pictures))


def _match_rate_by_day(found: Monitored, shift: MatchShift) -> str:
    rates = {
        each.group[1]: 1 - each.measures.rate(NULLS)[1] for each in found.days if each.feature == shift.column
    }
    days = sorted(rates)
    title = f"Match rate of {shift.table} by day"
    return (
        trend(title, days, {shift.table: [rates[day] for day in days]}, shift.before, ".1%")
        if len(days) > 1
        else ""
    )


def _why(found: Monitored, name: str) -> str:
    """The reason of a feature, and the table whose match rate is behind it, if one is."""
    tables = [shift.table for shift in found.shifts if name in shift.features]
    alone = f"; by the match rate of {' and of '.join(tables)} alone" if tables else ""
    return f"{found.features[name].reason}{alone}"


def _features_section(found: Monitored) -> Section:
    order = {name: place for place, name in enumerate(found.alerting)}
    findings = sorted(
        found.whole,
        key=lambda each: (order.get(each.feature, len(order)), -(found.features[each.feature].psi or 0.0)),
    )
    rows = tuple(_feature_row(found, each) for each in findings)
    return Section("Features", (), HEADER, rows)


def _feature_row(found: Monitored, finding: Finding) -> tuple[str, ...]:
    drift = found.features[finding.feature]
    numbers = [_number(value) for value in (drift.psi, drift.kl, drift.js, finding.measures.ks)]
    nulls = [_share(drift.null_rate_reference), _share(drift.null_rate_current)]
    return (finding.feature, "ALERT" if drift.alert else "", *numbers, *nulls, _why(found, finding.feature))


def _segments_section(found: Monitored) -> Section:
    rows = tuple(
        (
            *(*each.group, each.feature),
            f"{each.measures.current_rows:,}",
            _number(_psi(each)),
            each.reason,
        )
        for each in found.findings
        if each.group != EVERYTHING and each.is_alert
    )
    return Section(
        "Segments that drifted", (), ("segment", "value", "feature", "records", "PSI", "why"), rows
    )


def _feature_sections(found: Monitored) -> Iterator[Section]:
    """Of each feature that drifted the reason, its values in training and in serving, and how it went by day."""
    whole = {finding.feature: finding for finding in found.whole}
    for name in found.alerting[:MOST_SHOWN]:
        shares = found.shares(whole[name])
        pictures = [
            paired_histogram(_titled(name, shares.kind), shares.labels, shares.reference, shares.current),
            *_trends(found, name, shares.min_psi),
        ]
        triples = zip(shares.labels, shares.reference, shares.current, strict=True)
        rows = tuple((label, f"{before:.2%}", f"{now:.2%}") for label, before, now in triples)
        reason = (_why(found, name),)
        yield Section(name, reason, ("value", "training", "serving"), rows, "".join(pictures))


def _trends(found: Monitored, name: str, min_psi: float | None) -> Iterator[str]:
    """PSI by day, and nulls by day where there are any; nothing of a single day."""
    days = sorted(found.volume.days)
    if len(days) < 2:
        return
    of_day = {each.group[1]: each for each in found.days if each.feature == name}
    yield trend("PSI by day", days, {"PSI": [_psi(of_day[day]) for day in days]}, min_psi)
    nulls = [of_day[day].measures.rate(NULLS)[1] for day in days]
    if any(nulls):
        yield trend("Nulls by day", days, {"nulls": nulls}, number=".1%")


def _psi(finding: Finding) -> float | None:
    apart = finding.measures.divergences
    return apart.psi if apart else None


def _concentration_section(found: Monitored) -> Section:
    """How much of each feature is one value, how many values it has, and its entropy in nats."""
    rows = []
    for each in found.whole:
        if held := each.measures.concentration:
            tops = (cell for side in held for cell in (side.top, _share(side.top_share)))
            counts = ("" if side.distinct is None else f"{side.distinct:,.0f}" for side in held)
            rows.append((each.feature, *tops, *counts, *(_number(side.entropy) for side in held)))
    return Section("Concentration", (), CONCENTRATION if rows else (), tuple(rows))


def _titled(name: str, kind: str) -> str:
    return {"age": f"{name}: age at T, in seconds", "size": f"{name}: number of elements"}.get(kind, name)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"
