"""What the store was last written from, and the tables now → what of each table this run has to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession

from skewless.lake.sources import Source, read_version, root_of, rows_of_files, table_id, why_unreadable
from skewless.lake.storage import Hadoop
from skewless.runs.materialize.changes import Changes, changes_since
from skewless.runs.materialize.published import PublishedPlan
from skewless.runs.materialize.tables import SourceTable
from skewless.serving.store.seam import StoreState, TableState

FULL, INCREMENTAL, UNCHANGED = "full", "incremental", "unchanged"


@dataclass(frozen=True)
class Work:
    """A stored table of this run: `mode`, why it is so, the rows to read, and those whose keys are to be taken away."""

    table: SourceTable
    mode: str
    why: str
    read: SourceTable
    before: SourceTable | None = None


@dataclass(frozen=True)
class Planned:
    """What a run does: `is_whole` begins with an empty store and writes all tables."""

    is_whole: bool
    works: Sequence[Work]


@dataclass(frozen=True)
class News:
    """What became of a feature table's rows: those that were appended, else, where it can be read, the former table."""

    changes: Changes
    appended: DataFrame | None = None
    former: DataFrame | None = None


Since = tuple[str, int | None, str | None]
"""A feature table's place, and the version and the table that the store was written from."""


def planned(
    spark: SparkSession,
    plan: PublishedPlan,
    tables: Sequence[SourceTable],
    state: StoreState | None,
    full: bool,
) -> Planned:
    """Each table as little as its log allows; all of them anew where the store has nothing that could be written on."""
    why = _why_whole(plan, tables, state, full)
    if state is not None and why is None:
        news: dict[Since, News] = {}
        works = [_work(table, _news(spark, table, state.tables[table.name], news)) for table in tables]
        if None not in works:
            return Planned(False, [work for work in works if work is not None])
        why = "a version that the store was written from can no longer be read"
    return Planned(True, [Work(table, FULL, str(why), table) for table in tables])


def _why_whole(
    plan: PublishedPlan, tables: Sequence[SourceTable], state: StoreState | None, full: bool
) -> str | None:
    if full:
        return "--full"
    if state is None:
        return "the first run"
    if state.fingerprint != plan.fingerprint:
        return f"the store has rows of another plan, that of version {state.version}"
    if any(table.name not in state.tables for table in tables):
        return "the store lacks a table"
    if any(state.tables[table.name].columns != table.stored.columns for table in tables):
        return "the store's rows have other columns"
    return None


def _news(spark: SparkSession, table: SourceTable, before: TableState, known: dict[Since, News]) -> News:
    """What became of a table's rows since the version that the store was written from, looked up once."""
    since = (table.source.location, before.source_version, before.source_id)
    if since not in known:
        known[since] = _looked_up(spark, table.source, before)
    return known[since]


def _looked_up(spark: SparkSession, source: Source, before: TableState) -> News:
    if before.source_version is None or before.source_id != table_id(source.rows):
        return News(Changes({}, "another table lies at its place"))
    changes = changes_since(spark, root_of(source.rows), before.source_version, source.version)
    if changes.is_nothing:
        return News(changes)
    if changes.rewritten is None:
        appended = _appended(spark, source, changes)
        if appended is not None:
            return News(changes, appended)
        changes = Changes({}, "a file of rows that were added is gone")
    if why_unreadable(spark, source.location, before.source_version, with_files=True):
        return News(changes)
    return News(changes, former=read_version(spark, source.location, before.source_version))


def _work(table: SourceTable, news: News) -> Work | None:
    """None where rows are gone, and it can no longer be read which."""
    changes = news.changes
    if changes.is_nothing:
        return Work(table, UNCHANGED, "no row came or went", table)
    if news.appended is not None:
        why = f"{len(changes.appended):,} files were added"
        return Work(table, INCREMENTAL, why, table.with_rows(news.appended))
    if news.former is None:
        return None
    return Work(table, FULL, str(changes.rewritten), table, table.with_rows(news.former))


def _appended(spark: SparkSession, source: Source, changes: Changes) -> DataFrame | None:
    """The appended rows; None where a file of them, which was compacted since, is gone."""
    by_version: dict[int, list[str]] = {}
    for path, version in changes.appended.items():
        by_version.setdefault(version, []).append(path)
    files, folder = Hadoop(spark), root_of(source.rows)
    compacted = [path for version, paths in by_version.items() if version != source.version for path in paths]
    if not all(files.is_file(f"{folder}/{unquote(path)}") for path in compacted):
        return None
    parts = (rows_of_files(spark, source.location, version, paths) for version, paths in by_version.items())
    # Versions before a column was added lack it.
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts)
