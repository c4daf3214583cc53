"""Which record a label event takes its values from: random cases against a loop, all of them in one job a tolerance."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType

from skewless.config import FromLog
from skewless.config.resolution import ResolvedTrainingSet
from skewless.config.specs.training_set import TrainingSet
from skewless.lake.session import private_session
from skewless.training_set.from_log.matching import LOGGED, state_of, value_of, with_logged
from skewless.training_set.from_log.opening import TrainingLog, training_log

NOON = dt.datetime(2024, 7, 1, 12, tzinfo=dt.timezone.utc)
CASES = 400
TOLERANCES = (0, 5_000_000)
STEPS = (
    0,
    0,
    1,
    -1,
    4_999_999,
    5_000_000,
    5_000_001,
    -4_999_999,
    -5_000_000,
    -5_000_001,
    10_000_000,
    60_000_000,
)
KEYS: tuple[tuple[int | None, str | None], ...] = ((1, "12"), (11, "2"), (1, "2"), (None, "2"), (1, None))
DESTINATIONS = ("x", "y", None)

Keys = tuple[int | None, str | None]


@dataclass(frozen=True)
class Record:
    """A record of the log; `dest` is "-" where it was not logged, `value` "-" likewise."""

    id: str
    at: int | None
    request: str | None
    keys: Keys
    dest: str | None
    value: int | str | None


@dataclass(frozen=True)
class LabelEvent:
    at: int | None
    request: str | None
    keys: Keys
    dest: str | None


@dataclass(frozen=True)
class Case:
    label_events: tuple[LabelEvent, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Match:
    """What a label event takes: the record, how it was found, among how many, and the value if there is one."""

    record: str | None
    by: str | None
    candidates: int
    other_keys: bool
    value: int | str | None


def random_case(rng: random.Random, number: int) -> Case:
    requests = (None, None, f"q{number}a", f"q{number}b")

    def moment() -> int | None:
        return None if rng.random() < 0.08 else rng.choice(STEPS)

    def keys() -> Keys:
        return rng.choice(KEYS[:2] if rng.random() < 0.7 else KEYS)

    labels = tuple(
        LabelEvent(moment(), rng.choice(requests), keys(), rng.choice(DESTINATIONS[:1] * 4 + DESTINATIONS))
        for _ in range(rng.randint(1, 3))
    )
    records = tuple(
        Record(
            f"r{number}-{rng.randint(0, 99)}-{place}",
            moment(),
            rng.choice(requests),
            keys(),
            rng.choice(("x", "x", "x", *DESTINATIONS, "-")),
            rng.choice((place, place, None, "-", 2**53 + 1)),
        )
        for place in range(rng.randint(0, 5))
    )
    return Case(labels, (labels[:0] and records) or records)


def matched(event: LabelEvent, records: tuple[Record, ...], tolerance: int) -> Match:
    """The oracle: by request id, else by keys and T; the nearest, the earlier, the least id."""
    same_request = [each for each in records if event.request is not None and each.request == event.request]
    by_id = [each for each in same_request if not _is_other(event, each)]
    by_keys = [each for each in records if _is_near(event, each, tolerance)]
    found, by = (by_id, "request_id") if by_id else (by_keys, "keys" if by_keys else None)
    other_keys = bool(same_request) and not by_id
    if not found:
        return Match(None, None, 0, other_keys, "-")
    best = min(found, key=lambda each: _order(event, each))
    unfit = best.value == 2**53 + 1
    return Match(best.id, by, len(found), other_keys, "unfit" if unfit else best.value)


def _is_other(event: LabelEvent, record: Record) -> bool:
    pairs = [*zip(event.keys, record.keys, strict=True)]
    if record.dest != "-":
        pairs.append((event.dest, record.dest))
    return any(one is not None and other is not None and one != other for one, other in pairs)


def _is_near(event: LabelEvent, record: Record, tolerance: int) -> bool:
    if event.request is not None and record.request is not None:
        return False
    if None in event.keys or event.keys != record.keys:
        return False
    if event.at is None or record.at is None or abs(event.at - record.at) > tolerance:
        return False
    return record.dest in ("-", event.dest)


def _order(event: LabelEvent, record: Record) -> tuple[float, float, str]:
    is_known = event.at is not None and record.at is not None
    distance = abs(record.at - event.at) if is_known else float("inf")  # type: ignore[operator]
    return distance, float("inf") if record.at is None else record.at, record.id


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    rng = random.Random(20240701)
    return [random_case(rng, number) for number in range(CASES)]


@pytest.fixture(scope="module")
def found(spark: SparkSession, cases: list[Case]) -> dict[int, list[list[Match]]]:
    """Tolerance → case by case what Spark makes of each label event."""
    session = private_session(spark)
    return {tolerance: spark_matches(session, cases, tolerance) for tolerance in TOLERANCES}


def spark_matches(session: SparkSession, cases: list[Case], tolerance: int) -> list[list[Match]]:
    spine, records = frames(session, cases)
    log = log_of(records, spine, tolerance)
    logged = F.col(LOGGED)
    record = logged.getField("record")
    rows = with_logged(spine, log).select(
        F.col("label.case_id").alias("case_id"),
        F.col("label.place").alias("place"),
        record.getField("record_id").alias("record"),
        logged.getField("by").alias("by"),
        logged.getField("candidates").alias("candidates"),
        logged.getField("other_keys").alias("other_keys"),
        state_of(log, "n").alias("state"),
        value_of(log, "n").alias("value"),
    )
    answers: list[list[Match | None]] = [[None] * len(case.label_events) for case in cases]
    for row in rows.collect():
        assert answers[row["case_id"]][row["place"]] is None, "a label event came out twice"
        value = {None: "-", False: "unfit", True: row["value"]}[row["state"]]
        match = Match(row["record"], row["by"], row["candidates"], row["other_keys"], value)
        answers[row["case_id"]][row["place"]] = match
    assert all(None not in each for each in answers), "a label event is missing"
    return answers  # type: ignore[return-value]


def frames(session: SparkSession, cases: list[Case]) -> tuple[Any, Any]:
    labels = [
        (number, place, *event.keys, event.dest, event.request, event.at)
        for number, case in enumerate(cases)
        for place, event in enumerate(case.label_events)
    ]
    logged = [
        (number, each.id, *each.keys, each.dest, each.request, each.at, *_told(each))
        for number, case in enumerate(cases)
        for each in case.records
    ]
    told = "case_id int, place int, user int, shop string, dest string, request_id string, at bigint"
    events = session.createDataFrame(labels, told).withColumn("t", _instant())
    spine = events.select(
        F.struct("case_id", "place", "user", "shop", "dest", "request_id").alias("label"),
        F.monotonically_increasing_id().alias("label_id"),
        "t",
    )
    told = "case_id bigint, record_id string, user bigint, shop string, dest string, request_id string, at bigint"
    rows = session.createDataFrame(logged, f"{told}, n bigint, types string")
    dest = F.when(F.col("dest") != "-", F.col("dest"))
    records = rows.withColumn("event_timestamp", _instant()).select(
        "record_id",
        "event_timestamp",
        "request_id",
        F.struct("case_id", "user", "shop", dest.alias("Dest")).alias("entity"),
        F.struct("n").alias("features"),
        "types",
        F.to_date("event_timestamp").alias("event_date"),
    )
    return spine, records


def _instant() -> Any:
    start = int(NOON.timestamp()) * 1_000_000
    return F.timestamp_micros(F.col("at") + F.lit(start))


def _told(record: Record) -> tuple[int | None, str]:
    entity = {"case_id": "bigint", "user": "bigint", "shop": "string"}
    if record.dest != "-":
        entity["Dest"] = "string"
    features = {} if record.value == "-" else {"n": "bigint"}
    value = record.value if isinstance(record.value, int) else None
    return value, json.dumps({"entity": entity, "features": features})


def log_of(records: Any, spine: Any, tolerance: int) -> TrainingLog:
    told = FromLog.model_validate({"source": "a/log", "tolerance": f"PT{tolerance // 1_000_000}S"})
    labels = {
        "source": "a/b",
        "entity_keys": ["case_id", "user", "shop"],
        "event_timestamp": "t",
        "label_columns": ["y"],
    }
    training_set = TrainingSet.model_validate({"name": "a", "labels": labels, "output": "a/c", "log": told})
    spec = ResolvedTrainingSet(training_set, ())
    return training_log(
        spec,
        records,
        {"n": DoubleType()},
        spine.schema["label"].dataType,
        labels["entity_keys"],
        ["dest", "shop"],
    )


@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_every_label_event_takes_what_a_loop_takes(
    found: dict[int, list[list[Match]]], cases: list[Case], tolerance: int
) -> None:
    for case, matches in zip(cases, found[tolerance], strict=True):
        assert matches == [matched(event, case.records, tolerance) for event in case.label_events], case


def test_the_random_cases_have_every_kind_of_case(found: dict[int, list[list[Match]]]) -> None:
    matches = [match for each in found[TOLERANCES[1]] for match in each]
    kinds = Counter((match.by, match.candidates > 1, match.other_keys) for match in matches)
    for kind in ((by, several, False) for by in ("request_id", "keys") for several in (False, True)):
        assert kinds[kind] >= 10, kinds
    assert kinds[(None, False, True)] >= 10
    assert kinds[("keys", False, True)] >= 1
    values = Counter("value" if isinstance(match.value, float) else match.value for match in matches)
    assert min(values[each] for each in ("value", None, "-", "unfit")) >= 10


def test_the_tolerance_holds_both_ends_and_not_a_microsecond_more(spark: SparkSession) -> None:
    session, event = private_session(spark), LabelEvent(0, None, (1, "12"), "x")
    cases = [
        Case((event,), (Record(f"r{number}", at, None, (1, "12"), "x", 1),))
        for number, at in enumerate((5_000_000, -5_000_000, 5_000_001, -5_000_001, 4_999_999))
    ]
    found = [match.record for (match,) in spark_matches(session, cases, 5_000_000)]
    assert found == ["r0", "r1", None, None, "r4"]


def test_a_record_counts_once_where_the_tolerance_reaches_into_one_stretch_only(spark: SparkSession) -> None:
    """Records are gathered by stretches of twice the tolerance and a microsecond, counted from 1970 on."""
    tolerance, start = 5_000_000, int(NOON.timestamp()) * 1_000_000
    centre = (tolerance - start) % (2 * tolerance + 1)
    event, record = LabelEvent(centre, None, (1, "12"), "x"), Record("r", centre, None, (1, "12"), "x", 1)
    ((match,),) = spark_matches(private_session(spark), [Case((event,), (record,))], tolerance)
    assert match == Match("r", "keys", 1, False, 1)
