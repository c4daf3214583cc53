"""A feature view → a feature table's file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from skewless.runs.start.feast.definitions import Source, View
from skewless.runs.start.feast.yaml_text import in_one_line, line, name_of
from skewless.serving.values.durations import LONGEST_DAYS, microseconds, shortest

WAREHOUSE = "${WAREHOUSE:-./warehouse}"


@dataclass(frozen=True)
class Table:
    """A feature table to be written: of a view all columns, or those that one service takes."""

    name: str
    view: View
    columns: Sequence[str]

    @property
    def file(self) -> str:
        return f"conf/feature_tables/{self.name}.yml"

    @property
    def keys(self) -> list[str]:
        """The keys as the source has them."""
        source = self.view.source
        return [source.column(key) if source else key for key in self.view.keys]


@dataclass(frozen=True)
class Place:
    """Where a source's rows will be read: `location`, and what has to be done before, None where nothing has to.

    `is_parquet`: that is to make a Delta table of Parquet files.
    """

    location: str
    before: str | None
    is_parquet: bool = False


def place_of(source: Source, root: Path) -> Place:
    """A Delta table as it is; Parquet as the Delta table that it is made; anything else as that it is brought into."""
    own = f"{WAREHOUSE}/{name_of(source.name)}"
    if source.query:
        return Place(
            own, f"Feast runs a query for it: `{in_one_line(source.query)}`; write its rows there as Delta"
        )
    if source.kind == "spark" and source.place and "/" not in source.place:
        return Place(source.place, "if this catalog table is no Delta table, CONVERT TO DELTA makes it one")
    if source.kind in ("file", "spark"):
        path = path_of(source, root)
        return Place(path, None) if source.is_delta else Place(own, f"Feast reads Parquet at `{path}`", True)
    return Place(own, f"Feast reads {source.kind} table `{source.place}`; bring its rows there as Delta")


def path_of(source: Source, root: Path) -> str:
    """A path of Feast's is relative to its repository."""
    place = source.place.removeprefix("file://")
    return place if ":" in place else str(root / place)


def text_of(table: Table, root: Path) -> str:
    return "\n".join([*_lines(table, root), ""])


def _lines(table: Table, root: Path) -> Iterator[str]:
    view, source = table.view, table.view.source
    about = f": {in_one_line(view.description)}" if view.description else ""
    yield f"# Feast's feature view {view.name}{about}{f' (owner: {view.owner})' if view.owner else ''}"
    yield line("name", table.name)
    if source is None:
        yield line("source", f"{WAREHOUSE}/{table.name}", "TODO: Feast names no batch source")
        yield line("entity_keys", table.keys)
        yield line("event_timestamp", "event_timestamp", "TODO")
    else:
        place = place_of(source, root)
        yield line("source", place.location, f"{place.before}, see NOTES.md" if place.before else "")
        yield line("entity_keys", table.keys)
        yield line("event_timestamp", source.event_timestamp or "event_timestamp")
        yield from _available(source, root)
    if view.ttl:
        age = timedelta(seconds=view.ttl)
        yield line("max_age", shortest(microseconds(age)), "the view's ttl", is_off=age.days > LONGEST_DAYS)
    yield line("timezone", "UTC", "Feast takes times without a zone as UTC")
    yield line(
        "columns", [source.column(each) if source else each for each in table.columns], _renamed(table)
    )


def _renamed(table: Table) -> str:
    source = table.view.source
    mapped = [each for each in table.columns if source and source.column(each) != each]
    return f"Feast calls them {', '.join(mapped)}" if mapped and source else ""


def _available(source: Source, root: Path) -> Iterator[str]:
    """`created_timestamp_column` breaks ties in Feast. It is the nearest thing to an availability that Feast knows,
    unless the data say that one load wrote every row.
    """
    if not source.created:
        yield "# TODO available_at: the column of when serving could first read the row, or delay: how long that takes"
        return
    is_load = _is_one_load(source, root)
    yield from _CREATED
    yield from _ONE_LOAD if is_load else _ROW_BY_ROW
    yield line("available_at", source.created, is_off=is_load)


_CREATED = (
    "# Feast's created_timestamp_column. There it breaks ties only, and a row is joined from its event timestamp on;",
)
_ONE_LOAD = (
    "# here a row is not seen before it, and in the data every row was created after the last event: that is when",
    "# it was loaded, not when serving could read it. TODO the true column, or delay: how long it takes.",
)
_ROW_BY_ROW = (
    "# here a row is not seen before it: label events between the two get the row before, as serving did.",
    "# Remove it where it says when rows were loaded again, not when serving could first read them.",
)


def _is_one_load(source: Source, root: Path) -> bool:
    """Whether no row was created before the last event, by the footers of a Parquet file on this machine."""
    path = Path(path_of(source, root))
    if source.kind != "file" or not path.is_file():
        return False
    try:
        import pyarrow.parquet as pq

        footer = pq.read_metadata(path)
        bounds: dict[str, list[Any]] = {}
        for group in (footer.row_group(number) for number in range(footer.num_row_groups)):
            for chunk in (group.column(number) for number in range(group.num_columns)):
                known = chunk.statistics
                if known is not None and known.has_min_max:
                    bounds.setdefault(chunk.path_in_schema, []).extend((known.min, known.max))
        first = min(each.replace(tzinfo=None) for each in bounds[source.created])
        return bool(first >= max(each.replace(tzinfo=None) for each in bounds[source.event_timestamp]))
    except (ImportError, OSError, ValueError, KeyError, AttributeError):
        return False
