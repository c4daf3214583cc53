"""One self-contained HTML file: verdict, tables, then whatever sections a caller adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.pit.report.page import ENVIRONMENT, Section, pictured
from jobs.pit.report.summary import (
    TABLE_HEADER,
    audit_of,
    differences_of,
    left_out_of,
    notes_of,
    output_of,
    table_rows_of,
    verdict_of,
)


def render_build(facts: Mapping[str, Any], sections: Sequence[Section] = ()) -> str:
    """The report of a build as one HTML document: no script, nothing fetched from elsewhere."""
    return ENVIRONMENT.get_template("build.html").render(
        facts=facts,
        verdict=verdict_of(facts),
        output=output_of(facts),
        left_out=left_out_of(facts),
        audit=audit_of(facts),
        differences=differences_of(facts),
        header=TABLE_HEADER,
        tables=table_rows_of(facts),
        notes=notes_of(facts),
        sections=pictured(sections),
    )
