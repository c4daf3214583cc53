"""What a trace found, for a terminal and as HTML: per label event each table's row, the nearest not used, functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from skewless.parts.page.page import Section, render_page
from skewless.parts.page.plots import TimelineRow, timeline
from skewless.runs.trace.findings import Times, Traced, TracedEvent, TracedTable, TracedWindow

Cells = tuple[str, ...]

HEADER = ("of", "row", "why", "event", "available", "age", "values")
WINDOW_HEADER = ("aggregation", "value", "events", "window", "newest", "nearest that do not count")
FUNCTION_HEADER = ("feature function", "value", "inputs")
USED, NO_ROW, WINDOW, FUNCTION = "USED", "none", "window", "function"
NO_TIMES = ("-", "-", "-")
LONGEST = 100


def summary_of_trace(found: Traced, report: str | None = None) -> str:
    """The verdict, then a table for each label event."""
    lines = [verdict_of(found)]
    for event in found.label_events:
        lines += ["", _title(event), *_aligned([HEADER, *_table(event)])]
    return "\n".join([*lines, "", f"  report {report}"] if report else lines)


def render_trace(found: Traced) -> str:
    """The report as one HTML document: for each label event the rows, a picture of them beside T, and the windows."""
    sections = [section for event in found.label_events for section in _sections(event)]
    tables = ", ".join(f"{name} version {version}" for name, version in found.versions.items())
    found_in = "" if found.found_in is None else f" in version {found.found_in}"
    meta = f"where `{found.where}`{found_in} · the tables as they stand: {tables or 'none'}"
    return render_page(found.training_set, verdict_of(found), False, meta, sections, "TRACED")


def verdict_of(found: Traced) -> str:
    """How many label events are shown, and whether there are more."""
    count = len(found.label_events)
    events = f"{count} label event{'' if count == 1 else 's'}"
    more = "the first by T; more match, see --limit" if found.more else "all that match"
    found_in = "" if found.found_in is None else f" in version {found.found_in}"
    return f"{found.training_set}: {events}{found_in}, {more}"


def _title(event: TracedEvent) -> str:
    known = {name: value for name, value in event.label_event.items() if not isinstance(value, datetime)}
    columns = ", ".join(f"{name} = {_shown(value)}" for name, value in known.items())
    return f"T = {event.event_timestamp or 'null'}: {columns}"


def _table(event: TracedEvent) -> Iterator[Cells]:
    for name, table in event.feature_tables.items():
        yield from _row_cells(name, table)
        for aggregation, window in table.aggregations.items():
            yield from _window_cells(aggregation, window, table.note)
    for name, function in event.features.items():
        value = f"value {_shown(function.value)}: of {_values(function.inputs) or 'nothing'}"
        yield name, FUNCTION, "-", *NO_TIMES, value


def _sections(event: TracedEvent) -> Iterator[Section]:
    tables = event.feature_tables.items()
    rows = [cells for name, table in tables for cells in _row_cells(name, table)]
    yield Section(_title(event), (), HEADER, tuple(rows), _pictures(event))
    windows = [
        _window_row(name, window) for _, table in tables for name, window in table.aggregations.items()
    ]
    at = f"at T = {event.event_timestamp or 'null'}"
    yield Section(f"Windows {at}", (), WINDOW_HEADER, tuple(windows))
    functions = [
        (
            name,
            _shown(each.value),
            "\n".join(f"{key} = {_shown(value)}" for key, value in each.inputs.items()),
        )
        for name, each in event.features.items()
    ]
    yield Section(f"Feature functions {at}", (), FUNCTION_HEADER, tuple(functions))


def _window_row(name: str, window: TracedWindow) -> Cells:
    newest = "\n".join(each.event_timestamp or "-" for each in window.newest)
    others = [f"{each.why}: {each.detail}" for each in window.not_used]
    bounds = f"from {window.start}\nuntil {window.end}" if window.start else "-"
    return name, _shown(window.value), f"{window.events:,}", bounds, newest or "-", "\n".join(others)


def _row_cells(name: str, table: TracedTable) -> Iterator[Cells]:
    """The row used, if any, then the others."""
    if not table.values:
        return
    if table.row:
        own = {column.removeprefix(f"{name}__"): value for column, value in table.values.items()}
        yield name, USED, "the greatest visible row", *_times(table.row), _values(own)
    else:
        yield name, NO_ROW, table.note or "every value is null", *NO_TIMES, "-"
    for each in table.not_used:
        yield name, each.why, each.detail, *_times(each), _values(each.values)


def _window_cells(name: str, window: TracedWindow, note: str | None) -> Iterator[Cells]:
    """What the window holds, then the nearest events outside."""
    value = f"value {_shown(window.value)}"
    if note:
        yield name, NO_ROW, note, *NO_TIMES, value
        return
    count = f"{window.events:,} events in [{window.start}, {window.end})"
    newest = ", ".join(each.event_timestamp or "-" for each in window.newest)
    yield name, WINDOW, "-", *NO_TIMES, f"{value}: {count}" + (f", the newest at {newest}" if newest else "")
    for each in window.not_used:
        yield name, each.why, each.detail, *_times(each), "-"


def _times(row: Times) -> Cells:
    """Event, availability and age; what has not happened yet has no age."""
    if row.event_timestamp is None:
        return NO_TIMES
    age = row.age if (row.age_seconds or 0.0) >= 0 else None
    return row.event_timestamp, row.available or "-", age or "-"


def _values(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    text = "null" if value is None else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _aligned(rows: Sequence[Cells]) -> Iterator[str]:
    """Cells under one another, the last as long as it is; what the rows are of is written once."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER) - 1)]
    before = ""
    for of, *others in rows:
        texts = ["" if of == before else of, *others]
        cells = [cell.ljust(width) for cell, width in zip(texts, widths, strict=False)]
        yield "  " + "  ".join([*cells, others[-1]])
        before = of


def _pictures(event: TracedEvent) -> str:
    """A timeline for each table, since their rows are hours or months apart."""
    at = _moment(event.event_timestamp)
    rows = {name: list(_timeline_rows(table)) for name, table in event.feature_tables.items()}
    return "".join(timeline(at, each, f"{name}: rows near T") for name, each in rows.items() if at and each)


def _timeline_rows(table: TracedTable) -> Iterator[TimelineRow]:
    """The table's rows that have times which a picture can show."""
    rows: list[tuple[Times, str, str]] = [(each, each.why, each.detail) for each in table.not_used]
    if table.row and table.values:
        rows.insert(0, (table.row, USED.lower(), ""))
    for row, why, detail in rows:
        event, available = _moment(row.event_timestamp), _moment(row.available)
        if event and available:
            yield TimelineRow(why, event, available, row is table.row, detail)


def _moment(text: str | None) -> datetime | None:
    """An instant as Python has it; None for none, and outside the years 1 to 9999."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
    except ValueError:
        return None
