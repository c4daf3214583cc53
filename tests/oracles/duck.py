"""The as-of join as DuckDB answers it, where its semantics meet ours: no late rows and no ties."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import duckdb
import pyarrow as pa

from tests.oracles.asof import OracleTable, Row

INSTANT = pa.timestamp("us", tz="UTC")

NEAREST = """
SELECT CASE WHEN ($max_age IS NULL OR epoch_us(label.moment) - epoch_us(feature.event) <= $max_age)
             AND (feature.ends IS NULL OR label.moment < feature.ends)
            THEN feature.number END
FROM labels AS label ASOF LEFT JOIN features AS feature
  ON {same_keys} AND label.moment {reached} feature.visible_from
ORDER BY label.number
"""


def asof(label_events: list[Row], table: OracleTable, rows: list[Row], t: str) -> list[Row | None]:
    """Give, per label event and in their order, the selected columns of the row that DuckDB picks, or None.

    All times are aware datetimes or None. Rows of one key that tie on the event timestamp must be equal in
    the selected columns and `valid_until`, since DuckDB picks any of them. DuckDB sees keys and times only:
    values are looked up by the number of the row that it picked.
    Raises ValueError for a table without keys or event timestamp, or with `available_at`.
    """
    if not table.keys or table.event_timestamp is None or table.available_at is not None:
        raise ValueError(f"table {table.name!r}: expected keys, an event_timestamp and no available_at")
    label_keys, feature_keys = _key_columns(label_events, table, rows)
    same_keys = " AND ".join(f"label.{key} = feature.{key}" for key in label_keys)
    query = NEAREST.format(same_keys=same_keys, reached=">" if table.strict else ">=")
    limit = None if table.max_age is None else table.max_age // timedelta(microseconds=1)
    moments = [label[t] for label in label_events]
    with duckdb.connect() as connection:
        connection.register("labels", pa.table({**label_keys, **_numbered(moment=moments)}))
        connection.register("features", pa.table({**feature_keys, **_feature_times(table, rows)}))
        picked = connection.execute(query, {"max_age": limit}).fetchall()
    return [None if at is None else {name: rows[at][name] for name in table.columns} for (at,) in picked]


def _key_columns(
    label_events: list[Row], table: OracleTable, rows: list[Row]
) -> tuple[dict[str, pa.Array], dict[str, pa.Array]]:
    """Give both sides' keys as key_0, key_1, … with one type each, also where a side has only nulls."""
    label_keys, feature_keys = {}, {}
    for place, (table_key, label_column) in enumerate(table.keys):
        of_labels = [label[label_column] for label in label_events]
        of_rows = [row[table_key] for row in rows]
        inferred = pa.array(of_labels + of_rows).type
        key_type = pa.int64() if pa.types.is_null(inferred) else inferred
        label_keys[f"key_{place}"] = pa.array(of_labels, key_type)
        feature_keys[f"key_{place}"] = pa.array(of_rows, key_type)
    return label_keys, feature_keys


def _feature_times(table: OracleTable, rows: list[Row]) -> dict[str, pa.Array]:
    assert table.event_timestamp is not None
    events = [row[table.event_timestamp] for row in rows]
    visible_from = [None if event is None else event + table.delay for event in events]
    ends = [row[table.valid_until] if table.valid_until else None for row in rows]
    return _numbered(event=events, visible_from=visible_from, ends=ends)


def _numbered(**times: list[Any]) -> dict[str, pa.Array]:
    count = len(next(iter(times.values())))
    instants = {name: pa.array(values, INSTANT) for name, values in times.items()}
    return {"number": pa.array(range(count), pa.int64()), **instants}
