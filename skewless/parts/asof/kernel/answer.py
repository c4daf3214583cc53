"""What one table tells the label events: the winner where it survives, its windows, and how hard a case each is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skewless.ground.order.time_order import Ints
from skewless.parts.asof.kernel.labels import Asked
from skewless.parts.asof.kernel.layout import NOBODY
from skewless.parts.asof.kernel.sorted_side import SortedSide


class Answer:
    """One table's answers to all label events of a piece, its columns a slice of them at a time."""

    def __init__(self, side: SortedSide, asked: Asked) -> None:
        layout = side.layout
        self._side, self._asked = side, asked
        at = asked.at if layout.has_times else np.zeros_like(asked.at)
        winner = side.winners(asked.key, at)
        survives = side.surviving(winner, at)
        self._row = asked.for_all(np.where(survives, winner, NOBODY), NOBODY)
        is_at_t = self._is_at_t(winner)
        self._whole = {layout.at_t_slot: pa.array(asked.for_all(is_at_t, False))}
        if side.answers is not None:
            self._whole[layout.events_slot] = asked.structs_for_all(side.answers.aggregates(asked.rows))
        if layout.audit_slot is not None:
            self._whole[layout.audit_slot] = self._audit_flags(winner, survives, is_at_t)

    def tell(self, slot: str, values: pa.Array) -> None:
        """Let a column be told besides, whose value for each label event is this."""
        self._whole[slot] = values

    def columns(self, first: int, size: int) -> dict[str, pa.Array]:
        """The table's columns for the label events [first, first + size)."""
        layout, row = self._side.layout, self._row[first : first + size]
        absent = row == NOBODY
        values = self._side.values(list(layout.columns.values()), row, absent)
        whole = {name: column.slice(first, size) for name, column in self._whole.items()}
        return {
            layout.matched_slot: pa.array(~absent),
            **dict(zip(layout.columns, values, strict=True)),
            **whole,
        }

    def _is_at_t(self, winner: Ints) -> NDArray[np.bool_]:
        """Whether the winner, fresh or not, has T itself as one of its two times (J2).

        Such a row may be what the label event itself wrote. False of static rows, which have no times.
        """
        side, at = self._side, self._asked.at
        if not side.layout.has_times or not len(side.event):
            return np.zeros(len(winner), dtype=bool)
        of_t = (side.event[winner] == at) | (side.available[winner] == at)
        has_winner: NDArray[np.bool_] = of_t & (winner != NOBODY)
        return has_winner

    def _audit_flags(
        self, winner: Ints, survives: NDArray[np.bool_], is_at_t: NDArray[np.bool_]
    ) -> pa.StructArray:
        """A struct: `boundary`, an instant is exactly T or an age exactly its limit; `late`, a row that came late
        decides; `absent`, no row survives; `events` in the largest window.
        """
        boundary, late = self._hard_winners(winner)
        if self._side.layout.competes:
            # Where no row competes, windows alone decide, and no window reaches to T itself.
            boundary |= is_at_t
        events = np.zeros(len(winner), dtype=np.int64)
        if self._side.answers is not None:
            of_windows = self._side.answers.audit_flags(self._asked.rows)
            boundary |= of_windows.field("boundary").to_numpy(zero_copy_only=False)
            late |= of_windows.field("late").to_numpy(zero_copy_only=False)
            events = of_windows.field("events").to_numpy()
        flags = {"boundary": boundary, "late": late, "absent": ~survives}
        arrays = [pa.array(self._asked.for_all(found, name == "absent")) for name, found in flags.items()]
        arrays.append(pa.array(self._asked.for_all(events, 0)))
        return pa.StructArray.from_arrays(arrays, [*flags, "events"])

    def _hard_winners(self, winner: Ints) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        side, layout, at = self._side, self._side.layout, self._asked.at
        boundary, late = np.zeros(len(winner), dtype=bool), np.zeros(len(winner), dtype=bool)
        if not layout.competes or not layout.has_times or not len(side.event):
            return boundary, late
        event, available = side.event[winner], side.available[winner]
        if layout.lag is None:
            late |= available - event > layout.delay
        if layout.max_age is not None:
            boundary |= np.abs(at - event - layout.max_age) <= 1
        if layout.ends is not None:
            boundary |= side.ends[winner] == at
        has_winner = winner != NOBODY
        return boundary & has_winner, late & has_winner
