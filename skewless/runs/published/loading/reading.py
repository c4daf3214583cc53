"""A range of T of a published table → its rows in Arrow, with T and the moment of each outcome as instants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.ground.names import EVENT_DATE
from skewless.lake.delta_rs import DeltaRsTable
from skewless.runs.published.loading.moments import instants

if TYPE_CHECKING:
    import pyarrow as pa

_DAY = timedelta(days=1) // timedelta(microseconds=1)
_EPOCH = date(1970, 1, 1)


class Cells(NamedTuple):
    """Rows as they are published; per row T and, where the training set has it, when the outcome was known, in
    microseconds. `without_times` counts the rows of the version that have no T, among these or not.
    """

    rows: pa.Table
    t: pa.Array
    known: pa.Array | None
    without_times: int

    def where(self, mask: pa.Array) -> Cells:
        known = None if self.known is None else self.known.filter(mask)
        return Cells(self.rows.filter(mask), self.t.filter(mask), known, self.without_times)


@dataclass(frozen=True)
class Slice:
    """The rows of a table with T in [start, end), in microseconds, either None for no bound; without both, all rows."""

    table: DeltaRsTable
    columns: tuple[str, ...]
    labels: Mapping[str, Any]
    start: int | None
    end: int | None

    def read(self) -> Cells:
        import pyarrow as pa
        import pyarrow.compute as pc

        time, known = self._published("event_timestamp"), self._published("label_available_at")
        extra = [each for each in (time, known) if each is not None and each not in self.columns]
        rows = self.table.rows([*self.columns, *dict.fromkeys(extra)], self._dates())
        zone = self.labels.get("timezone")
        cells = Cells(
            # Taken by name, since a table of no columns has rows all the same.
            rows.select(self.columns),
            instants(rows[time], zone),
            None if known is None else instants(rows[known], zone),
            self.table.count(pc.field(EVENT_DATE).is_null()),
        )
        if self.start is None and self.end is None:
            return cells
        mask = pc.is_valid(cells.t)
        if self.start is not None:
            mask = pc.and_(mask, pc.fill_null(pc.greater_equal(cells.t, pa.scalar(self.start)), False))
        if self.end is not None:
            mask = pc.and_(mask, pc.fill_null(pc.less(cells.t, pa.scalar(self.end)), False))
        return cells.where(mask)

    def _dates(self) -> Any:
        """The partitions that the range can lie in: they are of T's UTC date, whatever kind of column T is."""
        import pyarrow.compute as pc

        conditions = []
        if self.start is not None:
            conditions.append(pc.field(EVENT_DATE) >= _day_of(self.start))
        if self.end is not None:
            conditions.append(pc.field(EVENT_DATE) <= _day_of(self.end))
        if len(conditions) == 2:
            return conditions[0] & conditions[1]
        return conditions[0] if conditions else None

    def _published(self, role: str) -> str | None:
        """The column that the labels name, as the table spells it: Spark looks names up whatever their case."""
        name = self.labels.get(role)
        if name is None:
            return None
        return next(each for each in self.table.columns if each.casefold() == name.casefold())


def _day_of(micros: int) -> date:
    return _EPOCH + timedelta(days=micros // _DAY)
