"""What a reconciliation found, for a terminal and as HTML: the verdict, the features that differ and why, the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from skewless.parts.page.page import Section, render_page
from skewless.parts.page.plots import trend
from skewless.runs.watch.causes import ToldCause, began, cause_lines, counted
from skewless.runs.watch.reconcile.findings import Cause, Finding, Reconciliation
from skewless.skew.causes.judging import UNKNOWN
from skewless.skew.compare import Counts
from skewless.skew.mismatch_examples import Example

HEADER = ("feature", "compared", "mismatched", "rate", "95% interval", "likely cause", "explains")
FEWEST_DAYS = 3
"""Days from which on a picture says more than a sentence."""
CAUSES_HEADER = ("cause", "what happened", "since", "of records at most", "features")
CLEAN_HEADER = ("feature", "compared", "rate at most, 95% confidence")


def summary_of_reconciliation(
    found: Reconciliation, report: str | None = None, *, verbose: bool = False
) -> str:
    """A screenful: whether it is an alert, each cause with the features that it reached, and what was not held.

    One fault of serving mostly shows in several features: `verbose` tells of each feature too.
    """
    lines = [verdict_of(found)]
    for cause in found.causes:
        lines += cause_lines(_mark(found, cause.features), _told(cause))
    for each in found.differing if verbose else ():
        counts = f"{each.counts.mismatched:,} of {each.counts.compared:,} = {_share(each.rate)}"
        low, high = _bounds(each)
        lines.append(f"  {_mark(found, [each]):<8} {each.name}: {counts} [{low}, {high}]")
        lines.append(f"  {'':<8}   {_cause(each)}")
    lines += [f"  {'note':<8} {note}" for note in notes_of(found)]
    return "\n".join([*lines, f"  {'report':<8} {report}"] if report else lines)


def _mark(found: Reconciliation, features: Sequence[Finding]) -> str:
    alerts = found.alerts
    return "ALERT" if any(each in alerts for each in features) else "allowed"


def _told(cause: Cause) -> ToldCause:
    """The features with the share of records that differ."""
    features = [(each.name, _share(each.rate)) for each in cause.features]
    return ToldCause(cause.name, cause.root, cause.since, features)


def render_reconciliation(found: Reconciliation) -> str:
    """The report as one HTML document: causes, features that differ, each with examples, and those that agree."""
    sections = [
        _causes_section(found),
        _differing_section(found),
        *map(_feature_section, found.differing),
        _clean_section(found),
    ]
    sections.append(Section("To know before using it", items=tuple(notes_of(found))))
    meta = f"T in {found.span}" if found.span else "every record of the log"
    return render_page(found.training_set, verdict_of(found), bool(found.alerts), meta, sections)


def verdict_of(found: Reconciliation) -> str:
    """What was found, in a sentence."""
    held = f"{found.rows:,} records, {counted(len(found.findings), 'feature')}"
    if found.alerts:
        causes = [cause for cause in found.causes if _mark(found, cause.features) == "ALERT"]
        since = began(cause.since for cause in causes)
        differ = f"{counted(len(found.alerts), 'feature')} differing more often than is allowed"
        return f"{found.training_set}: SKEW: {since}, {differ}: {held}"
    if found.differing:
        return f"{found.training_set}: no alert, but some features differ: {held}"
    return f"{found.training_set}: serving and training agree: {held}"


def notes_of(found: Reconciliation) -> Iterator[str]:
    if found.store_ages:
        yield str(found.store_ages)
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
    return Section("Features that differ", (), HEADER, tuple(rows))


def _causes_section(found: Reconciliation) -> Section:
    """Each cause once with the features that it explains: one fault of serving mostly shows in several."""
    rows = [
        (
            cause.name,
            cause.root,
            cause.since or "-",
            _share(cause.features[0].rate),
            ", ".join(f.name for f in cause.features),
        )
        for cause in found.causes
    ]
    return Section("Causes", (), CAUSES_HEADER, tuple(rows))


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
