"""Rows that do not fit in memory: cut by key, or in time, they give what they give at once."""

from __future__ import annotations

import gc
from collections import Counter
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skewless.parts.asof.kernel.clock import clock_of
from skewless.parts.asof.kernel.keys import KeyNumbers
from skewless.parts.asof.kernel.layout import PassLayout, SideLayout, ValuePlace
from skewless.parts.asof.kernel.one_pass import answer_batches
from skewless.parts.asof.kernel.pieces import pieces
from skewless.parts.windows.kernel.kernel import TableWindows
from skewless.parts.windows.kernel.layout import Measure

HOUR = 3_600_000_000
SCHEMA = pa.schema(
    [
        ("bucket", pa.int64()),
        ("key", pa.string()),
        ("side", pa.int32()),
        ("moment", pa.int64()),
        ("available", pa.int64()),
        ("label", pa.list_(pa.struct([("place", pa.int64()), ("t", pa.timestamp("us", "UTC"))]))),
        ("values_0", pa.list_(pa.int64())),
        ("values_1", pa.list_(pa.string())),
    ]
)


def side(tag: int, **options: Any) -> SideLayout:
    """A table of a number and a text."""
    spec = {
        "tag": tag,
        "matched_slot": f"side_{tag}",
        "at_t_slot": f"side_{tag}_at_t",
        "columns": {f"number_{tag}": ValuePlace("values_0", 0), f"text_{tag}": ValuePlace("values_1", 0)},
        "has_times": True,
        "strict": False,
        "competes": True,
        "lag": 0,
        "delay": 0,
        "max_age": None,
        "ends": None,
        "events_slot": "",
        "events": {},
        "answers": None,
        "oldest": None,
        "audit_slot": None,
        "sent_slot": None,
    }
    return SideLayout(**{**spec, **options})


SIDES = (
    side(1),
    side(2, lag=None, strict=True),
    side(3, has_times=False),
    side(4, lag=None, max_age=5 * HOUR, ends=ValuePlace("values_0", 1)),
    side(5, competes=False, columns={}, lag=2 * HOUR),
    side(
        6,
        competes=False,
        columns={},
        events_slot="events",
        answers=partial(
            TableWindows, measures=[Measure("n", "count", None, None, None, 30 * HOUR)], strict=False
        ),
        oldest=lambda first: first - 30 * HOUR,
    ),
)


def rows_of(labels: int, rows: int, keys: int, hot: float, seed: int = 1) -> pa.Table:
    """Label events and rows of all tables in any order, many at the same instants; a `hot` share under one key."""
    rng = Random(seed)

    def key() -> int:
        return 0 if rng.random() < hot else rng.randrange(keys)

    def moment() -> int:
        return rng.randrange(200) * HOUR

    found: list[dict[str, Any]] = []
    for place in range(labels):
        t, number = rng.choice([moment(), moment(), None]), key()
        found.append(_row(number, 0, t, label=[{"place": place, "t": t}]))
    for _ in range(rows):
        tag, at = rng.randrange(1, 7), moment()
        ends = at + rng.randrange(30) * HOUR
        values = [rng.randrange(5), rng.choice([ends, None])][: 2 if tag == 4 else 1]
        spec = {"values_0": values, "values_1": [rng.choice(["", "a", None])]} if tag < 5 else {}
        available = at + rng.choice([0, 0, 1, 90]) * HOUR if tag in (2, 4) else None
        found.append(_row(key(), tag, None if tag == 3 else at, available=available, **spec))
    rng.shuffle(found)
    return pa.Table.from_pylist(found, SCHEMA)


def _row(number: int, tag: int, moment: int | None, **more: Any) -> dict[str, Any]:
    # Two keys share a bucket.
    return {"bucket": number // 2, "key": f"k{number}", "side": tag, "moment": moment, **more}


def layout(most_bytes: int) -> PassLayout:
    return PassLayout(("place",), ("key",), SIDES, (), most_bytes)


def answers(rows: pa.Table, most_bytes: int) -> dict[int, Any]:
    batches = answer_batches(iter(rows.to_batches(max_chunksize=50)), layout(most_bytes))
    found = [row for batch in batches for row in batch.to_pylist()]
    by_place = {row["place"]: row for row in found}
    assert len(by_place) == len(found)
    return by_place


@pytest.mark.parametrize(("keys", "hot"), [(400, 0.0), (40, 0.0), (3, 0.0), (40, 0.9), (1, 1.0)], ids=str)
def test_rows_that_are_cut_give_what_they_give_at_once(keys: int, hot: float) -> None:
    rows = rows_of(labels=300, rows=2_000, keys=keys, hot=hot)
    whole = answers(rows, most_bytes=2**30)
    assert len(whole) == 300
    for parts in (3, 20):
        assert answers(rows, most_bytes=rows.nbytes // parts) == whole


@pytest.mark.parametrize("keys", [400, 1])
def test_a_piece_holds_no_more_than_it_may_of_a_partition_and_of_a_key_ten_times_as_large(keys: int) -> None:
    rows = rows_of(labels=500, rows=4_000, keys=keys, hot=0.0)
    most = rows.nbytes // 10
    cut = list(pieces(iter(rows.to_batches(max_chunksize=50)), layout(most)))
    assert len(cut) >= 10
    assert max(piece.nbytes for piece in cut) <= most
    labels = Counter(
        row["place"] for piece in cut for one in piece["label"].to_pylist() if one for row in one
    )
    assert set(labels.values()) == {1}
    assert len(labels) == 500


@pytest.mark.parametrize("keys", [400, 1])
def test_no_piece_is_held_once_it_is_answered(keys: int) -> None:
    """Not even by a cycle, which Python would look for after many small objects, not after much memory."""
    rows = rows_of(labels=2_000, rows=20_000, keys=keys, hot=0.0)
    batches = rows.to_batches(max_chunksize=500)
    gc.collect()
    gc.disable()
    try:
        before, most = pa.total_allocated_bytes(), 0
        for _ in answer_batches(iter(batches), layout(rows.nbytes // 10)):
            most = max(most, pa.total_allocated_bytes() - before)
    finally:
        gc.enable()
    assert most < rows.nbytes // 2


def test_what_is_written_to_disk_is_gone_afterwards(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_LOCAL_DIRS", f"{tmp_path},/nowhere")
    rows = rows_of(labels=100, rows=1_000, keys=5, hot=0.5)
    seen = []
    for _ in pieces(iter(rows.to_batches(max_chunksize=50)), layout(rows.nbytes // 10)):
        seen.append(len(list(tmp_path.iterdir())))
    assert set(seen) == {1}
    assert list(tmp_path.iterdir()) == []


def test_keys_of_several_columns_are_numbered_and_found_again() -> None:
    one, two = pa.array(["a", "a", "b", "b", "a"]), pa.array([1, 2, 1, 2, 1])
    keys = KeyNumbers([one, two], 5)
    assert keys.numbers[0] == keys.numbers[4]
    assert len(set(keys.numbers.tolist())) == 4
    asked = keys.of([pa.array(["b", "c", "a", None]), pa.array([1, 1, 3, 1])], 4)
    assert asked.tolist() == [keys.numbers[2], keys.count - 1, keys.count - 1, keys.count - 1]
    assert keys.count - 1 not in keys.numbers


@pytest.mark.parametrize("key_bits", [3, 60])
@pytest.mark.parametrize("instants", [[5], [5, 9, 9, 2**50], [-(2**55), 0, 2**57]])
def test_a_clock_counts_instants_before_any_t_also_where_they_are_far_apart(
    key_bits: int, instants: list[int]
) -> None:
    known = np.array(instants)
    clock = clock_of(known, key_bits)
    numbers = clock.numbers(known)
    for at in (min(instants) - 7, *instants, 6, max(instants) + 10):
        for inclusive in (True, False):
            (until,) = clock.count_until(np.array([at]), inclusive=inclusive)
            seen = known <= at if inclusive else known < at
            assert (numbers < until).tolist() == seen.tolist()
            assert 0 <= until <= 2**clock.bits
