"""Label events and events of one table, a column each, as the pass of the as-of join takes them, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from skewless.parts.asof.kernel.layout import PassLayout, SideLayout, ValuePlace
from skewless.parts.asof.kernel.one_pass import answer_batches
from skewless.parts.windows.kernel.kernel import TableWindows
from skewless.parts.windows.kernel.layout import Measure

KEPT = ("bucket", "key", "moment", "available")
DAYS_OF_SPARE = 40 * 86_400_000_000


def answered(
    table: pa.Table,
    measures: Sequence[Measure],
    strict: bool,
    lag: int | None,
    rows_a_batch: int,
    most_bytes: int,
) -> dict[int, dict[str, Any]]:
    """Per label event, by its number: `ev`, whether an event is visible, and `events_ev`, the measures."""
    bounds = list(dict.fromkeys(name for measure in measures for name in measure.bounds or ()))
    values = [name for name in table.column_names if name not in {*KEPT, *bounds, "label_event", "table"}]
    rows, places = pass_rows(table, values, bounds)
    sums = any(measure.function in ("sum", "mean", "stddev") and measure.value == "x" for measure in measures)
    side = SideLayout(
        tag=1,
        matched_slot="ev",
        at_t_slot="ev_at_t",
        columns={},
        has_times=True,
        strict=strict,
        competes=False,
        lag=lag,
        delay=0,
        max_age=None,
        ends=None,
        events_slot="events_ev",
        events=places,
        answers=partial(TableWindows, measures=measures, strict=strict),
        oldest=None if sums else partial(_oldest, max((m.length + m.offset for m in measures), default=0)),
        audit_slot=None,
        sent_slot=None,
    )
    layout = PassLayout(("place",), ("key",), (side,), (), most_bytes)
    found: dict[int, dict[str, Any]] = {}
    for batch in answer_batches(iter(rows.to_batches(max_chunksize=rows_a_batch)), layout):
        for row in batch.to_pylist():
            assert row["place"] not in found
            found[row.pop("place")] = row
    return found


def pass_rows(
    table: pa.Table, values: Sequence[str], bounds: Sequence[str]
) -> tuple[pa.Table, dict[str, ValuePlace]]:
    """The rows, and where each of the values is in the lists."""
    flat = table.to_pylist()
    kinds = {table.schema.field(name).type: None for name in values}
    columns = {name: table[name] for name in KEPT if name in table.column_names}
    columns["side"] = pa.array([0 if row["label_event"] else 1 for row in flat], pa.int32())
    label = pa.struct(
        [("place", pa.int64()), ("t", pa.timestamp("us", "UTC")), *[(b, pa.int64()) for b in bounds]]
    )
    columns["label"] = pa.array([_label(row, bounds) for row in flat], pa.list_(label))
    places: dict[str, ValuePlace] = {}
    for number, kind in enumerate(kinds):
        own = [name for name in values if table.schema.field(name).type == kind]
        places |= {name: ValuePlace(f"values_{number}", position) for position, name in enumerate(own)}
        lists = [None if row["label_event"] else [row[name] for name in own] for row in flat]
        columns[f"values_{number}"] = pa.array(lists, pa.list_(kind))
    return pa.table(columns), places


def _label(row: dict[str, Any], bounds: Sequence[str]) -> list[dict[str, Any]] | None:
    if not row["label_event"]:
        return None
    (place,) = row["label_event"]
    return [{"place": place, "t": row["moment"], **{name: row[name] for name in bounds}}]


def _oldest(reach: int, first: int) -> int:
    return first - reach - DAYS_OF_SPARE
