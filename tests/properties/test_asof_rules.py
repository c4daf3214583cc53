"""Spark's as-of join against the oracle's loops, on many small cases that run as one job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless import build_frame
from skewless.parts.windows import WindowReduction
from tests.helpers.frames import (
    collected,
    delta,
    frame,
    joined_either_way,
    side_of,
    spine,
    training_set,
    winners,
)
from tests.helpers.strategies import KEYS, SPEC_OPTIONS, SpecOptions, batch
from tests.oracles import duck
from tests.oracles.asof import OracleTable, Row, asof, compare, of_exactly_t

CASES = 80
SPAN = 100_000
"""More than the cases of any option: each option's cases are its own entities in the shared job."""

LABELS = "case_id bigint, k1 bigint, k2 bigint, t timestamp, label_no bigint"
Answers = list[tuple[Row, Any]]


def row_schema(options: SpecOptions) -> str:
    """Feature rows with keys of other integer widths than the label events', and columns in another order."""
    time = options.time_type
    return (
        f"n bigint, tags array<int>, s string, x double, case_id int, k1 smallint, k2 int, "
        f"ends_at {time}, available_ts {time}, event_ts {time}"
    )


def rows_frame(spark: SparkSession, options: SpecOptions, rows: list[Row]) -> DataFrame:
    return frame(spark, row_schema(options), rows)


def expected(table: OracleTable, labels: list[Row], rows: list[Row]) -> Answers:
    return _in_order(zip(labels, asof(labels, table, rows, "t"), strict=True))


def found(joined: list[dict[str, Any]], name: str) -> Answers:
    return _in_order((row["label"], row[name]) for row in joined)


def _in_order(answers: Any) -> Answers:
    """Sorted by `label_no`, equal for exact duplicates alone, whose answers are equal too."""
    return sorted(answers, key=lambda answer: answer[0]["label_no"])


def differences(left: Answers, right: Answers) -> list[tuple[Any, Any]]:
    """The first pairs that differ, in label event or winner; multisets are equal where there is none."""
    assert len(left) == len(right)
    pairs = zip(left, right, strict=True)
    return [(one, other) for one, other in pairs if compare(list(one), list(other)) != 0][:3]


def shifted(rows: list[Row], by: int) -> list[Row]:
    """The rows as those of cases numbered from `by` on."""
    numbers = {"case_id": by, "label_no": by * 10}
    return [row | {name: row[name] + more for name, more in numbers.items() if name in row} for row in rows]


def cases_of(several: tuple[SpecOptions, ...], cases: int) -> list[tuple[list[Row], list[Row]]]:
    """The label events and feature rows of each of the options, as cases of their own."""
    made = [batch(options, seed=place, cases=cases) for place, options in enumerate(several)]
    return [
        (shifted(labels, place * SPAN), shifted(rows, place * SPAN))
        for place, (labels, rows) in enumerate(made)
    ]


def own(joined: list[Row], place: int) -> list[Row]:
    return [row for row in joined if row["label"]["case_id"] // SPAN == place]


@pytest.fixture(scope="module")
def every_case() -> list[tuple[list[Row], list[Row]]]:
    return cases_of(SPEC_OPTIONS, CASES)


@pytest.fixture(scope="module")
def joined(spark: SparkSession, every_case: list[tuple[list[Row], list[Row]]]) -> list[Row]:
    """Every option a join side of one join over all label events."""
    labels = frame(spark, LABELS, [label for made, _ in every_case for label in made])
    sides = [
        side_of(options.oracle_table(), rows_frame(spark, options, rows), f"side{place}")
        for place, (options, (_, rows)) in enumerate(zip(SPEC_OPTIONS, every_case, strict=True))
    ]
    return winners(labels, sides, KEYS)


@pytest.mark.parametrize("options", SPEC_OPTIONS, ids=lambda options: options.name)
def test_spark_agrees_with_the_oracle(
    options: SpecOptions, every_case: list[tuple[list[Row], list[Row]]], joined: list[Row]
) -> None:
    place = SPEC_OPTIONS.index(options)
    labels, rows = every_case[place]
    answers = found(own(joined, place), f"side{place}")
    assert differences(answers, expected(options.oracle_table(), labels, rows)) == []


@pytest.mark.parametrize("options", SPEC_OPTIONS, ids=lambda options: options.name)
def test_j2_winners_of_exactly_t_are_those_of_the_oracle(
    options: SpecOptions, every_case: list[tuple[list[Row], list[Row]]], joined: list[Row]
) -> None:
    place = SPEC_OPTIONS.index(options)
    labels, rows = every_case[place]
    wanted = zip(labels, of_exactly_t(labels, options.oracle_table(), rows, "t"), strict=True)
    assert found(own(joined, place), f"side{place} at T") == _in_order(wanted)


INSTANTS = tuple(options for options in SPEC_OPTIONS if options.time_type == "timestamp")


def test_tables_over_the_same_keys_do_not_disturb_one_another(spark: SparkSession) -> None:
    """Every option of instants joins the same rows, some of them twice, in many partitions in random order."""
    everything = replace(INSTANTS[0], available_at=True, valid_until=True)
    labels, rows = batch(everything, seed=99, cases=50)
    scattered = rows_frame(spark, everything, rows + rows[::3]).repartition(7)
    tables = [replace(options.oracle_table(), name=f"side{at}") for at, options in enumerate(INSTANTS)]
    sides = [side_of(table, scattered, table.name) for table in tables]
    joined = winners(frame(spark, LABELS, labels).repartition(3), sides, KEYS)
    wrong = {
        table.name: differences(found(joined, table.name), expected(table, labels, rows)) for table in tables
    }
    assert {name: pairs for name, pairs in wrong.items() if pairs} == {}


def test_j2_winners_of_exactly_t_are_known_of_tables_joined_for_their_windows_alone(
    spark: SparkSession,
) -> None:
    """Such a table has no winner to carry, and counts label events that sit on one all the same."""
    several = tuple(options for options in INSTANTS if not options.static)
    made = cases_of(several, 60)
    tables = [
        replace(options.oracle_table(), name=f"side{at}", columns=()) for at, options in enumerate(several)
    ]
    sides = []
    for table, options, (_, rows) in zip(tables, several, made, strict=True):
        events = rows_frame(spark, options, rows)
        count = WindowReduction.read(
            [{"name": "c", "function": "count", "window": "1d"}], events.schema, table.strict
        )
        sides.append(replace(side_of(table, events, table.name), reduction=count))
    labels = frame(spark, LABELS, [label for labels, _ in made for label in labels])
    slots = [side.at_t_slot for side in sides]
    answers = joined_either_way(spine(labels, *KEYS), sides, ["label", *slots])
    for place, (table, (own_labels, rows)) in enumerate(zip(tables, made, strict=True)):
        wanted = zip(own_labels, of_exactly_t(own_labels, table, rows, "t"), strict=True)
        assert found(own(answers, place), f"at_t_{table.name}") == _in_order(wanted)


def test_spark_agrees_with_duckdb_where_no_row_is_late_and_none_tie(spark: SparkSession) -> None:
    several = tuple(options for options in INSTANTS if not (options.available_at or options.static))
    untied = [(labels, _untied(rows)) for labels, rows in cases_of(several, 100)]
    tables = [replace(options.oracle_table(), name=f"side{at}") for at, options in enumerate(several)]
    sides = [
        side_of(table, rows_frame(spark, options, rows), table.name)
        for table, options, (_, rows) in zip(tables, several, untied, strict=True)
    ]
    joined = winners(frame(spark, LABELS, [label for made, _ in untied for label in made]), sides, KEYS)
    for place, (table, (labels, rows)) in enumerate(zip(tables, untied, strict=True)):
        answers = zip(labels, duck.asof(labels, table, rows, "t"), strict=True)
        assert differences(found(own(joined, place), table.name), _in_order(answers)) == []


def _untied(rows: list[Row]) -> list[Row]:
    return list({tuple(row[name] for name in (*KEYS, "event_ts")): row for row in rows}.values())


ABROAD = tuple(
    options
    for options in SPEC_OPTIONS
    if options.name in ("everything", "local times", "dates", "local dates")
)


@pytest.fixture(scope="module")
def published(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[dict[str, Any], OracleTable, list[Row], list[Row]]]:
    """Feature tables in Delta, each with the specs of both sides, its label events and its rows."""
    warehouse = tmp_path_factory.mktemp("tables")
    made = []
    for place, (options, (labels, rows)) in enumerate(zip(ABROAD, cases_of(ABROAD, 40), strict=True)):
        name = f"side{place}"
        delta(spark, str(warehouse / name), row_schema(options), rows)
        table = replace(options.oracle_table(), name=name)
        made.append((_as_dict(table, warehouse / name), table, labels, rows))
    return made


def _as_dict(table: OracleTable, source: Path) -> dict[str, Any]:
    written = {name: value for name, value in asdict(table).items() if value is not None and name != "keys"}
    return {**written, "source": str(source), "entity_keys": list(KEYS), "columns": list(table.columns)}


@contextmanager
def living_in(zone: str, spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process and a session of this zone, whose user turned overflow errors off."""
    java_zones = spark._jvm.java.util.TimeZone  # type: ignore[union-attr]
    at_home = java_zones.getDefault()
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        java_zones.setDefault(java_zones.getTimeZone(zone))
        spark.conf.set("spark.sql.session.timeZone", zone)
        spark.conf.set("spark.sql.ansi.enabled", "false")
        try:
            yield
            assert spark.conf.get("spark.sql.session.timeZone") == zone
        finally:
            spark.conf.set("spark.sql.session.timeZone", "UTC")
            spark.conf.unset("spark.sql.ansi.enabled")
            java_zones.setDefault(at_home)
    time.tzset()


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_a_published_frame_agrees_with_the_oracle_in_every_zone(
    zone: str,
    spark: SparkSession,
    published: list[tuple[dict[str, Any], OracleTable, list[Row], list[Row]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    spec = training_set(
        *[table for table, *_ in published], entity_keys=list(KEYS), label_columns=["label_no"]
    )
    with living_in(zone, spark, monkeypatch):
        labels = frame(spark, LABELS, [label for _, _, made, _ in published for label in made])
        built = collected(build_frame(spark, spec, labels, conf_dir=str(tmp_path)))
    for place, (_, table, own_labels, rows) in enumerate(published):
        answers: Answers = [
            (
                {name: row[name] for name in own_labels[0]},
                {name: row[f"{table.name}__{name}"] for name in table.columns},
            )
            for row in built
            if row["case_id"] // SPAN == place
        ]
        blank: Row = dict.fromkeys(table.columns)
        wanted: Answers = [(label, winner or blank) for label, winner in expected(table, own_labels, rows)]
        assert differences(_in_order(answers), wanted) == []
