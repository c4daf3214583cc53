"""What the store was last written from, and the tables now → what of each table this run has to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from pyspark.sql import DataFrame, SparkSession

from skewless.lake.sources import read_version, root_of, rows_of_files, table_id, why_unreadable
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
        changes = _changes(spark, tables, state.tables)
        works = [_work(spark, table, changes[table.name], state.tables[table.name]) for table in tables]
        unknown = [work for work in works if work is None]
        if not unknown:
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
    return None


def _changes(
    spark: SparkSession, tables: Sequence[SourceTable], known: Mapping[str, TableState]
) -> dict[str, Changes]:
    """What became of each table's rows since the version that the store was written from."""
    found = {}
    for table in tables:
        before, source = known[table.name], table.source
        if before.source_version is None or before.source_id != table_id(source.rows):
            found[table.name] = Changes({}, "another table lies at its place")
        else:
            folder = root_of(source.rows)
            found[table.name] = changes_since(spark, folder, before.source_version, source.version)
    return found


def _work(spark: SparkSession, table: SourceTable, changes: Changes, before: TableState) -> Work | None:
    """None where rows are gone, and it can no longer be read which."""
    if changes.is_nothing:
        return Work(table, UNCHANGED, "no row came or went", table)
    if changes.rewritten is None and (rows := _appended(spark, table, changes)) is not None:
        why = f"{len(changes.appended):,} files were added"
        return Work(table, INCREMENTAL, why, table.with_rows(rows))
    version, location = before.source_version, table.source.location
    is_same = version is not None and before.source_id == table_id(table.source.rows)
    if version is None or not is_same or why_unreadable(spark, location, version, with_files=True):
        return None
    former = table.with_rows(read_version(spark, location, version))
    return Work(table, FULL, changes.rewritten or "an added file is gone", table, former)


def _appended(spark: SparkSession, table: SourceTable, changes: Changes) -> DataFrame | None:
    """The appended rows; None where a file of them, which was compacted since, is gone."""
    by_version: dict[int, list[str]] = {}
    for path, version in changes.appended.items():
        by_version.setdefault(version, []).append(path)
    files, folder = Hadoop(spark), root_of(table.source.rows)
    compacted = [
        path for version, paths in by_version.items() if version != table.source.version for path in paths
    ]
    if not all(files.is_file(f"{folder}/{unquote(path)}") for path in compacted):
        return None
    parts = [
        rows_of_files(spark, table.source.location, version, paths) for version, paths in by_version.items()
    ]
    rows = parts[0]
    for other in parts[1:]:
        rows = rows.unionByName(other)
    return rows
