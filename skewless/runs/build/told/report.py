"""The report of a build: verdict, what was left out, joined tables, what validation and the audit found, columns."""

from __future__ import annotations

from collections.abc import Sequence

from skewless.parts.page.page import Section, render_page
from skewless.parts.page.plots import match_rates
from skewless.parts.publish import Manifest
from skewless.runs.build.outcome import Outcome
from skewless.runs.build.told.broken import row_texts_of, values_of
from skewless.runs.build.told.columns import change_section, columns_section
from skewless.runs.build.told.summary import (
    left_out_of,
    notes_of,
    output_of,
    verdict_of,
)
from skewless.runs.manifest_text import TABLE_HEADER, audit_of, differences_of, range_of, table_rows_of

FAILURE_HEADER = ("severity", "expectation", "rows that break it", "values that break it")
DIFFERENCE_HEADER = ("column", "published", "serving", "label event", "inputs", "feature rows near T")


def render_build(built: Outcome, sections: Sequence[Section] = ()) -> str:
    """The report of a build as one HTML document; where the rows were refused, what refused them comes first."""
    manifest = built.manifest
    judged = [_expectations(manifest), _audit(manifest)]
    left_out = Section("Left out", items=tuple(left_out_of(manifest)))
    notes = Section("To know before using it", items=tuple(notes_of(manifest)))
    found = [left_out, notes, _tables(manifest)]
    first = [*judged, *found] if built.rejected_path else [*found, *judged]
    return render_page(
        manifest["training_set"],
        verdict_of(built),
        bool(built.rejected_path),
        _meta(manifest),
        [*first, *sections, *_columns(built)],
        "REFUSED" if built.rejected_path else "OK",
        is_wide=built.profile is not None,
    )


def _columns(built: Outcome) -> list[Section]:
    if built.profile:
        return [change_section(built.profile), columns_section(built.profile)]
    return [Section("Columns", (", ".join(f"`{name}`" for name in built.manifest["columns"]),))]


def _meta(manifest: Manifest) -> str:
    span = range_of(manifest)
    within = [f"T in {span}"] if span else []
    return " · ".join(
        [
            f"run {manifest['run_id']}",
            f"as of {manifest['as_of']}",
            *within,
            f"output `{output_of(manifest)}`",
        ]
    )


def _tables(manifest: Manifest) -> Section:
    rates = {name: use["match_rate"] for name, use in manifest["feature_tables"].items()}
    known = {name: rate for name, rate in rates.items() if rate is not None}
    picture = match_rates(known) if known else ""
    return Section("Joined tables", (), TABLE_HEADER, tuple(table_rows_of(manifest)), picture)


def _expectations(manifest: Manifest) -> Section:
    if not manifest["expectations"]:
        return Section("Expectations")
    evaluated, failed = manifest["expectations"]["evaluated"], manifest["expectations"]["failed"]
    rows = [
        (
            *(failure["severity"], failure["text"], "\n".join(row_texts_of(failure))),
            "\n".join(filter(None, (failure["spread"], *values_of(failure)))),
        )
        for failure in manifest["failures"]
    ]
    return Section(
        "Expectations", (f"{evaluated - failed} of {evaluated} hold.",), FAILURE_HEADER, tuple(rows)
    )


def _audit(manifest: Manifest) -> Section:
    audit = audit_of(manifest)
    sentences = (f"{audit}.",) if audit else ()
    rows = [
        (
            *(each["column"], each["published"], each["served"], each["label_event"]),
            each["inputs"] or "-",
            "\n".join(map(str, each["rows"])),
        )
        for each in differences_of(manifest)
    ]
    return Section("Training against serving", sentences, DIFFERENCE_HEADER, tuple(rows))
