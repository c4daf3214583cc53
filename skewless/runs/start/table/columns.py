"""The columns of a feature table → `columns`, with what each is, and windows over them as examples."""

from __future__ import annotations

from collections.abc import Iterator

from skewless.runs.start.table.keys import Keys
from skewless.runs.start.table.look import ColumnLook, TableLook
from skewless.runs.start.table.section import Section, listed, scalar, share_text
from skewless.runs.start.table.times import Times
from skewless.runs.start.table.windows import examples, window_for


def column_sections(look: TableLook, keys: Keys, times: Times) -> Iterator[Section]:
    roles = {*keys.names, times.event, times.available, times.until}
    left_out = {name: why for name, column in look.columns.items() if (why := _why_not(column, keys, times))}
    taken = [column for name, column in look.columns.items() if name not in roles and name not in left_out]
    lines = [f"  - {scalar(column.name)}  # {_column_text(column)}" for column in taken]
    questions = [
        f"{listed(names)} left out: {why}. Right?"
        for why in dict.fromkeys(left_out.values())
        if (names := [name for name in left_out if left_out[name] == why and name not in roles])
    ]
    questions += _type_questions(taken)
    yield Section(["columns:", *lines] if lines else ["columns: []"], [], questions)
    if times.event is not None:
        yield _windows(look, keys, times.event, taken)


def _why_not(column: ColumnLook, keys: Keys, times: Times) -> str | None:
    if not column.is_publishable:
        return "no type that other readers of Delta can read"
    if column.rows and column.nulls == column.rows:
        return "null in every row"
    if column.name in times.dates:
        return "the day of the event timestamp, in UTC"
    if column.name in keys.row_ids:
        return "a value of its own in each row, so that it says nothing of the next"
    if column.distinct == 1 and not column.nulls and column.rows > 1:
        return "the same value in every row"
    return None


def _column_text(column: ColumnLook) -> str:
    distinct = "" if column.distinct is None else f", {column.distinct:,} distinct"
    nulls = f", null in {share_text(column.null_share)}" if column.nulls else ""
    return f"{column.kind.text}{distinct}{nulls}"


def _type_questions(taken: list[ColumnLook]) -> Iterator[str]:
    clocks = [column.name for column in taken if column.kind.kind == "timestamp_ntz"]
    if clocks:
        yield f"{listed(clocks)}: clock times without a zone are no inputs of feature functions. Needed all the same?"


def _windows(look: TableLook, keys: Keys, event: str, taken: list[ColumnLook]) -> Section:
    gaps = look.gaps(keys.names, event)
    window = window_for(gaps[0] if gaps else None)
    evidence = [
        f"Windows that fit; {window} holds about ten rows of an entity." if gaps else "Windows that fit.",
        "Each ends at T, which does not belong to it. Take what a model could use, and remove the rest.",
    ]
    return Section([], evidence, [], examples(taken, window))
