"""What a build took from its feature log, as sentences and a table: how label events matched, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator

from skewless.ground.run.manifest import LogCounts, LoggedCounts, Manifest
from skewless.parts.page.page import Section

MOST_NAMES = 8
HEADER = ("feature", "logged", "recomputed", "missing (null)", "logged, but does not fit")


def log_lines_of(manifest: Manifest) -> Iterator[str]:
    """How label events matched, then each way in which values came about with the features of which it is true."""
    log = manifest.get("log")
    if log is None:
        return
    yield matched_of(log)
    alike: dict[str, list[str]] = {}
    for name, use in log["features"].items():
        alike.setdefault(_came_about(use), []).append(name)
    for told, names in alike.items():
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        yield f"{told}: {', '.join(names[:MOST_NAMES])}{more}"


def matched_of(log: LogCounts) -> str:
    """By what label events met their records, in a sentence."""
    found = f"{log['by_request_id']:,} by request id, {log['by_keys']:,} by keys and T"
    return f"version {log['version']}: label events matched {found}, {log['unmatched']:,} not at all"


def log_notes_of(manifest: Manifest) -> Iterator[str]:
    """What somebody should know before using the rows."""
    log = manifest.get("log")
    if log is None:
        return
    if log["ambiguous"]:
        yield f"log: {log['ambiguous']:,} label events match several records; the one with the nearest T is used"
    if log["other_keys"]:
        yield f"log: of {log['other_keys']:,} label events the request id was logged, but with other keys only"
    if log["ahead"]:
        most = f"by {log['furthest'] / 1e6:,.6f} s at most"
        yield f"log: {log['ahead']:,} label events take a record of a later T, {most}; it may know what came after"
    for name, use in log["features"].items():
        if use["unfit"]:
            told = (
                f"{use['unfit']:,} logged values have no equal in the column's type and count as not logged"
            )
            yield f"log: '{name}': {told}; one is of record {use['unfit_record']}"
        if not use["logged"]:
            yield f"log: '{name}': to be taken, but no label event has a logged value of it"


def log_sections_of(manifest: Manifest) -> list[Section]:
    """The part of a build's report about its log; none where it has none."""
    log = manifest.get("log")
    if log is None:
        return []
    rows = [
        (name, *(f"{count:,}" for count in (use["logged"], use["recomputed"], use["missing"], use["unfit"])))
        for name, use in log["features"].items()
    ]
    compared = (
        "Logged values are not replayed by the audit; skewless reconcile holds them against recomputed ones."
    )
    return [Section("Taken from the feature log", (f"{matched_of(log)}.", compared), HEADER, tuple(rows))]


def _came_about(use: LoggedCounts) -> str:
    ways = {"logged": use["logged"], "recomputed": use["recomputed"], "missing and null": use["missing"]}
    return ", ".join(f"{count:,} {way}" for way, count in ways.items() if count) or "0 logged"
