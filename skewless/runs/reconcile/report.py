"""What a reconciliation found, for a terminal and as HTML: the verdict, the features that differ and why, the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skewless.parts.page.page import Section, render_page
from skewless.parts.page.plots import trend

Facts = Mapping[str, Any]

HEADER = ("feature", "compared", "mismatched", "rate", "95% interval", "likely cause", "explains")
FEWEST_DAYS = 3
"""Days from which on a picture says more than a sentence."""
CLEAN_HEADER = ("feature", "compared", "rate at most, 95% confidence")


def summary_of_reconciliation(facts: Facts, report: str | None = None) -> str:
    """A screenful: whether it is an alert, each feature that differs with its likely cause, and what was not held."""
    lines = [verdict_of(facts)]
    for each in _differing(facts):
        low, high = each["interval"]
        mark = "ALERT" if each["alert"] else "allowed"
        counts = f"{each['mismatched']:,} of {each['compared']:,} = {each['mismatch_rate']:.3%}"
        lines.append(f"  {mark:<8} {each['name']}: {counts} [{low:.3%}, {high:.3%}]")
        lines.append(f"  {'':<8}   {_cause(each)}")
    lines += [f"  {'note':<8} {note}" for note in notes_of(facts)]
    return "\n".join([*lines, f"  {'report':<8} {report}"] if report else lines)


def render_reconciliation(facts: Facts) -> str:
    """The report as one HTML document: features that differ, each of them with examples, then those that agree."""
    sections = [_differing_section(facts), *map(_feature_section, _differing(facts)), _clean_section(facts)]
    sections.append(Section("To know before using it", items=tuple(notes_of(facts))))
    meta = f"T in {facts['span']}" if facts["span"] else "every record of the log"
    return render_page(facts["training_set"], verdict_of(facts), _has_alert(facts), meta, sections)


def verdict_of(facts: Facts) -> str:
    """What was found, in a sentence."""
    alerts = sum(each["alert"] for each in facts["details"])
    held = f"{facts['rows']:,} records, {len(facts['details'])} features"
    if alerts:
        names = "feature differs" if alerts == 1 else "features differ"
        return f"{facts['training_set']}: SKEW: {alerts} {names} more often than is allowed: {held}"
    if _differing(facts):
        return f"{facts['training_set']}: no alert, but some features differ: {held}"
    return f"{facts['training_set']}: serving and training agree: {held}"


def notes_of(facts: Facts) -> Iterator[str]:
    if facts["unmatched"]:
        yield f"{facts['unmatched']:,} records of which nothing could be recomputed"
    for each in facts["details"]:
        if each["compared"] == 0:
            yield f"{each['name']}: logged, but no record has what it is computed from, so it was not compared"
    if facts["unknown_names"]:
        yield f"logged, but no columns of the training set: {', '.join(facts['unknown_names'])}"


def _has_alert(facts: Facts) -> bool:
    return any(each["alert"] for each in facts["details"])


def _differing(facts: Facts) -> list[Facts]:
    found = [each for each in facts["details"] if each["mismatched"]]
    return sorted(found, key=lambda each: (-each["mismatch_rate"], each["name"]))


def _cause(each: Facts) -> str:
    if each["cause"] == "unknown":
        return f"unknown: {each['detail']}"
    return f"{each['cause']}: {each['detail']}; explains {each['confidence']:.1%} of the sampled mismatches"


def _differing_section(facts: Facts) -> Section:
    rows = []
    for each in _differing(facts):
        low, high = each["interval"]
        explains = "" if each["cause"] == "unknown" else f"{each['confidence']:.1%}"
        counts = (f"{each['compared']:,}", f"{each['mismatched']:,}", f"{each['mismatch_rate']:.3%}")
        rows.append((each["name"], *counts, f"{low:.3%} to {high:.3%}", each["cause"], explains))
    return Section("Features that differ", (), HEADER, tuple(rows), items=tuple(_by_cause(facts)))


def _by_cause(facts: Facts) -> Iterator[str]:
    """Each cause once with the features that it explains: one fault of serving mostly shows in several."""
    found: dict[str, list[str]] = {}
    for each in _differing(facts):
        if each["cause"] != "unknown":
            told = f"{each['cause']}: {_at_its_root(each['detail'])}"
            found.setdefault(told, []).append(f"`{each['name']}`")
    for told, names in found.items():
        yield f"{told}: {', '.join(names)}"


def _at_its_root(detail: str) -> str:
    """What is named of a function's input, without the way from there to the function."""
    while detail.startswith("through "):
        detail = detail.partition(": ")[2]
    return detail


def _feature_section(each: Facts) -> Section:
    """One differing feature: cause, nulls, how far off, by what it differs, and examples."""
    sentences = [_cause(each)]
    if each["logged_null"] or each["recomputed_null"]:
        sides = f"{each['logged_null']:,} logged alone, {each['recomputed_null']:,} recomputed alone"
        sentences.append(f"Null on one side: {sides}.")
    if each["differences"]:
        low, least, middle, most, high = (f"{value:.6g}" for value in each["differences"])
        sentences.append(
            f"Logged less recomputed: median {middle}, 5% to 95% {least} to {most}, range {low} to {high}."
        )
    picture = _by_day(each)
    sentences += _trend_sentences(each["trends"], leave_out="day" if picture else None)
    rows = tuple(_example_row(example) for example in each["examples"])
    header: tuple[str, ...] = ("record", "logged", "recomputed", "feature rows behind it")
    if not any(row[-1] for row in rows):
        header, rows = header[:-1], tuple(row[:-1] for row in rows)
    return Section(each["name"], tuple(sentences), header if rows else (), rows, picture)


def _by_day(each: Facts) -> str:
    """The mismatch rate over days as a picture, where there are enough of them."""
    days = sorted(
        (day, counts) for day, counts in each["trends"].get("day", {}).items() if counts[0] and day != "null"
    )
    if len(days) < FEWEST_DAYS:
        return ""
    rates = [mismatched / compared for _, (compared, mismatched) in days]
    return trend("Mismatches by day", [day for day, _ in days], {each["name"]: rates}, number=".1%")


def _example_row(example: Facts) -> tuple[str, ...]:
    return example["record"], example["logged"], example["recomputed"], "\n".join(example["rows"])


def _trend_sentences(
    trends: Mapping[str, Mapping[str, tuple[int, int]]], leave_out: str | None = None
) -> Iterator[str]:
    """By each dimension that has more than one value: value, mismatches of compared."""
    for dimension, groups in trends.items():
        if dimension == leave_out:
            continue
        told = [
            f"{value} {mismatched / compared:.2%} of {compared:,}"
            for value, (compared, mismatched) in groups.items()
            if compared
        ]
        if len(told) > 1:
            yield f"By {dimension}: {', '.join(told)}."


def _clean_section(facts: Facts) -> Section:
    clean = [each for each in facts["details"] if each["compared"] and not each["mismatched"]]
    rows = [(each["name"], f"{each['compared']:,}", f"{each['interval'][1]:.4%}") for each in clean]
    return Section("Features that agree", (), CLEAN_HEADER, tuple(rows))
