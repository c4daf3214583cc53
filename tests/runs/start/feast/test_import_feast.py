"""`skewless import-feast`: a recorded registry of Feast's quick start (0.67) and small ones of odder definitions."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.helpers.project import Project, Ran

QUICK_START = Path(__file__).parent / "quick_start.json"
SPARK = {"type": "BATCH_SPARK", "name": "s", "timestampField": "ts"}


def imported(folder: Path, registry: dict[str, Any], *options: str) -> Ran:
    file = folder / "registry.json"
    file.write_text(json.dumps(registry))
    return Project(folder).run("import-feast", str(file), "--to", str(folder / "out"), *options, "--json")


def written(folder: Path, file: str) -> dict[str, Any]:
    document = yaml.safe_load((folder / "out" / "conf" / file).read_text())
    assert isinstance(document, dict)
    return document


def registry_with(
    source: dict[str, Any], projections: list[dict[str, Any]] | None = None, **view: Any
) -> dict[str, Any]:
    spec = {
        "name": "w",
        "entities": ["loc"],
        "features": [{"name": "temp", "valueType": "FLOAT"}],
        "batchSource": source,
    }
    service = {
        "name": "svc",
        "features": projections or [{"featureViewName": "w", "featureColumns": spec["features"]}],
    }
    return {
        "entities": [{"spec": {"name": "loc", "joinKey": "loc_id"}}],
        "featureViews": [{"spec": {**spec, **view}}],
        "featureServices": [{"spec": service}],
    }


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quick start, imported."""
    folder = tmp_path_factory.mktemp("feast")
    assert imported(folder, json.loads(QUICK_START.read_text())).code == 0
    return folder


def test_a_view_becomes_a_table_with_its_keys_times_and_age(quick: Path) -> None:
    table = written(quick, "feature_tables/driver_hourly_stats.yml")
    assert table == {
        "name": "driver_hourly_stats",
        "source": "${WAREHOUSE:-./warehouse}/driver_hourly_stats_source",
        "entity_keys": ["driver_id"],
        "event_timestamp": "event_timestamp",
        "available_at": "created",
        "max_age": "1d",
        "timezone": "UTC",
        "columns": [
            *("conv_rate", "acc_rate", "avg_daily_trips"),
            *("driver_metadata", "driver_config", "driver_profile"),
        ],
    }
    text = (quick / "out/conf/feature_tables/driver_hourly_stats.yml").read_text()
    assert "There it breaks ties only" in text


def test_a_service_becomes_a_training_set_and_a_part_of_a_view_a_table_of_its_own(quick: Path) -> None:
    joined = written(quick, "training_sets/driver_activity_v1.yml")["feature_tables"]
    own = "driver_hourly_stats_of_driver_activity_v1"
    assert joined == [{"table": own, "as": "driver_hourly_stats"}]
    assert written(quick, f"feature_tables/{own}.yml")["columns"] == ["conv_rate"]
    assert written(quick, "training_sets/driver_activity_v2.yml")["feature_tables"] == ["driver_hourly_stats"]


def test_check_names_each_todo_and_nothing_else_and_is_content_once_they_are_given(quick: Path) -> None:
    project = Project(quick / "out")
    problems = project.run("check").problems
    assert len(problems) == 6
    assert all("variable DRIVER_ACTIVITY_V" in problem and "is not set" in problem for problem in problems)
    given = [
        option
        for number in (1, 2, 3)
        for name in ("LABELS=./labels", "LABEL=y")
        for option in ("--set", f"DRIVER_ACTIVITY_V{number}_{name}")
    ]
    assert project.run("check", *given).code == 0


def test_what_cannot_be_carried_over_is_listed_with_what_to_do(quick: Path, tmp_path: Path) -> None:
    ran = imported(tmp_path, json.loads(QUICK_START.read_text()))
    left = "\n".join(ran.document["by_hand"])
    assert "on-demand view transformed_conv_rate: write conv_rate_plus_val1, conv_rate_plus_val2" in left
    assert "driver_hourly_stats_fresh is fed by driver_stats_push_source (push source) too" in left
    assert "label view driver_quality_labels" in left
    assert "driver_metadata, driver_profile: maps and structs" in left
    notes = (quick / "out/NOTES.md").read_text()
    signature = "(driver_hourly_stats__conv_rate: float, val_to_add: int, val_to_add_2: int) -> float:"
    assert f"def conv_rate_plus_val1{signature}" in notes
    assert (
        f'convert("{quick.resolve()}/data/driver_stats.parquet", "./warehouse/driver_hourly_stats_source")'
        in notes
    )


def test_nothing_is_overwritten_and_nothing_written_beside_what_is_there(quick: Path, tmp_path: Path) -> None:
    kept = tmp_path / "out/conf/training_sets/driver_activity_v3.yml"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    ran = imported(tmp_path, json.loads(QUICK_START.read_text()))
    assert (ran.code, ran.out) == (2, "")
    assert f"{kept}: is there already" in ran.err
    assert kept.read_text() == "mine"
    assert [each.name for each in (tmp_path / "out").rglob("*") if each.is_file()] == [kept.name]


@pytest.mark.parametrize(("minutes", "is_written"), [(-1, True), (0, False), (1, False)])
def test_a_created_column_that_one_load_wrote_is_no_availability(
    tmp_path: Path, minutes: int, is_written: bool
) -> None:
    last = datetime(2024, 3, 1)
    created = [last + timedelta(minutes=minutes), last + timedelta(days=1)]
    pq.write_table(pa.table({"ts": [last - timedelta(days=1), last], "c": created}), tmp_path / "x.parquet")
    source = {
        **{"type": "BATCH_FILE", "name": "s", "timestampField": "ts", "createdTimestampColumn": "c"},
        "fileOptions": {"uri": "x.parquet"},
    }
    assert imported(tmp_path, registry_with(source)).code == 0
    assert ("available_at" in written(tmp_path, "feature_tables/w.yml")) is is_written
    assert "available_at: c" in (tmp_path / "out/conf/feature_tables/w.yml").read_text()


def test_names_that_feast_maps_are_those_of_the_source(tmp_path: Path) -> None:
    source = {**SPARK, "sparkOptions": {"table": "db.t"}, "fieldMapping": {"tmp": "temp", "place": "loc_id"}}
    assert imported(tmp_path, registry_with(source, ttl="0s")).code == 0
    table = written(tmp_path, "feature_tables/w.yml")
    assert (table["source"], table["columns"], table["entity_keys"]) == ("db.t", ["tmp"], ["place"])
    assert "max_age" not in table
    joined = written(tmp_path, "training_sets/svc.yml")["feature_tables"]
    assert joined == [{"table": "w", "join_keys": {"place": "loc_id"}}]


def test_a_view_that_is_joined_twice_keeps_its_names_and_keys(tmp_path: Path) -> None:
    columns = [{"name": "temp"}]
    projections = [
        {
            "featureViewName": "w",
            "featureColumns": columns,
            "featureViewNameAlias": f"{end}_w",
            "joinKeyMap": {"loc_id": end},
        }
        for end in ("origin", "dest")
    ]
    assert imported(tmp_path, registry_with({**SPARK, "sparkOptions": {"table": "t"}}, projections)).code == 0
    found = written(tmp_path, "training_sets/svc.yml")
    assert found["labels"]["entity_keys"] == ["origin", "dest"]
    assert found["feature_tables"] == [
        {"table": "w", "as": "origin_w", "join_keys": {"loc_id": "origin"}},
        {"table": "w", "as": "dest_w", "join_keys": {"loc_id": "dest"}},
    ]


@pytest.mark.parametrize(
    ("source", "location", "note"),
    [
        (
            {**SPARK, "sparkOptions": {"query": "SELECT 1"}},
            "${WAREHOUSE:-./warehouse}/s",
            "Feast runs a query",
        ),
        ({**SPARK, "sparkOptions": {"path": "s3://b/t", "tableFormat": {"deltaFormat": {}}}}, "s3://b/t", ""),
        ({**SPARK, "sparkOptions": {"path": "s3://b/t"}}, "${WAREHOUSE:-./warehouse}/s", "s3://b/t"),
        (
            {
                "type": "BATCH_SNOWFLAKE",
                "name": "s",
                "snowflakeOptions": {"database": "D", "schema": "S", "table": "t"},
            },
            "${WAREHOUSE:-./warehouse}/s",
            "snowflake table `D.S.t`",
        ),
    ],
)
def test_a_source_is_a_delta_table_or_a_place_for_one(
    tmp_path: Path, source: dict[str, Any], location: str, note: str
) -> None:
    assert imported(tmp_path, registry_with(source)).code == 0
    assert written(tmp_path, "feature_tables/w.yml")["source"] == location
    assert note in (tmp_path / "out/NOTES.md").read_text()


def test_a_repository_without_feast_says_how_to_read_it(tmp_path: Path) -> None:
    (tmp_path / "feature_store.yaml").write_text("project: p\n")
    project = Project(tmp_path)
    without = project.run("import-feast", str(tmp_path), "--to", str(tmp_path / "out"))
    assert without.code == 2
    assert "give --python of its environment" in without.err
    assert "feast registry-dump" in without.err
    other = project.run(
        "import-feast", str(tmp_path), "--to", str(tmp_path / "out"), "--python", sys.executable
    )
    assert other.code == 2
    assert "has no feast" in other.err


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"\n\x8f\xff")
    for given in ("nowhere", "registry.db", "."):
        ran = Project(tmp_path).run("import-feast", str(tmp_path / given), "--to", str(tmp_path / "out"))
        assert ran.code == 2
        assert "feast registry-dump" in ran.err
    assert not (tmp_path / "out").exists()
