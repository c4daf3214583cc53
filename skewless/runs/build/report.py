"""The report of a build: verdict, what was left out, joined tables, then what validation and the audit found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skewless.parts.page.page import Section, render_page
from skewless.parts.page.plots import match_rates
from skewless.runs.build.summary import (
    TABLE_HEADER,
    differences_of,
    left_out_of,
    notes_of,
    output_of,
    table_rows_of,
    verdict_of,
)
from skewless.runs.manifest_text import audit_of

Facts = Mapping[str, Any]

FAILURE_HEADER = ("severity", "expectation", "rows that break it")
DIFFERENCE_HEADER = ("column", "published", "serving", "label event", "inputs", "feature rows near T")


def render_build(facts: Facts, sections: Sequence[Section] = ()) -> str:
    """The report of a build as one HTML document; where the rows were refused, what refused them comes first."""
    judged = [_expectations(facts), _audit(facts)]
    left_out = Section("Left out", items=tuple(left_out_of(facts)))
    notes = Section("To know before using it", items=tuple(notes_of(facts)))
    found = [left_out, notes, _tables(facts)]
    first = [*judged, *found] if facts["rejected_path"] else [*found, *judged]
    columns = Section("Columns", (", ".join(f"`{name}`" for name in facts["columns"]),))
    return render_page(
        facts["training_set"],
        verdict_of(facts),
        bool(facts["rejected_path"]),
        _meta(facts),
        [*first, *sections, columns],
        "REFUSED" if facts["rejected_path"] else "OK",
    )


def _meta(facts: Facts) -> str:
    within = [f"T in {facts['range']}"] if facts["range"] else []
    return " · ".join(
        [f"run {facts['run_id']}", f"as of {facts['as_of']}", *within, f"output `{output_of(facts)}`"]
    )


def _tables(facts: Facts) -> Section:
    rates = {name: use["match_rate"] for name, use in facts["feature_tables"].items()}
    known = {name: rate for name, rate in rates.items() if rate is not None}
    picture = match_rates(known) if known else ""
    return Section("Joined tables", (), TABLE_HEADER, tuple(table_rows_of(facts)), picture)


def _expectations(facts: Facts) -> Section:
    if not facts["expectations"]:
        return Section("Expectations")
    evaluated, failed = facts["expectations"]["evaluated"], facts["expectations"]["failed"]
    rows = [
        (failure["severity"], failure["text"], "\n".join(map(str, failure["rows"])))
        for failure in facts["failures"]
    ]
    return Section(
        "Expectations", (f"{evaluated - failed} of {evaluated} hold.",), FAILURE_HEADER, tuple(rows)
    )


def _audit(facts: Facts) -> Section:
    audit = audit_of(facts)
    sentences = (f"{audit}.",) if audit else ()
    rows = [
        (
            *(str(each[name]) for name in ("column", "published", "served", "label_event")),
            each["inputs"] or "-",
            "\n".join(map(str, each["rows"])),
        )
        for each in differences_of(facts)
    ]
    return Section("Training against serving", sentences, DIFFERENCE_HEADER, tuple(rows))
