"""What tasks put into a store, without a task."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from skewless.ground.instants import micros_of
from skewless.runs.materialize.entries import Writing, put_groups
from skewless.serving.plan.document.layout import read_layout
from skewless.serving.plan.online.stored import stored_tables
from skewless.serving.store.codec import decode_rows, encode_key
from skewless.serving.store.opening import open_store
from skewless.serving.store.seam import StoreState, TableState
from tests.helpers.plans import document_of, table_of

NOW = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def row(age: timedelta, v: float) -> dict[str, Any]:
    return {"seen_at": NOW - age, "v": v}


@pytest.fixture
def writing(tmp_path: Path) -> Writing:
    (stored,) = stored_tables(read_layout(document_of(table_of(max_age="1d"))).tables)
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    run = store.begin("demo", "ab", full=True)
    return Writing(store, "demo", run, stored, micros_of(NOW), merges=False, is_whole=True)


def rows_of(writing: Writing, key: int) -> list[dict[str, Any]] | None:
    (data,) = writing.store.staged(writing.run, [(writing.stored.name, encode_key([key]))])
    return None if data is None else decode_rows(data, writing.stored.columns)


def test_of_each_key_what_can_still_decide_a_value_is_put_and_nothing_for_others(writing: Writing) -> None:
    groups = [
        ((1,), [row(3 * HOUR, 3.0), row(2 * HOUR, 2.0), row(-HOUR, 9.0)]),
        ((2,), [row(25 * HOUR, 1.0)]),
    ]
    written = put_groups(iter(groups), writing)
    assert (written.rows, written.keys) == (4, 1)
    assert rows_of(writing, 1) == [row(2 * HOUR, 2.0), row(-HOUR, 9.0)]
    assert rows_of(writing, 2) is None
    assert {*written.sampled} == {
        ("by chance", (1,)), ("by chance", (2,)), ("of which nothing is left", (2,)),
        ("with rows that are not yet visible", (1,)), ("with several rows", (1,)),
    }  # fmt: skip


def test_new_rows_are_put_to_those_of_the_store_and_a_task_that_runs_twice_puts_the_same(
    writing: Writing,
) -> None:
    put_groups(iter([((1,), [row(2 * HOUR, 2.0)]), ((2,), [row(23 * HOUR, 1.0)])]), writing)
    state = TableState(0, NOW)
    writing.store.publish(writing.run, StoreState("demo", 0, "ab", {writing.stored.name: state}))
    run = writing.store.begin("demo", "ab", full=False)
    more = writing._replace(run=run, merges=True, is_whole=False, now=micros_of(NOW + 2 * HOUR))
    new = [
        ((1,), [row(3 * HOUR, 3.0), row(-3 * HOUR, 9.0)]),
        ((2,), [row(30 * HOUR, 1.0)]),
        ((3,), [row(HOUR, 5.0)]),
    ]
    put_groups(iter(new), more)
    put_groups(iter(new), more)
    # A late row that is older than the winner is not kept, one that is too old by now goes.
    assert rows_of(more, 1) == [row(2 * HOUR, 2.0), row(-3 * HOUR, 9.0)]
    assert rows_of(more, 2) is None
    assert rows_of(more, 3) == [row(HOUR, 5.0)]


def test_of_keys_that_are_looked_at_again_those_are_put_of_which_something_has_ended(
    writing: Writing,
) -> None:
    groups = [
        ((1,), [row(HOUR, 1.0), row(-HOUR, 2.0)]),
        ((2,), [row(HOUR, 1.0)]),
        ((3,), [row(23 * HOUR, 1.0)]),
    ]
    put_groups(iter(groups), writing)
    state = StoreState("demo", 0, "ab", {writing.stored.name: TableState(0, NOW)})
    writing.store.publish(writing.run, state)
    run = writing.store.begin("demo", "ab", full=False)
    more = writing._replace(run=run, merges=True, is_whole=False, now=micros_of(NOW + 2 * HOUR))
    written = put_groups(iter([((1,), []), ((2,), []), ((3,), []), ((4,), [])]), more)
    assert (written.rows, written.keys) == (0, 2)
    assert rows_of(more, 1) == [row(-HOUR, 2.0)]  # which beats the other since it is visible
    assert rows_of(more, 2) == [row(HOUR, 1.0)]
    assert rows_of(more, 3) is None
    assert ("of which nothing is left", (3,)) in written.sampled


def test_an_event_is_merged_once_however_often_its_task_runs(tmp_path: Path) -> None:
    windows = [{"name": "n", "function": "count", "window": "1d"}]
    (stored,) = stored_tables(read_layout(document_of(table_of(columns=[], aggregations=windows))).tables)
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    first = Writing(store, "demo", store.begin("demo", "ab", full=True), stored, micros_of(NOW), False, True)
    put_groups(iter([((1,), [{"seen_at": NOW - HOUR}])]), first)
    store.publish(first.run, StoreState("demo", 0, "ab", {stored.name: TableState(0, NOW)}))
    run = store.begin("demo", "ab", full=False)
    more = first._replace(run=run, merges=True, is_whole=False)
    for _ in range(2):
        put_groups(iter([((1,), [{"seen_at": NOW - 2 * HOUR}])]), more)
    found = rows_of(more, 1)
    assert found is not None
    assert len(found) == 2
