"""`skewless materialize`: one store written again and again, and held against serving's rules over all rows."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless import ServingPlan
from skewless.lake.session import private_session
from skewless.runs.materialize.audit import Audited
from skewless.runs.materialize.materialize import materialize
from skewless.runs.materialize.published import PublishedPlan
from skewless.runs.materialize.selection import selected_rows
from skewless.runs.materialize.tables import SourceTable
from skewless.serving.plan.document.plan import feature_table_part, label_events_part, plan_document
from skewless.serving.plan.online.stored import stored_tables
from skewless.serving.sets.feature_set import FeatureSet
from skewless.serving.store.codec import decode_rows, encode_key
from skewless.serving.store.online_store import OnlineStore
from skewless.serving.store.opening import open_store
from tests.helpers import published
from tests.helpers.project import Project, Ran

NOW = datetime.now(timezone.utc)
NAME = published.NAME
OF_THE_KILLED_RUN = 1
PRICES = "shop BIGINT, seen_at TIMESTAMP, landed_at TIMESTAMP, price DOUBLE"
CLICKS = "user STRING, day INT, seen_at TIMESTAMP, v DOUBLE"
RATES = "seen_at TIMESTAMP, rate INT"
CONF = """
    name: late_flights
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [user, shop]
      event_timestamp: predict_at
      label_columns: [late]
    feature_tables: []
    output: ${WAREHOUSE}/late_flights
"""


def ago(**length: float) -> str:
    return f"'{(NOW - timedelta(**length)).isoformat()}'"


def price(shop: int | None, seen: str, landed: str, value: float) -> str:
    return f"({'NULL' if shop is None else shop}, {seen}, {landed}, {value}D)"


FIRST_PRICES = [
    *(price(1, ago(days=days), ago(days=days), days) for days in range(1, 60)),  # a long history
    price(1, ago(minutes=10), ago(minutes=-90), 0.5),  # late: visible in 90 minutes
    price(2, ago(hours=1), ago(hours=1), 5.0),  # a tie, settled by its values
    price(2, ago(hours=1), ago(hours=1), 4.0),
    price(2, ago(hours=3), ago(minutes=-1), 9.0),  # late, and beaten all the same
    price(3, ago(hours=-2), ago(hours=1), 7.0),  # a forecast: visible when it happens
    price(4, ago(days=40), ago(days=40), 2.0),  # too old
    price(None, ago(hours=1), ago(hours=1), 1.0),
]
NEXT_PRICES = [price(1, ago(hours=2), ago(hours=2), 8.0), price(12, ago(hours=2), ago(hours=2), 6.0)]
FIRST_CLICKS = [
    *(f"('a', 1, {ago(minutes=minutes)}, {minutes / 10}D)" for minutes in (5, 30, 59, 61, 1439, 1441, 9000)),
    f"('a', 12, {ago(minutes=1)}, 1.5D)",
    f"('b', 1, {ago(minutes=20)}, NULL)",
    f"('c', 1, {ago(days=90)}, 3.0D)",
]
MORE_CLICKS = [f"('a', 1, {ago(minutes=2)}, 0.25D)", f"('d', 2, {ago(minutes=3)}, 4.0D)"]
RATE = [f"({ago(days=3)}, 3)", f"({ago(days=2)}, 2)", f"({ago(hours=-5)}, 5)"]


def plan_of() -> dict[str, Any]:
    labels = label_events_part(
        entity_keys=["user", "shop"],
        event_timestamp="predict_at",
        columns={"user": "string", "day": "int", "shop": "int", "predict_at": "timestamp"},
    )
    prices = feature_table_part(
        labels,
        name="prices",
        table="prices",
        join_keys=[("shop", "shop")],
        event_timestamp="seen_at",
        available_at="landed_at",
        max_age="30d",
        columns=["price"],
        types={"shop": "bigint", "seen_at": "timestamp", "landed_at": "timestamp", "price": "double"},
    )
    calendar = {"calendar": "day", "length": 1, "timezone": "America/New_York"}
    clicks = feature_table_part(
        labels,
        name="clicks",
        table="clicks",
        join_keys=[("day", "day"), ("user", "user")],
        event_timestamp="seen_at",
        delay="0s",
        columns=["v"],
        aggregations=[
            {"name": "n_1h", "function": "count", "window": "1h"},
            {"name": "v_sum", "function": "sum", "column": "v", "window": "1d"},
            {"name": "today", "function": "count", "window": calendar},
        ],
        types={"user": "string", "day": "int", "seen_at": "timestamp", "v": "double"},
    )
    rates = feature_table_part(
        labels,
        name="rates",
        table="rates",
        join_keys=[],
        event_timestamp="seen_at",
        strict=True,
        columns=["rate"],
        types={"seen_at": "timestamp", "rate": "int"},
    )
    features = FeatureSet.from_functions([])
    tables = [prices, clicks, rates]
    return plan_document(
        training_set=NAME,
        version=None,
        label_events=labels,
        feature_tables=tables,
        features=features,
        modules=[],
    )


class Shop(Project):
    """The project with its store."""

    @property
    def file(self) -> Path:
        return self.root / "store.db"

    def materialized(self, *arguments: str) -> Ran:
        return self.run("materialize", NAME, "--to", f"sqlite:///{self.file}", "--json", *arguments)

    def state(self) -> Any:
        return OnlineStore.open(f"sqlite:///{self.file}").state(NAME)

    def differences(self, since: datetime) -> list[Any]:
        """Where the store gives another vector than all rows of the tables do, from then on."""
        plan = ServingPlan.from_document(plan_of())
        store = OnlineStore.open(f"sqlite:///{self.file}")
        found = []
        for user, day, shop in [
            ("a", 1, 1),
            ("a", 12, 2),
            ("b", 1, 3),
            ("c", 1, 4),
            ("d", 2, 12),
            ("e", 1, 9),
        ]:
            request = {"user": user, "day": day, "shop": shop}
            clicks = [row for row in self.rows("clicks") if (row["user"], row["day"]) == (user, day)]
            prices = [row for row in self.rows("prices") if row["shop"] == shop]
            rows = {"prices": prices, "clicks": clicks, "rates": self.rows("rates")}
            for later in (0, 1 / 60, 0.5, 1, 1.5, 2, 3, 5, 24, 26, 24 * 30, 24 * 40):
                at = since + timedelta(hours=later)
                expected = plan.compute(request, rows=rows, events={"clicks": clicks}, at=at)
                if plan.serve(store, request, at=at) != expected:
                    found.append((request, at, plan.serve(store, request, at=at), expected))
        return found


@pytest.fixture(scope="module")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Three tables, and a version of the training set as a build would have published it."""
    project = Shop(tmp_path_factory.mktemp("materialized"), spark)
    project.conf({f"training_sets/{NAME}.yml": CONF})
    project.table("prices", PRICES, *FIRST_PRICES)
    project.table("clicks", CLICKS, *FIRST_CLICKS)
    project.table("rates", RATES, *RATE)
    plan = plan_of()
    places = {name: str(project.warehouse / name) for name in ("prices", "clicks", "rates")}
    manifest = published.manifest_of(["late"]) | {
        "serving_plan": plan,
        "inputs": {
            f"feature_tables.{name}": {"location": place, "version": 0} for name, place in places.items()
        },
    }
    rows = pa.table({"late": [1], "event_date": ["2024-07-01"]})
    published.publish(project.warehouse / NAME, rows, manifest)
    return project


@pytest.fixture(scope="module")
def first(shop: Shop) -> dict[str, Any]:
    ran = shop.materialized()
    assert ran.code == 0, ran.err
    assert shop.differences(at_of(ran.document)) == []
    return ran.document


@pytest.fixture(scope="module")
def second(shop: Shop, first: dict[str, Any]) -> dict[str, Any]:
    """A run after clicks were appended and prices overwritten, and another one was killed while it wrote."""
    store = open_store(f"sqlite:///{shop.file}")
    killed = store.begin(NAME, shop.state().fingerprint, full=False)
    store.put(killed, [("rates:rows", encode_key([]), None)])
    shop.append("clicks", CLICKS, *MORE_CLICKS)
    shop.table("prices", PRICES, *NEXT_PRICES)
    result = shop.root / "result.json"
    ran = shop.materialized("--result", str(result))
    assert ran.code == 0, ran.err
    assert json.loads(result.read_text()) == {**ran.document, "exit_code": 0}
    assert shop.differences(at_of(ran.document)) == []
    return ran.document


def at_of(document: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(document["materialized_at"])


def of_tables(document: dict[str, Any], *keys: str) -> dict[str, list[Any]]:
    return {name: [table[key] for key in keys] for name, table in document["tables"].items()}


def test_a_first_run_writes_of_each_key_what_serving_can_need(first: dict[str, Any]) -> None:
    assert (first["training_set"], first["version"], first["status"]) == (NAME, 0, "published")
    assert of_tables(first, "mode", "source_version", "keys_written", "keys") == {
        "prices:rows": ["full", 0, 3, 3],
        "clicks:rows": ["full", 0, 4, 4],
        "clicks:events": ["full", 0, 3, 3],
        "rates:rows": ["full", 0, 1, 1],
    }
    # Of 59 prices of one shop only that which wins now is taken to Python, and the late one.
    assert first["tables"]["prices:rows"]["rows_read"] < 10
    assert first["audit"]["differences"] == 0
    assert first["audit"]["keys"] >= 10
    assert first["audit"]["instants"] > 2 * first["audit"]["keys"]


def test_what_was_appended_is_merged_and_what_was_rewritten_is_written_anew(second: dict[str, Any]) -> None:
    assert of_tables(second, "mode", "source_version", "rows_read", "keys_written", "keys") == {
        "prices:rows": ["full", 1, 2, 2, 2],
        "clicks:rows": ["incremental", 1, 2, 2, 5],
        "clicks:events": ["incremental", 1, 2, 2, 4],
        "rates:rows": ["unchanged", 0, 0, 0, 1],
    }
    assert second["tables"]["prices:rows"]["why"] == "version 1 removed or rewrote rows (WRITE)"


def test_a_run_without_news_only_moves_the_moment(shop: Shop, second: dict[str, Any]) -> None:
    ran = shop.materialized()
    assert ran.code == 0, ran.err
    assert {mode for (mode,) in of_tables(ran.document, "mode").values()} == {"unchanged"}
    assert at_of(ran.document) > at_of(second)
    assert shop.state().tables["rates:rows"].materialized_at == at_of(ran.document)


def test_rows_that_have_ended_go_though_nothing_came_or_went(shop: Shop, second: dict[str, Any]) -> None:
    """Forty days later, on a copy of the store."""
    copy = shop.root / "later.db"
    with sqlite3.connect(shop.file) as one, sqlite3.connect(copy) as other:
        one.backup(other)
    assert shop.spark is not None
    store, plan = open_store(f"sqlite:///{copy}"), ServingPlan.from_document(plan_of())._layout
    places = {table.name: str(shop.warehouse / table.table) for table in plan.tables}
    now = at_of(second) + timedelta(days=40)
    found = materialize(
        private_session(shop.spark), store, PublishedPlan(NAME, 0, plan, places), full=False, now=now
    )
    assert {work.mode for work, _ in found.works} == {"unchanged"}
    assert found.state is not None
    keys = {name: table.keys for name, table in found.state.tables.items()}
    # Prices are at most 30 days old, events reach two days back; of a rate the one that has become visible is left.
    assert keys == {"prices:rows": 0, "clicks:rows": 5, "clicks:events": 0, "rates:rows": 1}
    (rates,) = (each for each in stored_tables(plan.tables) if each.name == "rates:rows")
    assert len(decode_rows(store.read(NAME, [("rates:rows", encode_key([]))])[0] or b"", rates.columns)) == 1
    assert found.audit.keys >= 7
    assert found.audit.differences == ()


RUN = "skewless.runs.materialize.materialize"


def test_a_break_is_found_by_the_audit_and_nothing_of_the_run_is_seen(
    shop: Shop, second: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.state()

    def early(table: SourceTable, now: int) -> DataFrame:
        return selected_rows(table, now + 10 * 3_600_000_000)  # as if late rows could be read already

    monkeypatch.setattr(f"{RUN}.selected_rows", early)
    ran = shop.materialized("--full")
    assert ran.code == 3, ran.err
    assert ran.document["status"] == "rejected"
    assert ran.document["audit"]["differences"] > 0
    assert shop.state() == before
    assert staged_entries(shop.file) == OF_THE_KILLED_RUN


def test_of_two_runs_at_once_one_is_told_to_try_again(
    shop: Shop, second: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*_: object) -> Audited:
        store, state = open_store(f"sqlite:///{shop.file}"), shop.state()
        store.publish(store.begin(NAME, state.fingerprint, full=False), state)
        return Audited()

    monkeypatch.setattr(f"{RUN}._audited", overtaken)
    ran = shop.materialized()
    assert ran.code == 5, ran.err
    assert "another run published" in ran.problems[-1]
    assert staged_entries(shop.file) == OF_THE_KILLED_RUN


def staged_entries(file: Path) -> int:
    with sqlite3.connect(file) as connection:
        query = "SELECT count(*) FROM entries WHERE generation NOT IN (SELECT generation FROM publications)"
        return int(connection.execute(query).fetchone()[0])
