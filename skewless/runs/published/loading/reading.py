"""A range of T of a published table → its rows in Arrow, with T and the moment of each outcome as instants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.ground.names import EVENT_DATE
from skewless.ground.run.half_open import HalfOpen
from skewless.lake.delta_rs import DeltaRsTable
from skewless.runs.published.loading.moments import instants

if TYPE_CHECKING:
    import pyarrow as pa


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
    """The rows of a table with T in a range; all of them where both of its sides are open."""

    table: DeltaRsTable
    columns: tuple[str, ...]
    labels: Mapping[str, Any]
    range: HalfOpen

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
        if not self.range.instants:
            return cells
        is_known, t = pc.is_valid(cells.t), pc.fill_null(cells.t, 0).to_numpy()
        conditions = [bound.holds(t) for bound in self.range.instants]
        return cells.where(pa.array(reduce(and_, conditions, is_known.to_numpy(zero_copy_only=False))))

    def _dates(self) -> Any:
        """The partitions that the range can lie in: they are of T's UTC date, whatever kind of column T is."""
        import pyarrow.compute as pc

        conditions = [bound.holds(pc.field(EVENT_DATE)) for bound in self.range.dates]
        return reduce(and_, conditions) if conditions else None

    def _published(self, role: str) -> str | None:
        """The column that the labels name, as the table spells it: Spark looks names up whatever their case."""
        name = self.labels.get(role)
        if name is None:
            return None
        return next(each for each in self.table.columns if each.casefold() == name.casefold())
