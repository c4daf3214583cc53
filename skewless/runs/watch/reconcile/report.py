"""What a reconciliation found, for a terminal and as HTML: the verdict, the features that differ and why, the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skewless.parts.page.page import Section, render_page
from skewless.parts.page.plots import trend
from skewless.runs.watch.reconcile.findings import Finding, Reconciliation
from skewless.skew.causes.judging import UNKNOWN
from skewless.skew.compare import Counts
from skewless.skew.mismatch_examples import Example

HEADER = ("feature", "compared", "mismatched", "rate", "95% interval", "likely cause", "explains")
FEWEST_DAYS = 3
"""Days from which on a picture says more than a sentence."""
CLEAN_HEADER = ("feature", "compared", "rate at most, 95% confidence")


def summary_of_reconciliation(found: Reconciliation, report: str | None = None) -> str:
    """A screenful: whether it is an alert, each feature that differs with its likely cause, and what was not held."""
    lines, alerts = [verdict_of(found)], found.alerts
    for each in found.differing:
        mark = "ALERT" if each in alerts else "allowed"
        counts = f"{each.counts.mismatched:,} of {each.counts.compared:,} = {_share(each.rate)}"
        low, high = _bounds(each)
        lines.append(f"  {mark:<8} {each.name}: {counts} [{low}, {high}]")
        lines.append(f"  {'':<8}   {_cause(each)}")
    lines += [f"  {'note':<8} {note}" for note in notes_of(found)]
    return "\n".join([*lines, f"  {'report':<8} {report}"] if report else lines)


def render_reconciliation(found: Reconciliation) -> str:
    """The report as one HTML document: features that differ, each of them with examples, then those that agree."""
    sections = [_differing_section(found), *map(_feature_section, found.differing), _clean_section(found)]
    sections.append(Section("To know before using it", items=tuple(notes_of(found))))
    meta = f"T in {found.span}" if found.span else "every record of the log"
    return render_page(found.training_set, verdict_of(found), bool(found.alerts), meta, sections)


def verdict_of(found: Reconciliation) -> str:
    """What was found, in a sentence."""
    alerts = len(found.alerts)
    held = f"{found.rows:,} records, {len(found.findings)} features"
    if alerts:
        names = "feature differs" if alerts == 1 else "features differ"
        return f"{found.training_set}: SKEW: {alerts} {names} more often than is allowed: {held}"
    if found.differing:
        return f"{found.training_set}: no alert, but some features differ: {held}"
    return f"{found.training_set}: serving and training agree: {held}"


def notes_of(found: Reconciliation) -> Iterator[str]:
    if found.unmatched:
        yield f"{found.unmatched:,} records of which nothing could be recomputed"
    for each in found.findings:
        if each.counts.compared == 0:
            yield f"{each.name}: logged, but no record has what it is computed from, so it was not compared"
    if found.unknown_names:
        yield f"logged, but no columns of the training set: {', '.join(found.unknown_names)}"


def _share(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.3%}"


def _bounds(each: Finding) -> tuple[str, str]:
    low, high = each.interval or (None, None)
    return _share(low), _share(high)


def _cause(each: Finding) -> str:
    likely = each.likely
    if likely.cause == UNKNOWN:
        return f"unknown: {likely.detail}"
    return f"{likely.cause}: {likely.detail}; explains {likely.confidence:.1%} of the sampled mismatches"


def _differing_section(found: Reconciliation) -> Section:
    rows = []
    for each in found.differing:
        likely = each.likely
        explains = "" if likely.cause == UNKNOWN else f"{likely.confidence:.1%}"
        counts = (f"{each.counts.compared:,}", f"{each.counts.mismatched:,}", _share(each.rate))
        rows.append((each.name, *counts, " to ".join(_bounds(each)), likely.cause, explains))
    return Section("Features that differ", (), HEADER, tuple(rows), items=tuple(_by_cause(found)))


def _by_cause(found: Reconciliation) -> Iterator[str]:
    """Each cause once with the features that it explains: one fault of serving mostly shows in several."""
    explained: dict[tuple[str, str], list[str]] = {}
    for each in found.differing:
        likely = each.likely
        if likely.cause != UNKNOWN:
            explained.setdefault((likely.cause, likely.root), []).append(f"`{each.name}`")
    for (cause, root), names in explained.items():
        yield f"{cause}: {root}: {', '.join(names)}"


def _feature_section(each: Finding) -> Section:
    """One differing feature: cause, nulls, how far off, by what it differs, and examples."""
    sentences = [_cause(each)]
    counts = each.counts
    if counts.logged_null or counts.recomputed_null:
        sides = f"{counts.logged_null:,} logged alone, {counts.recomputed_null:,} recomputed alone"
        sentences.append(f"Null on one side: {sides}.")
    if each.differences:
        low, least, middle, most, high = (f"{value:.6g}" for value in each.differences)
        sentences.append(
            f"Logged less recomputed: median {middle}, 5% to 95% {least} to {most}, range {low} to {high}."
        )
    picture = _by_day(each)
    sentences += _trend_sentences(each.trends, leave_out="day" if picture else None)
    rows = tuple(_example_row(example) for example in each.examples)
    header: tuple[str, ...] = ("record", "logged", "recomputed", "feature rows behind it")
    if not any(row[-1] for row in rows):
        header, rows = header[:-1], tuple(row[:-1] for row in rows)
    return Section(each.name, tuple(sentences), header if rows else (), rows, picture)


def _by_day(each: Finding) -> str:
    """The mismatch rate over days as a picture, where there are enough of them."""
    known = {day: one for day, one in each.trends.get("day", {}).items() if one.compared and day != "null"}
    days = sorted(known)
    if len(days) < FEWEST_DAYS:
        return ""
    rates = [known[day].mismatched / known[day].compared for day in days]
    return trend("Mismatches by day", days, {each.name: rates}, number=".1%")


def _example_row(example: Example) -> tuple[str, ...]:
    return example.record, example.logged, example.recomputed, "\n".join(example.rows)


def _trend_sentences(
    trends: Mapping[str, Mapping[str, Counts]], leave_out: str | None = None
) -> Iterator[str]:
    """By each dimension that has more than one value: value, mismatches of compared."""
    for dimension, groups in trends.items():
        if dimension == leave_out:
            continue
        rates = [
            f"{value} {one.mismatched / one.compared:.2%} of {one.compared:,}"
            for value, one in groups.items()
            if one.compared
        ]
        if len(rates) > 1:
            yield f"By {dimension}: {', '.join(rates)}."


def _clean_section(found: Reconciliation) -> Section:
    rows = [
        (each.name, f"{each.counts.compared:,}", f"{each.interval[1]:.4%}")
        for each in found.findings
        if each.interval and not each.counts.mismatched
    ]
    return Section("Features that agree", (), CLEAN_HEADER, tuple(rows))
