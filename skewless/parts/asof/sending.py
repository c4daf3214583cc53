"""Sides that are small enough to be sent to where the label events are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from skewless.ground.python_tasks import map_in_arrow
from skewless.parts.asof.join_side import JoinSide
from skewless.parts.asof.kernel.layout import SentSide
from skewless.parts.asof.kernel.sent import PACKED, pack
from skewless.parts.asof.row_shape import SideRows, lists_of

# A row's number within its partition, of the number that Spark makes of both.
_WITHIN_PARTITION = 2**33 - 1


def sent_sides(
    sides: Sequence[JoinSide], label_keys: Mapping[str, str]
) -> tuple[list[Column], tuple[SentSide, ...]]:
    """Per side a column whose value in the first row of each partition is the whole table, and what the pass is told.

    A table is collected when the join runs, not before, and once: as a scalar subquery, whose value Spark sends with
    the tasks. `label_keys` are the label events' fields by label column.
    """
    sent = [_sent(side, label_keys) for side in sides]
    is_first = F.monotonically_increasing_id().bitwiseAND(F.lit(_WITHIN_PARTITION)) == 0
    return [F.when(is_first, packed).alias(sent_side.packed) for packed, sent_side in sent], tuple(
        sent_side for _, sent_side in sent
    )


def _sent(side: JoinSide, label_keys: Mapping[str, str]) -> tuple[Column, SentSide]:
    keyed = [key.alias(f"key_{place}") for place, key in enumerate(side.key_columns())]
    # Rows that cannot match are sent to be counted, and dropped where they are packed.
    own = SideRows(side, keyed, is_marked=True)
    lists = lists_of([own])
    columns = [value.alias(name) for name, value in own.in_lists(lists).items()]
    rows = own.rows.select(*own.head, *columns)
    layout = side.layout(1, own.places(lists))
    keys = tuple(label_keys[name] for name in side.label_columns)
    sent_side = SentSide(layout, f"sent_{side.name}", keys, to_arrow_schema(rows.schema))

    def packed(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        return pack(batches, sent_side)

    return map_in_arrow(rows.coalesce(1), packed, f"{PACKED} binary").scalar(), sent_side
