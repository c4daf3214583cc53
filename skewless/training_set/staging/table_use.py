"""Joined tables → how a run has used each: what it read, and how many of its rows it matched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import Column, Observation
from pyspark.sql import functions as F

from skewless.ground.run.manifest import ReadAmount, TableCounts
from skewless.ground.spark_columns import as_key, column
from skewless.lake.sizes import Extent, extent_of, whole_extent
from skewless.parts.asof import JoinSide, SentCounts
from skewless.training_set.opened import OpenedTrainingSet


@dataclass(frozen=True)
class TableUse:
    """How a joined table was used: rows read, rows of those with a null key or time, label events matched.

    `at_t` counts the label events whose winning row became true, or available, at exactly T.
    `read` is what was read of the files that the table has, `whole`.
    `repeated_keys` counts, for a static table, the rows beyond the first of their key; None otherwise.
    """

    version: int
    rows_read: int
    null_rows: int
    matched: int
    at_t: int
    read: Extent
    whole: Extent
    repeated_keys: int | None = None

    def counts(self, label_events: int) -> TableCounts:
        return {
            "version": self.version,
            "rows_read": self.rows_read,
            "null_rows": self.null_rows,
            "match_rate": self.matched / label_events if label_events else None,
            "at_t": self.at_t,
        }

    @property
    def amount(self) -> ReadAmount:
        return {
            "files": self.read.files,
            "of_files": self.whole.files,
            "bytes": self.read.bytes,
            "of_bytes": self.whole.bytes,
        }


def counting(side: JoinSide, observation: Observation | None) -> JoinSide:
    """The same side, whose rows are counted as they are read, or sent."""
    if observation is None:
        return replace(side, counted=True)
    return replace(side, rows=side.rows.observe(observation, *_row_counts(side)))


def matches_of(side: JoinSide) -> list[Column]:
    """The aggregates over joined rows that `use_of` reads of a side."""
    sent = [F.max(F.col(side.sent_slot)).alias(side.sent_slot)] if side.broadcast else []
    return [
        *sent,
        F.count_if(side.is_matched()).alias(side.matched_slot),
        F.count_if(F.col(side.at_t_slot)).alias(side.at_t_slot),
    ]


def use_of(
    opened: OpenedTrainingSet, side: JoinSide, observed: Mapping[str, int], totals: Mapping[str, Any]
) -> TableUse:
    """What came of a side: `observed` are the counts of its rows where it was not sent, `totals` those over the joined
    rows.
    """
    # Without a label event nothing is sent.
    sent = SentCounts(*(totals[side.sent_slot] or (0, 0, 0))) if side.broadcast else None
    rows_read, null_rows = (
        (sent.rows_read, sent.null_rows) if sent else (observed["rows_read"], observed["null_rows"])
    )
    is_static = side.event_timestamp is None
    repeated = (sent.repeated_keys if sent else _repeated_keys(side)) if is_static else None
    source = opened.inputs[f"feature_tables.{side.name}"]
    extents = extent_of(side.rows), whole_extent(source.rows)
    matched, at_t = totals[side.matched_slot], totals[side.at_t_slot]
    return TableUse(source.version, rows_read, null_rows, matched, at_t, *extents, repeated)


def _row_counts(side: JoinSide) -> list[Column]:
    return [F.count(F.lit(1)).alias("rows_read"), F.count_if(~side.is_matchable()).alias("null_rows")]


def _repeated_keys(side: JoinSide) -> int:
    """How many rows of a static table stand beside another of the same key."""
    keys = [as_key(column(key), side.types[key]) for key, _ in side.keys]
    per_key = side.rows.where(side.is_matchable()).groupBy(*keys).count()
    row = per_key.agg(F.coalesce(F.sum(F.col("count") - 1), F.lit(0)).alias("repeated")).first()
    assert row is not None, "an aggregate without grouping has one row"
    return int(row["repeated"])
