"""Any table as a feature log: the mapped columns, in the layout of an ingested one, or every reason why not."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from textwrap import dedent

import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless import FeatureLog
from skewless.config import LocalFiles, load
from skewless.ground.errors import InputError
from skewless.lake.session import private_session
from skewless.parts.log import LAYOUT, ingest, open_log, tables_at, was_logged

UTC = dt.timezone.utc
PLATFORM = """
    name: platform
    source: ${W}/inference
    entity: {origin: payload.Origin, flight: flight_no}
    event_timestamp: at
    timezone: America/New_York
    features_prefix: f_
    prediction: score
    request_id: id
    tags: [REGION]
"""
ROWS = """
    SELECT named_struct('origin', 'EWR') AS payload, 7 AS flight_no, TIMESTAMP_NTZ '2024-01-01 20:00:00' AS at,
      CAST(0.1 AS DOUBLE) AS f_temp, CAST(NULL AS INT) AS f_gust, 0.5D AS score, 2L AS id, 'eu' AS region
    UNION ALL SELECT named_struct('origin', 'EWR'), 7, TIMESTAMP_NTZ '2024-01-01 20:00:00', 0.1D, NULL, 0.5D, 2L, 'eu'
    UNION ALL SELECT named_struct('origin', 'JFK'), 8, NULL, double('NaN'), 3, NULL, NULL, NULL
"""


@pytest.fixture(scope="module")
def session(spark: SparkSession) -> SparkSession:
    return private_session(spark)


@pytest.fixture(scope="module")
def warehouse(session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("logs")
    session.sql(ROWS).coalesce(1).write.format("delta").save(str(place / "inference"))
    return place


def opened(session: SparkSession, warehouse: Path, log: str, mapping: str = "") -> DataFrame:
    conf = warehouse / "conf" / "logs"
    conf.mkdir(parents=True, exist_ok=True)
    (conf / "platform.yml").write_text(dedent(mapping or PLATFORM))
    return open_log(session, log, load(LocalFiles(conf.parent), {"W": str(warehouse)}, {}))


def test_a_mapped_table_has_the_layout_of_an_ingested_one(session: SparkSession, warehouse: Path) -> None:
    rows = opened(session, warehouse, "platform")
    assert tuple(rows.columns) == LAYOUT
    first, _, third = sorted(rows.collect(), key=lambda row: (row["entity"]["origin"], row["record_id"]))
    assert first["entity"].asDict() == {"origin": "EWR", "flight": 7}
    assert first["features"].asDict() == {"temp": 0.1, "gust": None}
    assert (first["prediction"], first["request_id"], first["tags"]["REGION"]) == (0.5, "2", "eu")
    assert first["event_date"] == dt.date(2024, 1, 2)
    assert math.isnan(third["features"]["temp"])
    assert (third["event_timestamp"], third["event_date"]) == (None, None)
    assert rows.where(was_logged("temp")).count() == 3


def test_records_without_an_id_get_one_each_and_always_the_same(
    session: SparkSession, warehouse: Path
) -> None:
    ids = [row["record_id"] for row in opened(session, warehouse, "platform").repartition(3).collect()]
    again = [row["record_id"] for row in opened(session, warehouse, "platform").collect()]
    assert sorted(ids) == sorted(again)
    assert len(set(ids)) == 3
    assert sorted(name[-2:] for name in ids) == ["-0", "-0", "-1"]


def test_an_ingested_table_is_opened_by_its_place(session: SparkSession, warehouse: Path) -> None:
    with FeatureLog(str(warehouse / "files")) as log:
        for features in ({"temp": 1.5}, {"gust": None}):
            log.write(
                entity={"origin": "EWR"},
                event_timestamp=dt.datetime(2024, 1, 1, tzinfo=UTC),
                features=features,
            )
    table = str(warehouse / "ingested")
    ingest(session, str(warehouse / "files"), tables_at(session, table), dt.datetime.now(UTC))
    rows = opened(session, warehouse, table)
    assert tuple(rows.columns) == LAYOUT
    assert rows.schema["tags"].dataType.simpleString() == "struct<>"
    assert rows.schema["features"].dataType.simpleString() == "struct<temp:double>"
    assert rows.where(was_logged("temp")).count() == 1
    assert rows.where(was_logged("gust")).count() == 1


def test_the_table_of_rejected_lines_takes_no_records(session: SparkSession, warehouse: Path) -> None:
    tables_at(session, f"{warehouse}/other").rejections.create(session)
    with pytest.raises(InputError, match="holds a log's rejected lines, not records; give another table"):
        tables_at(session, f"{warehouse}/other_rejected").records.create(session)


def test_every_column_that_is_not_there_or_cannot_be_that_is_named(
    session: SparkSession, warehouse: Path
) -> None:
    wrong = """
        name: platform
        source: ${W}/inference
        entity: {origin: payload.orgin, score: score}
        event_timestamp: at
        features: [temp]
        request_id: payload
        record_id: regio
    """
    with pytest.raises(InputError) as refused:
        opened(session, warehouse, "platform", wrong)
    assert refused.value.problems == (
        "log 'platform': event_timestamp: column 'at' is TIMESTAMP_NTZ, a clock time without a zone; "
        "declare timezone: Area/City",
        "log 'platform': entity.origin: no column 'payload.orgin'; did you mean 'origin'?",
        "log 'platform': entity.score: is double; keys match by equality, so cast it to an integer, decimal or string",
        "log 'platform': features.temp: no column 'temp'; did you mean 'f_temp'?",
        "log 'platform': record_id: no column 'regio'; did you mean 'region'?",
        "log 'platform': request_id: is struct<origin:string>; an id is text, or a number without a point",
    )


def test_what_is_no_log_is_refused(session: SparkSession, warehouse: Path) -> None:
    for log, reason in {
        str(warehouse / "inference"): "say in conf/logs/NAME.yml what its columns mean",
        "platfrom": "did you mean 'platform'?",
    }.items():
        with pytest.raises(InputError) as refused:
            opened(session, warehouse, log)
        text = f"log '{log}' is no table that ingest-log made and no name of conf/logs; {reason}"
        assert refused.value.problems == (text,)
