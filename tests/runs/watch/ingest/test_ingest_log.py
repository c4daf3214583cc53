"""`ingest-log` end to end (S6): files as serving leaves them, tables as any reader of Delta sees them."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from skewless import FeatureLog
from skewless.parts.log import batch
from skewless.parts.log.table import ALWAYS, OWNER, RECORDS
from skewless.serving.store.seam import StoreState, TableState
from tests.helpers.project import Project

UTC = dt.timezone.utc
T = dt.datetime(2024, 1, 2, 23, 59, 59, 999999, tzinfo=UTC)
EXACT: dict[str, Any] = {
    "nan": float("nan"),
    "minus_zero": -0.0,
    "infinity": float("-inf"),
    "tenth": 0.1,
    "beyond_2_53": 2**53 + 1,
    "least": -(2**63),
    "money": Decimal("1.50"),
    "digits": Decimal("12345678901234567890123456789012345678"),
    "small": Decimal("1E-38"),
    "bytes": b"\x00\xff",
    "text": 'né"\\,',
    "flag": False,
    "day": dt.date(1, 1, 1),
    "moment": dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    "numbers": [1.5, None, float("inf")],
    "nested": [[2**53 + 1], None, []],
    "prices": [Decimal("1.5"), None, Decimal("2.25")],
    "weather.temp": 1.5,
}


class Logged:
    """A folder of log files, written file by file."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = project.root / "log"
        self.folder.mkdir()

    def write(self, *features: Mapping[str, Any], into: str = ".", **rest: Any) -> Path:
        """One finished file with a record for each mapping of features."""
        before = set(self.folder.rglob("*.jsonl"))
        with FeatureLog(str(self.folder / into), model_version="7") as log:
            for values in features:
                log.write(**{"entity": {"origin": "EWR"}, "event_timestamp": T, "features": values, **rest})
        (file,) = set(self.folder.rglob("*.jsonl")) - before
        return file

    def ingest(self, table: str = "log") -> dict[str, Any]:
        target = table if "." in table else str(self.project.warehouse / table)
        ran = self.project.run("ingest-log", str(self.folder), "--to", target, "--json")
        assert ran.code == 0, ran.err
        return {key: value for key, value in ran.document.items() if key not in ("table", "rejected_table")}

    def features(self, table: str = "log") -> list[dict[str, Any]]:
        rows = self.project.rows(table)
        return [row["features"] for row in sorted(rows, key=lambda row: row["record_id"])]

    def rejected(self) -> list[dict[str, Any]]:
        return sorted(self.project.rows("log_rejected"), key=lambda row: row["raw"])


def counts(files: int, records: int, duplicates: int = 0, rejected: int = 0) -> dict[str, int]:
    return {"files": files, "records": records, "duplicates": duplicates, "rejected": rejected}


def without_version(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != "version"}


@pytest.fixture
def logged(tmp_path: Path, spark: SparkSession) -> Logged:
    return Logged(Project(tmp_path, spark))


def test_values_stay_exactly_what_was_logged(logged: Logged) -> None:
    logged.write(
        EXACT, {**dict.fromkeys(EXACT), "never_known": None}, prediction=[0.25], request_id=2**53 + 1
    )
    assert without_version(logged.ingest()) == counts(1, 2)
    full, empty = logged.features()
    if full["flag"] is None:
        full, empty = empty, full
    full["moment"] = full["moment"].astimezone(UTC)
    assert repr(full) == repr(
        EXACT | {"prices": [Decimal("1.50"), None, Decimal("2.25")], "money": Decimal("1.5")}
    )
    assert empty == dict.fromkeys(EXACT)
    row = logged.project.rows("log")[0]
    assert row["request_id"] == "9007199254740993"
    assert row["prediction"] == [0.25]
    assert row["event_timestamp"] == T
    assert (row["event_date"], row["model_version"], row["fingerprint"]) == ("2024-01-02", "7", None)
    assert json.loads(row["types"])["features"]["nested"] == "array<array<bigint>>"


def test_each_record_is_there_once_however_files_arrive_and_runs_repeat(logged: Logged) -> None:
    late = logged.write({"n": 1}, {"n": 2}, into="b")
    aside = late.rename(logged.folder.parent / late.name)
    newer = logged.write({"n": 3}, into="a/deeper")
    torn = newer.read_bytes()[:-40]
    newer.write_bytes(newer.read_bytes() + torn)
    for unfinished in (f".{newer.name}.open", f"{newer.name}.open", f".{newer.name}"):
        (logged.folder / unfinished).write_bytes(newer.read_bytes())
    assert without_version(logged.ingest()) == counts(1, 1, rejected=1)
    assert without_version(logged.ingest()) == counts(0, 0)

    os.utime(aside, (0, 0))  # far older than any file that was read
    aside.rename(late)
    shutil.copy(late, logged.folder / "copy.jsonl")
    shutil.copy(newer, logged.folder / "copy of the torn.jsonl")
    result = logged.ingest()
    assert without_version(result) == counts(3, 2, duplicates=4)
    assert sorted(row["n"] for row in logged.features()) == [1, 2, 3]

    shutil.rmtree(logged.project.warehouse / "log" / "_skewless")
    assert logged.ingest() == {**counts(4, 0, duplicates=8), "version": result["version"]}
    assert [row["raw"] for row in logged.rejected()] == [torn.decode()]


def test_lines_that_are_no_record_are_kept_whole_with_file_and_reason(logged: Logged) -> None:
    good = logged.write({"n": 1}).read_bytes()
    lines = [
        b"",
        b"",
        b"\xff{",
        good.strip().replace(b'"pid":', b'"pid":9'),
        b"[]",
        good.replace(b'"n"', b'"a b"'),
    ]
    (logged.folder / "bad.jsonl").write_bytes(b"\n".join(lines))
    ran = logged.project.run("ingest-log", str(logged.folder), "--to", str(logged.project.warehouse / "log"))
    assert ran.code == 0
    assert "1 records added from 2 files" in ran.out
    assert "REJECTED      5 lines" in ran.out
    rejected = logged.rejected()
    assert all(row["file"].endswith("/bad.jsonl") for row in rejected)
    assert {row["reason"] for row in rejected} == {
        "feature log record: an empty line",
        "feature log record: not UTF-8 at byte 0",
        "feature log record: expected a JSON object, found []",
        "feature 'a b': no Delta column has this name; no spaces, nor any of ,;{}()=",
    }
    assert [row["raw_bytes"] for row in rejected if row["raw_bytes"]] == [b"\xff{"]
    assert len({row["rejection_id"] for row in rejected}) == 5


def test_columns_grow_and_widen_and_never_change_a_value(logged: Logged) -> None:
    logged.write({"a": 1, "big": 2**53 + 1, "list": [], "text": "x", "d": Decimal("1.5"), "Case": 1})
    assert without_version(logged.ingest()) == counts(1, 1)
    logged.write(
        {"a": 0.5, "list": [1.5], "d": Decimal("0.125"), "case": 2, "new": True}, tags={"region": "eu"}
    )
    logged.write({"big": 1.0, "only_rejected": 1})
    logged.write({"text": 1})
    logged.write({"a": 2**53 + 1})
    result = logged.ingest()
    assert without_version(result) == counts(4, 1, rejected=3)
    rows = {json.dumps(row["features"], default=str) for row in logged.project.rows("log")}
    first = {"a": 1.0, "big": 2**53 + 1, "list": [], "text": "x", "d": "1.500", "Case": 1, "new": None}
    second = {"a": 0.5, "big": None, "list": [1.5], "text": None, "d": "0.125", "Case": 2, "new": True}
    assert rows == {json.dumps(first), json.dumps(second)}
    assert sorted(row["reason"] for row in logged.rejected()) == [
        "feature 'a': a bigint that the column, double, does not hold exactly",
        "feature 'big': a double that the column, bigint, does not hold exactly",
        "feature 'text': a bigint that the column, string, does not hold exactly",
    ]
    assert {(row["tags"] or {}).get("region") for row in logged.project.rows("log")} == {None, "eu"}
    files = str(logged.project.warehouse / "log" / "event_date=*" / "*.parquet")
    counted = duckdb.sql(f"SELECT count(*) FROM read_parquet('{files}')")
    assert counted is not None
    assert counted.fetchall() is not None


def test_a_table_of_an_older_release_gets_the_age_of_stores(logged: Logged, spark: SparkSession) -> None:
    held = StructType([field for field in ALWAYS if field.name != "materialized_at"])
    place = logged.project.warehouse / "log"
    spark.createDataFrame([], held).write.format("delta").partitionBy("event_date").save(str(place))
    spark.sql(f"ALTER TABLE delta.`{place}` SET TBLPROPERTIES ('{OWNER}' = '{RECORDS}')")
    state = StoreState("flights", 3, "ab", {"weather:rows": TableState(7, T - dt.timedelta(hours=26))})
    logged.write({"a": 1}, store=state)
    logged.write({"a": 2})
    assert without_version(logged.ingest()) == counts(2, 2)
    ages = {row["features"]["a"]: row["materialized_at"] for row in logged.project.rows("log")}
    assert ages == {1: T - dt.timedelta(hours=26), 2: None}


def test_of_two_new_types_that_do_not_go_together_the_first_written_stays(logged: Logged) -> None:
    file = logged.write({"a": "text"}, {"a": 1}, {"a": None, "b": 1}, {"b": 0.5})
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(reversed(lines)))
    assert without_version(logged.ingest()) == counts(1, 3, rejected=1)
    assert sorted(map(str, logged.features())) == [
        "{'a': 'text', 'b': None}", "{'a': None, 'b': 0.5}", "{'a': None, 'b': 1.0}",
    ]  # fmt: skip


def test_a_run_that_ends_between_its_writes_or_after_them_loses_and_doubles_nothing(
    logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = batch._add

    def dies(*arguments: Any) -> int:
        raise OSError("the end")

    logged.write({"a": "text"}, {"a": 1}, {"a": "more"})
    (logged.folder / "torn.jsonl").write_bytes(b"{")
    table = str(logged.project.warehouse / "log")
    for last in (dies, lambda *arguments: dies(add(*arguments))):
        monkeypatch.setattr(batch, "_add", last)
        ran = logged.project.run("ingest-log", str(logged.folder), "--to", table)
        assert (ran.code, ran.problems[-1]) == (1, "skewless: ingesting records: the end")
        assert len(logged.rejected()) == 2
    monkeypatch.undo()
    assert without_version(logged.ingest()) == counts(2, 0, duplicates=4)
    assert sorted(row["a"] for row in logged.features()) == ["more", "text"]
    assert len(logged.rejected()) == 2


def test_a_catalog_table_and_its_rejected_lines(logged: Logged, spark: SparkSession) -> None:
    file = logged.write({"n": 1})
    spark.sql("CREATE DATABASE IF NOT EXISTS serving")
    try:
        first = logged.ingest("serving.log")
        with (logged.folder / "more.jsonl").open("wb") as more:
            more.write(b"{\n" + file.read_bytes())
        logged.write({"n": 0.5, "m": 1})
        second = logged.ingest("serving.log")
        assert (without_version(first), without_version(second)) == (counts(1, 1), counts(2, 1, 1, 1))
        assert {row["features"]["n"] for row in spark.table("serving.log").collect()} == {1.0, 0.5}
        assert spark.table("serving.log_rejected").count() == 1
        properties = spark.sql("DESCRIBE DETAIL serving.log").first()["properties"]  # type: ignore[index]
        assert properties["skewless.feature_log"] == "records"
    finally:
        spark.sql("DROP DATABASE serving CASCADE")


@pytest.mark.parametrize(
    ("folder", "table", "problem"),
    [
        ("nowhere", "log", "log folder '{root}/nowhere': no such folder; give the directory of the FeatureLog"),
        ("file", "log", "log folder '{root}/file': no such folder; give the directory of the FeatureLog"),
        ("l[o]g", "log", "log folder '{root}/l[o]g': * ? [ ] {{ }} stand for patterns; rename the folder"),
        ("log", "foreign", "table '{root}/warehouse/foreign' holds a table that ingest-log did not make; "
         "give another table"),
        ("log", "files", "table '{root}/warehouse/files' holds something that ingest-log did not make; "
         "give another table"),
    ],
)  # fmt: skip
def test_what_is_no_log_folder_and_no_log_table_is_refused(
    logged: Logged, folder: str, table: str, problem: str
) -> None:
    root = logged.project.root
    (root / "file").write_text("")
    logged.project.table("foreign", "a INT")
    (logged.project.warehouse / "files").mkdir()
    (logged.project.warehouse / "files" / "a.csv").write_text("a")
    ran = logged.project.run("ingest-log", str(root / folder), "--to", str(logged.project.warehouse / table))
    assert (ran.code, ran.out) == (2, "")
    assert ran.problems == [f"skewless: {problem.format(root=root)}"]


def test_a_name_that_is_no_table_is_refused_before_anything_runs(project: Project) -> None:
    ran = project.run("ingest-log", "log", "--to", "my log")
    assert (ran.code, ran.out) == (2, "")
    assert ran.problems == [
        "skewless: --to 'my log' is neither a path (it would contain / or :) nor a catalog table name"
    ]
