"""A spine and a feature log → each label event with what the one record that matches it has logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DecimalType, StructType

from skewless.ground.instants import MICROSECOND, utc_date
from skewless.ground.names import EVENT_DATE
from skewless.ground.spark_columns import as_key
from skewless.training_set.from_log.opening import TrainingLog
from skewless.training_set.from_log.records import RECORD, record_structs, state_field, value_field
from skewless.training_set.from_log.values import as_kind, fits

LOGGED = "logged"
"""The struct column of the spine that holds what was logged: see `with_logged`."""

SPREAD_OF_NULL_IDS = 1024
"""Label events without a request id meet no record by it, so they need not meet in one partition."""

_BY_ID, _IDS = "skewless_by_id", "skewless_ids"
_BY_KEYS = ("skewless_by_keys_0", "skewless_by_keys_1")


def value_of(log: TrainingLog, name: str) -> Column:
    """Of a row with `LOGGED`, what was logged of a column that is taken."""
    return F.col(LOGGED).getField("record").getField(value_field(list(log.taken).index(name)))


def state_of(log: TrainingLog, name: str) -> Column:
    """True where that was logged and fits the column's type, false where it does not fit, null where it was not."""
    return F.col(LOGGED).getField("record").getField(state_field(list(log.taken).index(name)))


def ahead() -> Column:
    """Microseconds from a row's T to that of its record; null where there is none."""
    return F.col(LOGGED).getField("record").getField("at") - F.unix_micros("t")


def with_logged(spine: DataFrame, log: TrainingLog) -> DataFrame:
    """The spine with the struct `LOGGED`: what the record of each label event has of the columns to be taken.

    A record matches by request id where both have one: then it is the same, and no key that both have differs (a
    request may score many entities). Else the entity keys are equal and the distance between both T is at most the
    tolerance. A record that matches by id goes before all that match by keys; among several the nearest T wins, then
    the earlier T, then the least record id.

    | label event             | record                  | tolerance 5s                          |
    | ----------------------- | ----------------------- | ------------------------------------- |
    | id 7, k 1, T 10:00:00   | id 7, k 1, T 10:09:00   | matches by id, whatever the distance  |
    | id 7, k 1, T 10:00:00   | id 7, k 2, T 10:00:00   | does not: another entity              |
    | id 7, k 1, T 10:00:00   | id 8, k 1, T 10:00:00   | does not: another request             |
    | id 7, k 1, T 10:00:00   | no id, k 1, T 10:00:05  | matches by keys and T                 |
    | no id, k null, T any    | id 8, k null, T any     | does not: null is no key              |

    Its fields: `by` ("request_id", "keys", null without a record), `candidates` (records that match the same way),
    `other_keys` (the id was logged, but with other keys only), and `record`. A label event stays one row: records are
    gathered before they meet it.
    """
    records = record_structs(log)
    rows = spine
    if log.request_id is not None:
        rows = _joined_by_id(rows, log.request_id, records)
    if log.is_keyed:
        rows = _joined_by_keys(rows, log, records)
    return _with_best(rows, log, records).select(*spine.columns, LOGGED)


def within_reach(log: TrainingLog, first: int | None, last: int | None) -> TrainingLog:
    """The log less the records that no label event with T in [first, last] can match, so that files stay unread.

    A request id may meet a record of any day.
    """
    if log.request_id is not None or first is None or last is None:
        return log
    reach = _tolerance(log)
    since, until = (F.timestamp_micros(F.lit(micros)) for micros in (first - reach, last + reach))
    t, day = F.col("event_timestamp"), F.col(EVENT_DATE)
    near = t.between(since, until) & day.between(utc_date(since), utc_date(until))
    return replace(log, rows=log.rows.where(near))


def _tolerance(log: TrainingLog) -> int:
    assert log.spec.tolerance is not None, "a tolerance is 0s where none is written"
    return log.spec.tolerance // MICROSECOND


def _joined_by_id(rows: DataFrame, request_id: str, records: DataFrame) -> DataFrame:
    wanted = F.col("label").getField(request_id).cast("string")
    found = F.col(RECORD).getField("request_id")
    # Records are gathered before they meet label events, so that each stays one row. Joined one by one and picked by
    # a window they would need a number to be told apart by, which another run of the plan may give to another row.
    gathered = (
        records.where(found.isNotNull())
        .groupBy(found.alias("id"), F.lit(0).cast("bigint").alias("spread"))
        .agg(F.collect_list(RECORD).alias(_BY_ID))
    )
    # A left join sends all null keys to one task; they match nothing, so they need not meet.
    spread = F.when(wanted.isNull(), F.pmod("label_id", F.lit(SPREAD_OF_NULL_IDS))).otherwise(F.lit(0))
    matches = [wanted == F.col("id"), spread == F.col("spread")]
    return rows.join(gathered, matches, how="left").select(*rows.columns, _BY_ID)


def _joined_by_keys(rows: DataFrame, log: TrainingLog, records: DataFrame) -> DataFrame:
    """With the records of the same entity in the one or two stretches of time that the tolerance reaches into.

    A stretch is as long as the reach on both sides, so that only neighbours meet, however long the history is.
    """
    reach = _tolerance(log)
    # So long that [t - reach, t + reach] lies in one stretch or two neighbours. A range join on the key alone would
    # hold an entity's whole history against each of its label events.
    length = F.lit(2 * reach + 1)
    record, places = F.col(RECORD), range(log.identifying)
    keys = [record.getField(f"key_{place}") for place in places]
    named = [key.alias(f"key_{place}") for place, key in enumerate(keys)]
    stretch = _floor(record.getField("at"), length)
    gathered = (
        records.where(_all([stretch.isNotNull(), *(key.isNotNull() for key in keys)]))
        .groupBy(*named, stretch.alias("stretch"))
        .agg(F.collect_list(RECORD).alias("gathered"))
    )
    wanted = _label_keys(rows, log, records)
    same = [wanted[place] == F.col(f"key_{place}") for place in places]
    t = F.unix_micros("t")
    ends = (_floor(t - reach, length), _floor(t + reach, length)) if reach else (_floor(t, length),)
    for name, end in zip(_BY_KEYS, ends, strict=False):
        # Where both ends lie in one stretch, its records would be candidates twice, and `ambiguous` count them so.
        is_new = F.lit(True) if name == _BY_KEYS[0] else end != ends[0]
        matches = [*same, F.col("stretch") == end, is_new]
        rows = rows.join(gathered, matches, how="left").select(*rows.columns, F.col("gathered").alias(name))
    return rows


def _floor(micros: Column, length: Column) -> Column:
    return F.call_function("div", micros - F.pmod(micros, length), length)


def _label_keys(rows: DataFrame, log: TrainingLog, records: DataFrame) -> dict[int, Column]:
    """The label events' columns of `keys` that the records have, as they have them, by their places."""
    record, label = records.schema[RECORD].dataType, rows.schema["label"].dataType
    assert isinstance(record, StructType) and isinstance(label, StructType), "both are structs"
    keys = {}
    for place, (name, logged) in enumerate(log.keys.items()):
        if logged is not None:
            key, kind = F.col("label").getField(name), label[name].dataType
            exact = record[f"key_{place}"].dataType
            is_decimal = isinstance(kind, DecimalType)
            keys[place] = (
                F.when(fits(key, kind, exact), as_kind(key, kind, exact)) if is_decimal else as_key(key, kind)
            )
    return keys


def _with_best(rows: DataFrame, log: TrainingLog, records: DataFrame) -> DataFrame:
    """The rows with `LOGGED` made of the records that were gathered for each."""
    nothing = F.array().cast(ArrayType(records.schema[RECORD].dataType))
    keys = _label_keys(rows, log, records)
    ids = F.coalesce(F.col(_BY_ID), nothing) if _BY_ID in rows.columns else nothing
    near = [F.coalesce(F.col(name), nothing) for name in _BY_KEYS if name in rows.columns]
    # An id says that it is the same request, nearness only that it may be: so ids first. But keys that both have must
    # agree: a request may score many items, and logs lose records.
    by_id = F.filter(
        ids, lambda record: _all(_is_no_other(record, place, key) for place, key in keys.items())
    )
    by_keys = F.filter(F.concat(nothing, *near), lambda record: _matches_by_keys(record, log, keys))
    found = rows.withColumn(_IDS, F.size(ids)).withColumn(_BY_ID, by_id).withColumn(_BY_KEYS[0], by_keys)
    has_id, has_keys = F.size(_BY_ID) > 0, F.size(_BY_KEYS[0]) > 0
    found = found.withColumn(RECORD, F.when(has_id, F.col(_BY_ID)).otherwise(F.col(_BY_KEYS[0])))
    best = F.get(RECORD, _place_of_best(F.col(RECORD)))
    return found.withColumn(
        LOGGED,
        F.struct(
            F.when(has_id, "request_id").when(has_keys, "keys").alias("by"),
            F.size(RECORD).alias("candidates"),
            ((F.col(_IDS) > 0) & ~has_id).alias("other_keys"),
            best.alias("record"),
        ),
    )


def _is_no_other(record: Column, place: int, key: Column) -> Column:
    """Whether a record found by request id may be of this entity: where both have the key, it is equal."""
    return F.coalesce(record.getField(f"key_{place}") == key, F.lit(True))


def _matches_by_keys(record: Column, log: TrainingLog, keys: Mapping[int, Column]) -> Column:
    """Whether a record of the same entity is near enough, is not of another request, and joins by the same values."""
    is_near = F.abs(record.getField("at") - F.unix_micros("t")) <= F.lit(_tolerance(log))
    alike = [
        ~record.getField(f"has_key_{place}") | record.getField(f"key_{place}").eqNullSafe(key)
        for place, key in keys.items()
        if place >= log.identifying
    ]
    if log.request_id is None:
        return _all([is_near, *alike])
    own = F.col("label").getField(log.request_id)
    return _all([is_near, record.getField("request_id").isNull() | own.isNull(), *alike])


def _place_of_best(records: Column) -> Column:
    """The place of the record with the nearest T, then the earlier T, then the least id; null T come last."""
    last = F.lit(2**63 - 1)

    def order(record: Column, place: Column) -> Column:
        at = record.getField("at")
        distance = F.coalesce(F.abs(at - F.unix_micros("t")), last)
        # Nearest on either side: preferring what lies before T would take an older request where labels are cut to
        # seconds. The id last, or equal times would be settled by the order of rows.
        return F.struct(distance, F.coalesce(at, last), record.getField("record_id"), place.alias("place"))

    return F.array_min(F.transform(records, order)).getField("place")


def _all(conditions: Iterable[Column]) -> Column:
    return reduce(Column.__and__, conditions, F.lit(True))
