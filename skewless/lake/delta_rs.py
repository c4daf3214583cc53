"""Delta tables read without Spark and its JVM, through delta-rs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any, NamedTuple

from skewless.config.values import is_path
from skewless.ground.errors import InputError, NoTableError
from skewless.ground.run.commits import (
    EMPTY,
    HISTORY,
    RESTORED,
    Commit,
    empty_commit,
    is_torn_commit,
    manifest_files,
)
from skewless.lake.local_files import entries, texts
from skewless.lake.storage import is_local, local_path
from skewless.serving.errors import first_line


class ColumnStatistics(NamedTuple):
    """What files say of a column: of so many rows so many are null, and the least and the greatest value of the rest,
    None where some file does not say.
    """

    rows: int
    nulls: int | None
    least: Any = None
    greatest: Any = None

    def also(self, other: ColumnStatistics) -> ColumnStatistics:
        """Of the rows of both."""
        nulls = None if self.nulls is None or other.nulls is None else self.nulls + other.nulls
        sides = [each for each in (self, other) if each.nulls != each.rows]
        if any(each.least is None or each.greatest is None for each in sides):
            return ColumnStatistics(self.rows + other.rows, nulls)
        least = min((each.least for each in sides), default=None)
        return ColumnStatistics(
            self.rows + other.rows, nulls, least, max((each.greatest for each in sides), default=None)
        )


def is_asked_here(location: str) -> bool:
    """Whether delta-rs is asked of a table: where that is installed, of a path on this machine."""
    return is_path(location) and is_local(location) and find_spec("deltalake") is not None


@dataclass(frozen=True)
class DeltaRsTable:
    """One version of a table: where it is, and what delta-rs knows of it."""

    location: str
    table: Any

    @classmethod
    def at(cls, location: str, version: int | None = None) -> DeltaRsTable:
        """The table at a path or URI, as of a version, else its newest.

        Errors: NoTableError where there is none, InputError where it, or that version of it, cannot be read.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        place = str(local_path(location)) if is_local(location) else location
        try:
            found = cls(location, DeltaTable(place, version=version))
        except TableNotFoundError:
            raise NoTableError(f"'{location}': there is no Delta table; give the path of a table") from None
        except (DeltaError, OSError, ValueError) as error:
            what = "" if version is None else f" version {version}"
            torn = _torn_commit(location)
            said = f"cannot read {torn}: " if torn else "cannot be read: "
            remedy = f"; {RESTORED}" if torn else ""
            raise InputError(f"table '{location}':{what} {said}{first_line(error)}{remedy}") from error
        found._refuse_empty_commit()
        return found

    def _refuse_empty_commit(self) -> None:
        """InputError where a commit of this version holds nothing: delta-rs takes it for one that changed nothing."""
        from pyarrow.fs import FileSelector

        with self._read("its log"):
            infos = self._files.get_file_info(FileSelector("_delta_log"))
        name = empty_commit({info.base_name: info.size or 0 for info in infos}, self.version)
        if name is not None:
            raise InputError(f"table '{self.location}': cannot read _delta_log/{name}: {EMPTY}; {RESTORED}")

    @property
    def version(self) -> int:
        return int(self.table.version())

    @property
    def columns(self) -> list[str]:
        return [field.name for field in self.table.schema().fields]

    def property_of(self, key: str) -> str | None:
        """The value of a table property."""
        found: str | None = self.table.metadata().configuration.get(key)
        return found

    @cached_property
    def commits(self) -> list[Commit]:
        """Those up to this version that Delta's log still tells of, the newest first."""
        return self.commits_of(HISTORY)

    def commits_of(self, most: int) -> list[Commit]:
        """The newest so many of them."""
        with self._read("its log"):
            return [
                Commit(
                    int(each["version"]),
                    each.get("operation", ""),
                    each.get("operationParameters") or {},
                    each.get("userMetadata"),
                    int(each["timestamp"]) * 1000,
                )
                for each in self.table.history(most)
            ]

    def partition_values(self, column: str) -> set[str | None]:
        """The values of a partition column that some file has, as Delta's log has them."""
        with self._read("its log"):
            return {each[column] for each in self.table.partitions()}

    def names_in(self, folder: str) -> list[str]:
        """The names of the files in a folder of the table's, [] where there is no such folder."""
        from pyarrow.fs import FileSelector

        with self._read(folder):
            infos = self._files.get_file_info(FileSelector(folder, allow_not_found=True))
        return [info.base_name for info in infos]

    def text(self, path: str) -> str:
        """The text of a file in the table's folder; OSError where it cannot be read."""
        with self._files.open_input_file(path) as file:
            return str(file.read().decode("utf-8"))

    def fields(self) -> list[dict[str, Any]]:
        """Its columns as Delta's log has them: `name`, `type`, `metadata`."""
        found: list[dict[str, Any]] = json.loads(self.table.schema().to_json())["fields"]
        return found

    def statistics(self) -> dict[str, ColumnStatistics]:
        """Of each column of plain values what the footers of the files say, of files on this machine; no row is read.

        Not of Delta's log: it tells of the first 32 columns only, and features come last.
        """
        import pyarrow.parquet as pq

        with self._read("the footers of its files"):
            footers = [pq.read_metadata(local_path(uri)) for uri in self.table.file_uris()]
        names = self.columns
        found: dict[str, ColumnStatistics] = {}
        for group in (
            footer.row_group(place) for footer in footers for place in range(footer.num_row_groups)
        ):
            chunks = [group.column(place) for place in range(group.num_columns)]
            held = {chunk.path_in_schema.partition(".")[0]: chunk for chunk in chunks}
            for name in names:
                own = _statistics(held[name], group.num_rows) if name in held else None
                # A file from before the column was added reads as nulls.
                own = own or ColumnStatistics(group.num_rows, group.num_rows)
                found[name] = found[name].also(own) if name in found else own
        return found

    def rows(self, columns: Sequence[str], condition: Any = None) -> Any:
        """The columns as an Arrow table, of the rows for which an Arrow expression is true."""
        with self._read("its rows"):
            return self.table.to_pyarrow_dataset().to_table(columns=list(columns), filter=condition)

    def count(self, condition: Any) -> int:
        with self._read("its rows"):
            return int(self.table.to_pyarrow_dataset().count_rows(filter=condition))

    @cached_property
    def _files(self) -> Any:
        from deltalake.fs import DeltaStorageHandler
        from pyarrow.fs import PyFileSystem

        return PyFileSystem(DeltaStorageHandler.from_table(self.table._table))

    @contextmanager
    def _read(self, what: str) -> Iterator[None]:
        from deltalake.exceptions import DeltaError

        try:
            yield
        except (DeltaError, OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
            text = f"table '{self.location}': {what} cannot be read: {first_line(error)}"
            raise InputError(text) from error


def _torn_commit(location: str) -> str | None:
    """The file of a table's log that is torn, where the table is on this machine; delta-rs does not name it."""
    if not is_local(location):
        return None
    log = local_path(location) / "_delta_log"
    found = texts(log, list(manifest_files(entry.name for entry in entries(log)).values()))
    return next((f"_delta_log/{name}" for name in sorted(found) if is_torn_commit(found[name])), None)


def _statistics(chunk: Any, rows: int) -> ColumnStatistics:
    """What a row group says of a column; of the values inside an array or a struct nothing can be said."""
    known = chunk.statistics if "." not in chunk.path_in_schema else None
    if known is None or not known.has_null_count:
        return ColumnStatistics(rows, None)
    if not known.has_min_max:
        return ColumnStatistics(rows, known.null_count)
    return ColumnStatistics(rows, known.null_count, known.min, known.max)
