"""The raw rows of the entities of some label events, read from the feature table itself and not from the join."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from skewless.ground.arrow_values import python_columns
from skewless.ground.instants import DAY_IN_MICROSECONDS, MICROSECOND, could_be_within
from skewless.ground.spark_columns import as_key, column
from skewless.serving.plan.serve.compiled import TableNeeds

MOST_ROWS = 500_000
"""Raw rows of one table that an audit holds; the entities with the most rows are left out where there are more."""

Entity = tuple[Any, ...]
Entities = Mapping[Entity, Sequence[Mapping[str, Any]]]


def rows_within(rows: DataFrame, needs: TableNeeds, moments: pa.Array) -> DataFrame:
    """The rows that serving may need for some T, in microseconds, so that no history is read which decides nothing.

    Twice the look-back and a day on either side: a row that is a little too old or too new is what a difference may
    have come from, and what the join reads is not to be cut off at the same place.
    """
    first, last = pc.min(moments).as_py(), pc.max(moments).as_py()
    if needs.event_timestamp is None or last is None:
        return rows
    backs = [needs.row_look_back] * needs.rows + [needs.event_look_back] * needs.events
    known = [back // MICROSECOND for back in backs if back is not None]
    oldest = first - 2 * max(known) - DAY_IN_MICROSECONDS if known and len(known) == len(backs) else None
    kind = rows.schema[needs.event_timestamp].dataType
    near = could_be_within(column(needs.event_timestamp), kind, oldest, last + DAY_IN_MICROSECONDS)
    return rows.where(near)


def entity_rows(
    rows: DataFrame, keys: Sequence[tuple[str, str]], label_events: pa.Table, columns: Sequence[str]
) -> tuple[Entities, set[Entity]]:
    """Entity → its rows of these columns, and the entities left out, since they have more rows than can be held.

    `keys` are (table key, label column) pairs. An entity is the values of the label columns; one with a null has no
    rows.
    """
    own = _of_entities(rows, keys, label_events)
    names = [key for key, _ in keys]
    wanted = list(dict.fromkeys([*names, *columns]))
    # One row more than may be held, so that one job both reads them and finds out that there are too many.
    found = own.select(*map(column, wanted)).limit(MOST_ROWS + 1).toArrow()
    if found.num_rows <= MOST_ROWS:
        return _by_entity(found, names, columns), set()
    if not keys:
        return {}, {()}
    left_out = _largest(own, names)
    return entity_rows(rows, keys, _without(label_events, keys, left_out), columns)[0], left_out


def _of_entities(rows: DataFrame, keys: Sequence[tuple[str, str]], label_events: pa.Table) -> DataFrame:
    if not keys:
        return rows
    types = {field.name: field.dataType for field in rows.schema}
    labels = label_events.select([label_column for _, label_column in dict.fromkeys(keys)])
    names = [f"entity_{place}" for place in range(labels.num_columns)]
    distinct = labels.rename_columns(names).group_by(names).aggregate([])
    # A semi-join, since `isin` knows one column; broadcast, since entities are few and a table of history is not
    # shuffled.
    entities = F.broadcast(rows.sparkSession.createDataFrame(distinct))
    matches = [
        as_key(column(key), types[key]) == as_key(F.col(name), entities.schema[name].dataType)
        for name, (key, _) in zip(names, keys, strict=True)
    ]
    return rows.join(entities, matches, how="left_semi")


def _by_entity(found: pa.Table, keys: Sequence[str], columns: Sequence[str]) -> Entities:
    values = python_columns(found)
    entities = list(zip(*[values[key] for key in keys], strict=True)) if keys else [()] * found.num_rows
    grouped: dict[Entity, list[Mapping[str, Any]]] = {}
    for entity, row in zip(entities, zip(*[values[name] for name in columns], strict=True), strict=True):
        grouped.setdefault(entity, []).append(dict(zip(columns, row, strict=True)))
    return grouped


def _largest(own: DataFrame, keys: Sequence[str]) -> set[Entity]:
    """The entities without which the rest fits, those with the most rows first."""
    counted = own.groupBy(*map(column, keys)).count().toArrow()
    values = python_columns(counted)
    sizes = Counter(dict(zip(zip(*[values[key] for key in keys], strict=True), values["count"], strict=True)))
    total, left_out = sum(sizes.values()), set()
    for entity, size in sizes.most_common():
        if total <= MOST_ROWS:
            break
        left_out.add(entity)
        total -= size
    return left_out


def _without(label_events: pa.Table, keys: Sequence[tuple[str, str]], entities: set[Entity]) -> pa.Table:
    values = python_columns(label_events.select([label_column for _, label_column in dict.fromkeys(keys)]))
    kept = [entity not in entities for entity in zip(*[values[name] for _, name in keys], strict=True)]
    return label_events.filter(pa.array(kept, pa.bool_()))
