"""The catalog as one page: every feature in a table that is searched and sorted, lineage, the tables behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from skewless.config.words import length
from skewless.parts.page.page import Section, render_page
from skewless.runs.published.catalog.catalog import Catalog
from skewless.runs.published.catalog.entries import Entry, Holder
from skewless.runs.published.catalog.picture import lineage_of
from skewless.serving.values.durations import microseconds

NOT_KNOWN = "not known"
HOW_TO_READ = (
    "Point at a box to see what it is made of and what is made of it. Dashed: a window; round: a function."
)
LONGEST = 12
"""Characters of a bound that is a text."""

FEATURES = ("feature", "type", "what it is", "made of", "nulls", "range", "in versions", "owner")
SETS = ("training set", "label events", "keyed by", "learned", "features", "published", "output")
TABLES = ("table", "keyed by", "event timestamp", "visible", "stale after", "source", "read by")


def render_catalog(catalog: Catalog) -> str:
    sections = [
        Section("Features", header=FEATURES, rows=tuple(_feature_row(each) for each in catalog.entries)),
        *(
            Section(
                f"Lineage of {each.name}",
                (HOW_TO_READ,),
                picture=lineage_of(each.name, catalog.entries_of(each.name)),
            )
            for each in catalog.sets
        ),
        Section("Training sets", header=SETS, rows=tuple(_set_rows(catalog))),
        Section("Feature tables", header=TABLES, rows=tuple(_table_rows(catalog))),
        Section("To know before using it", items=tuple(catalog.notes)),
    ]
    meta = "Null shares and ranges are of the rows that stand, from the statistics of their files; no row was read."
    return render_page("Feature catalog", verdict_of(catalog), False, meta, sections, "CATALOG", is_wide=True)


def verdict_of(catalog: Catalog) -> str:
    """How much there is, in a line."""
    features, sets = len(catalog.entries), len(catalog.sets)
    tables = len({join.table.name for each in catalog.sets for join in each.spec.joins})
    held = f"{_counted(features, 'feature')} of {_counted(sets, 'training set')}"
    return f"{held}, from {_counted(tables, 'feature table')}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _feature_row(entry: Entry) -> tuple[str, ...]:
    what = "\n".join(filter(None, (entry.description, entry.computed)))
    made_of = [", ".join(entry.inputs)]
    if entry.columns != entry.inputs:
        made_of.append(f"from {', '.join(entry.columns)}")
    return (
        *(entry.name, entry.type or NOT_KNOWN, what, "\n".join(made_of)),
        "\n".join(_nulls(each) for each in entry.holders),
        "\n".join(_range(each) for each in entry.holders),
        "\n".join(_held(each) for each in entry.holders),
        entry.owner or "-",
    )


def _held(holder: Holder) -> str:
    if not holder.versions:
        return f"{holder.training_set}: unpublished"
    changed = ",\ncode changed since" if holder.is_current is False else ""
    return f"{holder.training_set}: {spans_of(holder.versions)}{changed}"


def spans_of(versions: Sequence[int]) -> str:
    """
    >>> spans_of([0, 1, 2, 5])
    '0 to 2, 5'
    """
    starts = [versions[0], *(after for before, after in pairwise(versions) if after != before + 1)]
    ends = [*(before for before, after in pairwise(versions) if after != before + 1), versions[-1]]
    spans = [
        f"{start}" if start == end else f"{start} to {end}" for start, end in zip(starts, ends, strict=True)
    ]
    return ", ".join(spans)


def _nulls(holder: Holder) -> str:
    return NOT_KNOWN if holder.null_share is None else f"{holder.null_share:.2%}"


def _range(holder: Holder) -> str:
    if holder.least is None or holder.greatest is None:
        return "-" if holder.null_share == 1 else NOT_KNOWN
    return " to ".join(dict.fromkeys((_shown(holder.least), _shown(holder.greatest))))


def _shown(value: Any) -> str:
    """A bound, short: a text that is long is cut, and of an instant the day is told."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date) or not isinstance(value, int):
        text = str(value)
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return f"{value:,}" if abs(value) >= 10_000 else f"{value}"


def _set_rows(catalog: Catalog) -> Iterator[tuple[str, ...]]:
    for each in catalog.sets:
        labels = each.spec.training_set.labels
        versions = [one.version for one in each.published.versions]
        yield (
            *(each.name, labels.source or "a query", ", ".join(labels.entity_keys)),
            *(", ".join(labels.label_columns), f"{len(catalog.entries_of(each.name))}"),
            spans_of(versions) if versions else "nothing yet",
            each.spec.output,
        )


def _table_rows(catalog: Catalog) -> Iterator[tuple[str, ...]]:
    joins = {join.table.name: join.table for each in catalog.sets for join in each.spec.joins}
    for name, table in sorted(joins.items()):
        readers = [
            each.name for each in catalog.sets if any(join.table.name == name for join in each.spec.joins)
        ]
        since = table.available_at or table.event_timestamp or ""
        delay = f"{length(microseconds(table.delay))} after " if table.delay else "from "
        yield (
            *(
                name,
                ", ".join(table.entity_keys) or "the whole world",
                table.event_timestamp or "static, no history",
            ),
            "always" if table.static else f"{delay}{since}",
            length(microseconds(table.max_age)) if table.max_age is not None else "never",
            *(table.source, ", ".join(readers)),
        )
