"""Rows of a table as Arrow, with its schema → what they say of its columns, without Spark.

No value of a text column is kept: a proposal is committed to a repository, and text may be about people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skewless.ground.instants import DAY_IN_MICROSECONDS
from skewless.runs.start.table import words
from skewless.serving.plan.document.column_types import TIMES, ColumnType, column_type

Micros = npt.NDArray[np.int64]


TRIED = 100
"""Texts that are tried: whether all of a column are times a cast of the whole column will say."""

EPOCHS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6}
FIRST, LAST = 978_307_200, 2_524_608_000
"""2001 and 2050 in seconds: a number of another time is more likely a number of something else."""

MOST_NULL_KEYS = 0.5
"""A column that is null in more of the rows than this names nothing: a null key matches nothing (J5)."""


@dataclass(frozen=True)
class ColumnLook:
    """A column by its rows: `nulls` and `distinct` are counts; without `distinct` its values were not read."""

    name: str
    kind: ColumnType
    is_publishable: bool
    rows: int
    nulls: int
    distinct: int | None

    @property
    def null_share(self) -> float:
        return self.nulls / self.rows if self.rows else 0.0

    @property
    def is_time(self) -> bool:
        return self.kind.kind in TIMES

    @property
    def could_be_key(self) -> bool:
        """Whether rows can be matched by it, and told apart: no float, no time, no yes or no, no price."""
        is_match = self.kind.key_kind is not None and not self.is_time
        is_quantity = self.kind.kind in ("boolean", "binary") or self.kind.scale > 0
        return is_match and not is_quantity and self.null_share <= MOST_NULL_KEYS

    @property
    def is_unique(self) -> bool:
        """Whether each row has a value of its own."""
        return self.rows > 1 and self.distinct == self.rows

    @property
    def is_number(self) -> bool:
        return self.kind.family in ("integer", "decimal", "double")


@dataclass(frozen=True)
class Lag:
    """How far a time column is behind another, over the rows that have both; lengths in microseconds."""

    rows: int
    later: float
    earlier: float
    median: int
    most: int
    """What 99 % of the rows stay within."""


@dataclass(frozen=True)
class TableLook:
    """Columns by name in the order of the schema, over rows that were looked at of `total` (None: not known)."""

    columns: Mapping[str, ColumnLook]
    values: pa.Table
    total: int | None

    @property
    def rows(self) -> int:
        return int(self.values.num_rows)

    @property
    def is_whole(self) -> bool:
        return self.total == self.rows

    @cached_property
    def _codes(self) -> dict[str, Micros]:
        return {}

    def codes(self, name: str) -> Micros:
        """A number for each value of a column, nulls a number of their own."""
        if name not in self._codes:
            encoded = self.values[name].combine_chunks().dictionary_encode(null_encoding="encode")
            self._codes[name] = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return self._codes[name]

    def told_apart(self, names: Sequence[str]) -> float:
        """Combinations of values ÷ rows: 1.0 where no two rows share all of these columns."""
        if not self.rows:
            return 0.0
        if not names:
            return 1 / self.rows
        return len(np.unique(self._groups(names))) / self.rows

    def _groups(self, names: Sequence[str]) -> Micros:
        found = np.zeros(self.rows, np.int64)
        for name in names:
            codes = self.codes(name)
            # Numbered anew each time, so that the product of two counts of rows is the most that is needed.
            _, found = np.unique(found * (codes.max(initial=0) + 1) + codes, return_inverse=True)
        return found

    def micros(self, name: str) -> tuple[Micros, npt.NDArray[np.bool_]]:
        """A time column in microseconds, clock times and dates as if in UTC, and where it is not null."""
        column = self.values[name].combine_chunks()
        times = column.cast(pa.timestamp("us")) if pa.types.is_date(column.type) else column
        whole = times.cast(pa.int64()) if not pa.types.is_integer(times.type) else times
        valid = np.asarray(pc.is_valid(whole).to_numpy(zero_copy_only=False))
        return pc.fill_null(whole, 0).to_numpy(zero_copy_only=False), valid

    def lag(self, name: str, behind: str) -> Lag | None:
        """How far one time column is behind another; None where no row has both."""
        (times, known), (others, also) = self.micros(name), self.micros(behind)
        lags = (times - others)[known & also]
        if not len(lags):
            return None
        later, earlier = float((lags > 0).mean()), float((lags < 0).mean())
        median, most = (int(value) for value in np.quantile(lags, [0.5, 0.99], method="lower"))
        return Lag(len(lags), later, earlier, median, most)

    def gaps(self, keys: Sequence[str], time: str) -> tuple[int, int] | None:
        """Median and 99th percentile of the time from a row of an entity to its next; None where none has two."""
        groups, (times, known) = self._groups(keys), self.micros(time)
        groups, times = groups[known], times[known]
        order = np.lexsort((times, groups))
        steps = np.diff(times[order])[np.diff(groups[order]) == 0]
        steps = steps[steps > 0]
        if not len(steps):
            return None
        median, most = np.quantile(steps, [0.5, 0.99], method="lower")
        return int(median), int(most)

    def bounds(self, name: str) -> tuple[int, int] | None:
        times, known = self.micros(name)
        return (int(times[known].min()), int(times[known].max())) if known.any() else None

    def are_days_of(self, name: str, time: str) -> bool:
        """Whether a date is that of a time in UTC, in each row that has both."""
        if self.columns[name].kind.kind != "date":
            return False
        (days, known), (times, also) = self.micros(name), self.micros(time)
        both = known & also
        return bool(both.any()) and bool(
            (days[both] == times[both] - times[both] % DAY_IN_MICROSECONDS).all()
        )

    def grain(self, name: str) -> str | None:
        """The largest of day and hour that all times are whole ones of."""
        times, known = self.micros(name)
        for word, length in (("day", DAY_IN_MICROSECONDS), ("hour", DAY_IN_MICROSECONDS // 24)):
            if known.any() and not (times[known] % length).any():
                return word
        return None

    @cached_property
    def hidden_times(self) -> dict[str, str]:
        """Column of text or integers → what kind of time all of its values read as."""
        found = {name: _hidden_time(name, column, self.values) for name, column in self.columns.items()}
        return {name: reads_as for name, reads_as in found.items() if reads_as}


def look_at(
    values: pa.Table, types: Mapping[str, str], publishable: Mapping[str, bool], total: int | None
) -> TableLook:
    """`values` are the rows that were read, a column that is a boolean in place of nested values: whether it is null;
    `types` are all columns of the table as Spark spells them.
    """
    rows = values.num_rows
    columns = {
        name: _column(name, column_type(text), publishable.get(name, True), values, rows)
        for name, text in types.items()
    }
    return TableLook(columns, values, total)


def _hidden_time(name: str, column: ColumnLook, values: pa.Table) -> str | None:
    """Text by its first values, integers by their range, which dates between 2001 and 2050 have."""
    if not column.distinct:
        return None
    if column.kind.kind == "string":
        first = pc.drop_null(values[name]).slice(0, TRIED).to_pylist()
        return "a time" if all(map(_reads_as_time, first)) else None
    if column.kind.family != "integer":
        return None
    bounds = pc.min_max(values[name]).as_py()
    fits = [
        unit for unit, size in EPOCHS.items() if FIRST <= bounds["min"] / size <= bounds["max"] / size <= LAST
    ]
    is_named = words.says(name, words.HAPPENED | words.SERVED | words.UNTIL | {"at", "epoch", "unix"})
    return f"{fits[0]} since 1970" if fits and is_named else None


def _reads_as_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return False
    return not text.strip().isdecimal()  # 20240101 is a number of many things


def is_read(kind: ColumnType) -> bool:
    """Whether a column's values are looked at; of others only which are null."""
    return kind.kind not in ("array", "map", "struct", "other", "binary")


def _column(name: str, kind: ColumnType, is_publishable: bool, values: pa.Table, rows: int) -> ColumnLook:
    column: Any = values[name]
    if not is_read(kind):
        return ColumnLook(name, kind, is_publishable, rows, pc.sum(column).as_py() or 0, None)
    distinct = pc.count_distinct(column, mode="only_valid").as_py()
    return ColumnLook(name, kind, is_publishable, rows, column.null_count, distinct)
