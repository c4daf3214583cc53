"""Which rows break an expectation, for people: on a terminal without their values unless they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

from skewless.ground.run.manifest import FailedExpectation

HIDDEN = "--show-rows, and the report, say which"


def broken_lines_of(failure: FailedExpectation, *, show_rows: bool) -> Iterator[str]:
    """The rows by key and column, then how many different values break it; which values only with `show_rows`."""
    columns = ", ".join(failure["columns"])
    for row in failure["rows"]:
        about = row["values"] if show_rows else columns
        yield f"{about} where {row['key']}" if about else f"row {row['key']}"
    if not failure["values"]:
        return
    spread = failure["spread"] or "what was found"
    yield f"{spread}: {'; '.join(values_of(failure)) if show_rows else HIDDEN}"


def row_texts_of(failure: FailedExpectation) -> list[str]:
    """The rows with key and values, as the report shows them."""
    return [": ".join(filter(None, (row["key"], row["values"]))) for row in failure["rows"]]


def values_of(failure: FailedExpectation) -> list[str]:
    """The offending values, the most frequent first, each with its number of rows where rows are judged singly."""
    return [
        each["value"] if each["count"] is None else f"{each['value']}: {each['count']:,} rows"
        for each in failure["values"]
    ]
