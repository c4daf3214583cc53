"""A training set's feature log, opened and checked: what is taken from it, and what label events match by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DecimalType, StringType, StructField, StructType

from skewless.config import FromLog, ResolvedTrainingSet
from skewless.ground.errors import InputError
from skewless.ground.names import LOGGED_FEATURES, unknown
from skewless.ground.spark_columns import INTEGERS, key_kind, spelt, type_text, types_in
from skewless.lake.sources import Source, Versions
from skewless.parts.log import open_records
from skewless.parts.log.reading import features_said
from skewless.training_set.from_log.values import may_fit

REQUEST_ID = "request_id"


@dataclass(frozen=True)
class TrainingLog:
    """What a build takes from its log.

    `results`: every result column of tables and functions with its type, in order. `taken`: those to be had from the
    log → the log's own name for it, None where no record has a value of it. `keys` are the label columns that have to
    agree, each with the log's name for it (None where the log does not have it); the first `identifying` of them are
    the entity keys, without which nothing is matched by keys and T. `request_id` is the label events' column.
    """

    spec: FromLog
    rows: DataFrame
    results: Mapping[str, DataType]
    taken: Mapping[str, str | None]
    keys: Mapping[str, str | None]
    identifying: int
    request_id: str | None

    @property
    def is_keyed(self) -> bool:
        """Whether the log has all entity keys, so that label events can match by keys and T."""
        return all(logged is not None for logged in list(self.keys.values())[: self.identifying])

    @property
    def subject(self) -> str:
        return f"log '{self.spec.source}'"


def open_training_log(spark: SparkSession, spec: ResolvedTrainingSet, versions: Versions) -> Source | None:
    """The records of the training set's log at its version; None where it has no log."""
    from_log = spec.training_set.log
    if from_log is None:
        return None
    return open_records(spark, from_log.source, spec.log_mapping, spec.log_names, versions.of("log"))


def training_log(
    spec: ResolvedTrainingSet,
    rows: DataFrame,
    results: Mapping[str, DataType],
    events: StructType,
    keys: Sequence[str],
    joined_by: Iterable[str],
) -> TrainingLog:
    """The log's part in a build of these result columns; `keys` are the entity keys, `joined_by` all join columns.

    Errors: InputError with everything that does not go together.
    """
    from_log = spec.training_set.log
    assert from_log is not None, "a training set with a log"
    entity = {name.casefold(): name for name in types_in(rows, "entity")}
    wanted = dict.fromkeys([*keys, *(name for name in joined_by if name.casefold() in entity)])
    log = TrainingLog(
        spec=from_log,
        rows=rows,
        results=results,
        taken=_taken(from_log, rows, results),
        keys={name: entity.get(name.casefold()) for name in wanted},
        identifying=len(set(keys)),
        request_id=_request_id(from_log, events),
    )
    problems = list(_problems(log, events))
    problems += [
        f"column '{name}' is what a training set with a log adds; rename yours"
        for name in _own_names(log, events)
    ]
    if problems:
        raise InputError(f"{log.subject}: {problem}" for problem in problems)
    return log


def _request_id(from_log: FromLog, events: StructType) -> str | None:
    name = spelt(from_log.request_id or REQUEST_ID, events)
    return name if from_log.request_id or name in events.names else None


def _taken(from_log: FromLog, rows: DataFrame, results: Mapping[str, DataType]) -> dict[str, str | None]:
    """Result column → field of the log. Without a list, of all that some record has, be it null."""
    fields = {name.casefold(): name for name in types_in(rows, "features")}
    folded = {name.casefold(): name for name in results}
    if from_log.features is not None:
        listed = [folded.get(name.casefold(), name) for name in from_log.features]
        return {name: fields.get(name.casefold()) for name in listed}
    fieldless = [name for name in folded if name not in fields]
    # A feature that was only ever logged as null has no type, and so no field; `types` still says that it was logged.
    nulls = _names_in_types(rows, fieldless) if fieldless else set()
    return {name: fields.get(key) for key, name in folded.items() if key in fields or key in nulls}


def _names_in_types(rows: DataFrame, names: Collection[str]) -> set[str]:
    """Those of the names that some record has, though perhaps only as null, of which the log has no field."""
    kinds = rows.select("types").distinct()
    found = kinds.agg(F.array_distinct(F.flatten(F.collect_set(features_said()))).alias("names")).first()
    assert found is not None, "an aggregate without grouping has one row"
    return set(names) & set(found["names"] or ())


def _problems(log: TrainingLog, events: StructType) -> Iterator[str]:
    unknown_names = [name for name in log.taken if name not in log.results]
    for name in unknown_names:
        yield f"features: '{name}' is no result column; {unknown(name, log.results)}"
    fields = types_in(log.rows, "features")
    for name, field in log.taken.items():
        if field is not None and name in log.results and not may_fit(fields[field], log.results[name]):
            found, kind = fields[field].simpleString(), log.results[name].simpleString()
            yield (
                f"feature '{field}' is {found}, but column '{name}' is {kind}, and no such value fits; "
                "leave it out of features"
            )
    if not unknown_names and not _has_any(log):
        has = ", ".join(sorted(fields)[:20]) or "no feature at all"
        yield f"nothing in it is a result column of the training set that is to be taken; it has {has}"
    yield from _matching_problems(log, events)


def _own_names(log: TrainingLog, events: StructType) -> list[str]:
    return [name for name in (*events.names, *log.results) if name.casefold() == LOGGED_FEATURES]


def _has_any(log: TrainingLog) -> bool:
    if any(field is not None for field in log.taken.values()):
        return True
    folded = [name.casefold() for name in log.taken]
    return bool(folded and _names_in_types(log.rows, folded))


def _matching_problems(log: TrainingLog, events: StructType) -> Iterator[str]:
    entity = types_in(log.rows, "entity")
    if log.request_id is not None:
        if log.request_id not in events.names:
            remedy = unknown(log.request_id, events.names)
            yield f"request_id: no column '{log.request_id}' of the label events; {remedy}"
        elif not isinstance(events[log.request_id].dataType, (StringType, *INTEGERS)):
            found = events[log.request_id].dataType.simpleString()
            yield (
                f"request_id: column '{log.request_id}' is {found}; ids match as text, so make it a string or an "
                "integer"
            )
    elif not log.is_keyed:
        for name, logged in list(log.keys.items())[: log.identifying]:
            if logged is None:
                remedy = unknown(name, entity)
                yield f"no entity key '{name}'; {remedy}; without request ids label events match by keys and T"
    for name, logged in log.keys.items():
        if logged is not None and name in events.names and not _are_alike(entity[logged], events[name]):
            found, own = entity[logged].simpleString(), type_text(events[name])
            yield f"entity key '{logged}' is {found}, but label column '{name}' is {own}; cast one of them"


def _are_alike(logged: DataType, own: StructField) -> bool:
    """Whether keys of these types can be equal; every decimal of the log has 38 digits."""
    both_decimal = isinstance(logged, DecimalType) and isinstance(own.dataType, DecimalType)
    return both_decimal or (key_kind(logged) is not None and key_kind(logged) == key_kind(own))
