"""`skewless catalog`: the page, and how much is on it."""

from __future__ import annotations

from skewless.ground.errors import InputError
from skewless.ground.run.steps import step
from skewless.runs.execution import Result, Run, write_output
from skewless.runs.published.catalog.catalog import catalog_of
from skewless.runs.published.catalog.known_tables import Tables
from skewless.runs.published.catalog.page import render_catalog, verdict_of


def write_catalog(run: Run, target: str) -> Result:
    """Write the page of every feature of every training set."""
    if not target.endswith(".html"):
        raise InputError(f"--to '{target}' is a page; end it in .html")
    configuration = run.configuration()
    with step("looking at tables"):
        catalog = catalog_of(configuration, Tables(run.spark))
    with step("writing the page"):
        write_output("--to", target, render_catalog(catalog), run)
    lines = [f"{target}: {verdict_of(catalog)}", *(f"  note     {note}" for note in catalog.notes)]
    return Result({**catalog.to_json(), "page": target}, "\n".join(lines))
