"""A plan and an online store: what a request fetches and is given; what is refused, and is no silent null."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from skewless import (
    FeatureError,
    FeatureLog,
    OnlineStore,
    ServingPlan,
    StaleStoreError,
    StoreError,
    read_record,
)
from skewless.serving.plan.online.stored import stored_tables
from skewless.serving.store.codec import encode_key, encode_rows
from skewless.serving.store.opening import open_store
from skewless.serving.store.reading import StoredRows
from skewless.serving.store.seam import StoreState, TableState
from skewless.serving.values.instants import micros
from skewless.serving.values.sameness import same
from tests.helpers.plans import NOON, labels_of, plan_of, table_of

HOUR = timedelta(hours=1)
COUNT = {"name": "n", "function": "count", "window": "1d"}
TYPES = {"user": "bigint", "friend": "int", "predict_at": "timestamp", "amount": "double"}
LABELS = labels_of(columns=TYPES, label_columns=())


def doubled(clicks__v: float, amount: float) -> float:
    return clicks__v * 2 + amount


PLAN = plan_of(
    table_of(LABELS, available_at="landed_at", aggregations=[COUNT]),
    table_of(LABELS, name="friends", join_keys=[("user", "friend")], available_at="landed_at"),
    table_of(LABELS, name="country", table="country", static=True, join_keys=[], columns=["s"]),
    functions=[doubled],
    labels=LABELS,
)
ROWS: dict[int, list[dict[str, Any]]] = {
    1: [{"seen_at": NOON - HOUR, "v": 1.0}, {"seen_at": NOON + HOUR, "v": 2.0}],
    2: [{"seen_at": NOON - 30 * HOUR, "v": 3.0}],
}
"""Of the table `clicks`, by user; each landed when it was seen."""


def landed(user: int) -> list[dict[str, Any]]:
    return [{**row, "landed_at": row["seen_at"]} for row in ROWS.get(user, ())]


def materialised(place: Path | str, plan: ServingPlan = PLAN, **changes: Any) -> str:
    """The URL of a store of these rows, kept as of noon; in SQLite where a folder is given."""
    url, at = place if isinstance(place, str) else f"sqlite:///{place}/store.db", changes.get("at", NOON)
    store = open_store(url)
    run = store.begin("demo", plan.fingerprint, full=True)
    tables = {}
    for stored in stored_tables(plan._layout.tables):
        tables[stored.name] = TableState(1, at, columns=changes.get("columns", stored.columns))
        keyed = {(): [{"s": "PT"}]} if stored.table.static else {(user,): landed(user) for user in ROWS}
        kept = {key: stored.kept(rows, micros(at)) for key, rows in keyed.items()}
        store.put(run, [(stored.name, encode_key(key), encode_rows(rows)) for key, rows in kept.items()])
    tables.pop(changes.get("without", ""), None)
    store.publish(run, StoreState("demo", 3, changes.get("fingerprint", plan.fingerprint), tables))
    return url


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return materialised(tmp_path_factory.mktemp("store"))


@pytest.fixture
def store(url: str) -> OnlineStore:
    return OnlineStore.open(url)


def request(user: int | None = 1, friend: int | None = 2) -> dict[str, Any]:
    return {"user": user, "friend": friend, "amount": 0.5}


def refusal(act: Any, kind: type[Exception] = StoreError) -> str:
    with pytest.raises(kind) as caught:
        act()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_table_that_is_joined_twice_with_the_same_selection_is_stored_once() -> None:
    stored = {each.name: each.used_by for each in stored_tables(PLAN._layout.tables)}
    assert stored == {
        "clicks:rows": ("clicks", "friends"),
        "clicks:events": ("clicks",),
        "country:rows": ("country",),
    }


def test_what_is_fetched_is_what_compute_takes(store: OnlineStore) -> None:
    given = PLAN.fetch(store, request(), at=NOON)
    assert given == {
        "rows": {"clicks": landed(1), "friends": landed(2), "country": [{"s": "PT"}]},
        "events": {"clicks": [{name: row[name] for name in ("seen_at", "landed_at")} for row in landed(1)]},
    }
    vector = PLAN.compute(request(), **given, at=NOON)
    assert vector == {"clicks__v": 1.0, "clicks__n": 1, "friends__v": 3.0, "country__s": "PT", "doubled": 2.5}
    assert PLAN.serve(store, request(), at=NOON) == vector


def test_later_rows_become_visible_and_windows_move_on(store: OnlineStore) -> None:
    vectors = [PLAN.serve(store, request(), at=NOON + after) for after in (HOUR, HOUR * 23, HOUR * 24)]
    assert [(each["clicks__v"], each["clicks__n"]) for each in vectors] == [(2.0, 1), (2.0, 2), (2.0, 1)]


def test_many_requests_are_one_round_trip(store: OnlineStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    snapshot = OnlineStore.snapshot

    def counted(self: OnlineStore, training_set: str, wanted: Any) -> Any:
        asked.append(wanted)
        return snapshot(self, training_set, wanted)

    monkeypatch.setattr(OnlineStore, "snapshot", counted)
    requests = [request(), request(2, 1), request(9, 9), request()]
    assert PLAN.serve_many(store, requests, at=NOON) == [
        {"clicks__v": 1.0, "clicks__n": 1, "friends__v": 3.0, "country__s": "PT", "doubled": 2.5},
        {"clicks__v": 3.0, "clicks__n": 0, "friends__v": 1.0, "country__s": "PT", "doubled": 6.5},
        {"clicks__v": None, "clicks__n": 0, "friends__v": None, "country__s": "PT", "doubled": None},
        {"clicks__v": 1.0, "clicks__n": 1, "friends__v": 3.0, "country__s": "PT", "doubled": 2.5},
    ]
    (wanted,) = asked
    assert len(wanted) == len(set(wanted)) == 3 + 3 + 1
    assert PLAN.serve_many(store, [], at=NOON) == []


def test_an_unknown_key_is_null_as_training_has_it(store: OnlineStore) -> None:
    given = PLAN.fetch(store, request(9, 9), at=NOON)
    assert (given["rows"]["clicks"], given["events"]["clicks"]) == (None, [])


def test_j1_of_a_null_key_or_a_null_t_nothing_is_read(store: OnlineStore) -> None:
    assert PLAN.serve(store, request(None), at=NOON) == {
        "clicks__v": None,
        "clicks__n": None,
        "friends__v": 3.0,
        "country__s": "PT",
        "doubled": None,
    }
    assert set(PLAN.serve(store, request(), at=None).values()) == {None}


def test_a_request_without_a_key_is_refused(store: OnlineStore) -> None:
    del (given := request())["friend"]
    assert "request: no column 'friend'" in refusal(lambda: PLAN.serve(store, given, at=NOON), FeatureError)


def test_a_store_of_another_plan_is_refused(tmp_path: Path) -> None:
    other = OnlineStore.open(materialised(tmp_path, fingerprint="0123456789abcdef"))
    said = refusal(lambda: PLAN.serve(other, request(), at=NOON))
    assert (
        f"expected rows of the plan {PLAN.fingerprint[:12]} (version 3), found those of 0123456789ab" in said
    )


def test_a_plan_of_another_training_set_and_a_store_that_is_not_there_are_refused(tmp_path: Path) -> None:
    nowhere = OnlineStore.open(f"sqlite:///{tmp_path}/none.db")
    said = refusal(lambda: PLAN.fetch(nowhere, request(), at=NOON))
    assert "none.db: nothing of training set 'demo' was materialised" in said
    assert f"run skewless materialize demo --to sqlite:///{tmp_path}" in said
    assert nowhere.state("demo") is None


def test_a_table_that_was_never_materialised_is_refused(tmp_path: Path) -> None:
    partial = OnlineStore.open(materialised(tmp_path, without="clicks:events"))
    assert "'clicks:events' was never materialised" in refusal(
        lambda: PLAN.fetch(partial, request(9), at=NOON)
    )


def test_a_store_of_other_columns_is_refused(tmp_path: Path) -> None:
    other = OnlineStore.open(materialised(tmp_path, columns=("landed_at", "seen_at", "v")))
    said = refusal(lambda: PLAN.serve(other, request(), at=NOON))
    assert "'clicks:rows': expected columns seen_at, landed_at, v, found landed_at, seen_at, v; run" in said


TYPED: dict[str, list[Any]] = {
    "tinyint": [1, -128, 300],
    "smallint": [300, -32768, 2**20],
    "int": [2**20, 2**31],
    "bigint": [2**40, 5],
    "float": [0.1],
    "double": [0.1, -0.0, 3],
    "decimal(5,2)": [Decimal("1.5"), Decimal("1.555")],
    "string": ["a", "é" * 300, ""],
    "char(3)": ["a", "abcd"],
    "binary": [b"\0\xff"],
    "boolean": [True],
    "date": [date(2024, 2, 29)],
    "timestamp": [NOON],
    "timestamp_ntz": [NOON.replace(tzinfo=None)],
    "array<int>": [[1, None]],
}


def answer(plan: ServingPlan, **given: Any) -> Any:
    """The vector, or why there is none."""
    try:
        return plan.compute({"user": 1}, **given, at=NOON)
    except FeatureError as error:
        return str(error)


def typed(kind: str, value: Any) -> tuple[dict[str, Any], list[list[dict[str, Any]]]]:
    """A table's types, and its rows, of which there is one or two."""
    types = {"user": "bigint", "seen_at": "timestamp", "x": "string", "v": kind}
    row = {"seen_at": NOON - HOUR, "x": "text", "v": value}
    return types, [[row], [{**row, "seen_at": NOON - 2 * HOUR}, row]]


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, each) for kind, own in TYPED.items() for each in [*own, None]]
)
def test_a_value_is_taken_by_its_type_as_from_a_row(kind: str, value: Any) -> None:
    types, given = typed(kind, value)
    plan = plan_of(table_of(LABELS, columns=["x", "v"], types=types), labels=LABELS)
    for rows in given:
        stored = StoredRows(encode_rows(rows), ("seen_at", "x", "v"))
        by_rows = answer(plan, rows={"clicks": rows})
        assert same(answer(plan, rows={"clicks": stored}), by_rows), by_rows


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (kind, each)
        for kind, own in TYPED.items()
        if kind not in ("timestamp_ntz", "array<int>")
        for each in [*own, None]
    ],
)
def test_a_value_of_an_event_is_taken_by_its_type_as_from_a_row(kind: str, value: Any) -> None:
    types, given = typed(kind, value)
    last = {"name": "last", "function": "last", "column": "v", "window": "1d"}
    texts = {"name": "n", "function": "count", "window": "1d", "where": "x = 'text'"}
    plan = plan_of(table_of(LABELS, columns=[], types=types, aggregations=[last, texts]), labels=LABELS)
    for rows in given:
        stored = StoredRows(encode_rows(rows), ("seen_at", "x", "v"))
        by_rows = answer(plan, events={"clicks": rows})
        assert same(answer(plan, events={"clicks": stored}), by_rows), by_rows


def test_an_old_store_is_refused_where_its_age_is_limited(url: str) -> None:
    strict, at = OnlineStore.open(url, max_staleness="26h"), NOON + 26 * HOUR
    PLAN.serve(strict, request(), at=at)
    late = at + timedelta(microseconds=1)
    said = refusal(lambda: PLAN.serve(strict, request(), at=late), StaleStoreError)
    assert (
        f"expected to be materialised at most 26h before {late.isoformat()}, found {NOON.isoformat()}" in said
    )
    PLAN.serve(strict, request(), at=late, max_staleness=timedelta(hours=27))
    refusal(
        lambda: PLAN.serve_many(OnlineStore.open(url), [request()], at=at, max_staleness="1h"),
        StaleStoreError,
    )
    assert "max_staleness: '26' has no unit" in refusal(lambda: OnlineStore.open(url, max_staleness="26"))


def test_a_t_before_the_store_begins_is_refused(store: OnlineStore) -> None:
    before = NOON - timedelta(microseconds=1)
    said = refusal(lambda: PLAN.serve(store, request(), at=before))
    assert f"keeps what is needed from then on, but at is {before.isoformat()}" in said


def test_the_next_publication_is_seen_by_a_plan_and_a_store_that_are_open(tmp_path: Path) -> None:
    store = OnlineStore.open(materialised(tmp_path))
    assert PLAN.serve(store, request(), at=NOON + HOUR)["clicks__v"] == 2.0
    materialised(tmp_path, at=NOON + 2 * HOUR)
    assert "it was materialised at" in refusal(lambda: PLAN.serve(store, request(), at=NOON + HOUR))
    materialised(tmp_path, fingerprint="another")
    assert "expected rows of the plan" in refusal(lambda: PLAN.serve(store, request(), at=NOON + 3 * HOUR))


def test_a_plan_knows_what_the_store_held_that_it_read_last_and_a_log_takes_it(store: OnlineStore) -> None:
    plan = ServingPlan(PLAN._layout, PLAN._features)
    lines: list[bytes] = []
    assert plan.store_state is None
    vector = plan.serve(store, request(), at=NOON)
    assert plan.store_state == store.state("demo")
    with FeatureLog(sink=lines.append, feature_set=plan) as log:
        log.write(entity={"user": 1}, event_timestamp=NOON, features=vector, store=plan.store_state)
    record = read_record(lines[0])
    assert record.materialized_at == NOON
    assert record.store_versions == dict.fromkeys(store.state("demo").tables, 1)  # type: ignore[union-attr]


def test_anything_else_than_a_store_is_refused(url: str) -> None:
    other: Any = url
    assert "expected an OnlineStore, found str" in refusal(lambda: PLAN.fetch(other, request(), at=NOON))
