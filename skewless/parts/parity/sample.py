"""Which label events an audit replays: a share by hash, so that it is the same every time, and the hard cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from skewless.ground.python_tasks import map_in_arrow

AUDIT = "skewless_audit"
"""The struct column of staged rows that an audit chooses by."""

KINDS = ("boundary", "late", "absent", "keyless")
HASHED, LARGEST = "hashed", "largest"
_CANDIDATES = "kind string, hash bigint, weight bigint"
# Of each kind of hard case as many as this part of the sample.
_SHARE_OF_HARD = 10
_MOST_A_HASH = 4
_TURN = "skewless_turn"


def audit_column(keys: Sequence[Column], t: Column, tables: Sequence[Column]) -> Column:
    """What an audit has to know of a row: a hash of its keys and T, T in microseconds, and how hard it is.

    `tables` are the structs that say so of each table: `boundary`, `late`, `absent`, `events`.
    """
    at = F.unix_micros(t)
    is_keyless = reduce(Column.__or__, [key.isNull() for key in keys], t.isNull())
    is_hard = {
        kind: reduce(Column.__or__, [table.getField(kind) for table in tables], F.lit(False))
        for kind in ("boundary", "late", "absent")
    }
    events = [table.getField("events") for table in tables]
    return F.struct(
        F.xxhash64(*keys, at).alias("hash"),
        at.alias("at"),
        *[(condition & ~is_keyless).alias(kind) for kind, condition in is_hard.items()],
        is_keyless.alias("keyless"),
        (F.greatest(F.lit(0).cast("bigint"), *events) if events else F.lit(0).cast("bigint")).alias("events"),
    )


def chosen_rows(staged: DataFrame, size: int) -> tuple[list[int], set[int]]:
    """The hashes of the label events to replay, and those of them that chance has chosen.

    `size` of them are those with the least hashes; of each kind of hard case, and of those with the largest windows,
    a tenth as many join them. One pass over the column `audit`; a partition keeps no more than it can contribute.
    """
    hard = max(1, size // _SHARE_OF_HARD)
    wanted = {HASHED: size, LARGEST: hard, **dict.fromkeys(KINDS, hard)}

    def candidates(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        kept: dict[str, list[tuple[int, int]]] = {}
        for batch in batches:
            for kind, found in _candidates_of(batch).items():
                kept[kind] = _least([*kept.get(kind, []), *found], wanted[kind])
        rows = [(kind, hash_, weight) for kind, found in kept.items() for weight, hash_ in found]
        kinds, hashes, weights = (
            (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
        )
        yield pa.record_batch(
            [pa.array(kinds, pa.string()), pa.array(hashes, pa.int64()), pa.array(weights, pa.int64())],
            ["kind", "hash", "weight"],
        )

    found: dict[str, list[tuple[int, int]]] = {}
    # In Arrow, a few candidates of each kind from each partition: six `orderBy().limit()` would be six passes.
    for kind, hash_, weight in map_in_arrow(staged.select(f"{AUDIT}.*"), candidates, _CANDIDATES).collect():
        found.setdefault(kind, []).append((weight, hash_))
    chosen = {kind: [hash_ for _, hash_ in _least(each, wanted[kind])] for kind, each in found.items()}
    return sorted({hash_ for each in chosen.values() for hash_ in each}), set(chosen.get(HASHED, []))


def rows_with(staged: DataFrame, hashes: Sequence[int]) -> DataFrame:
    """The rows of these hashes, a few times as many as there are hashes at most.

    Many label events may share their keys and T, all those without an entity of one midnight for instance: the first
    of every hash come before the second of any.
    """
    # In turn, so that one entity with a hundred thousand label events at midnight does not fill the sample.
    each = F.col(f"{AUDIT}.hash")
    in_turn = Window.partitionBy(each).orderBy(each).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    numbered = staged.where(each.isin(hashes)).withColumn(_TURN, F.row_number().over(in_turn))
    return numbered.orderBy(_TURN, each).limit(_MOST_A_HASH * len(hashes) + 1).drop(_TURN)


def _candidates_of(batch: pa.RecordBatch) -> Mapping[str, list[tuple[int, int]]]:
    """Kind → (weight, hash) of the batch's rows of that kind; the least weights are wanted first."""
    columns = {name: batch[name].to_numpy(zero_copy_only=False) for name in ("hash", "events", *KINDS)}
    hashes = columns["hash"].astype(np.int64)
    found = {HASHED: list(zip(hashes.tolist(), hashes.tolist(), strict=True))}
    for kind in KINDS:
        own = hashes[columns[kind].astype(bool)].tolist()
        found[kind] = list(zip(own, own, strict=True))
    has_events = columns["events"] > 0
    weights = (-columns["events"][has_events]).tolist()
    found[LARGEST] = list(zip(weights, hashes[has_events].tolist(), strict=True))
    return found


def _least(candidates: list[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    return sorted(set(candidates))[:size]
