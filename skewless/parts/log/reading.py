"""What every reader of an opened log asks of it: the records of a range, and which names each of them has.

A record has what its `types` name, be it null: a feature that was not logged and one that was logged as null are both
null in `features`. Where `types` is null, as in a log from elsewhere, the record does not say, and counts as having
every field that the log has.

| `types`                            | `has_name` x | `says_it_has` x | `was_logged` x |
| ---------------------------------- | ------------ | --------------- | -------------- |
| `{"features": {"x": "void"}}`      | true         | true            | true           |
| `{"features": {"y": "double"}}`    | false        | false           | false          |
| null                               | false        | null            | true           |
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NoReturn

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from skewless.ground.errors import InputError
from skewless.ground.names import EVENT_DATE
from skewless.ground.run.ranges import RunRange


def records_in_range(log: DataFrame, run_range: RunRange) -> DataFrame:
    """The records with T in the range; files of other days are not read where the log is partitioned by day."""
    if not run_range.is_range:
        return log
    is_within = run_range.holds(F.col("event_timestamp"))
    if EVENT_DATE in log.columns:
        for bound in run_range.half_open.dates:
            is_within &= bound.holds(F.col(EVENT_DATE))
    return log.where(is_within)


def refuse_no_record(run_range: RunRange) -> NoReturn:
    """InputError for a log that has no record in the range, or none at all."""
    if run_range.is_range:
        raise InputError(
            f"log: no record with T in {run_range}; give another range, or ingest what was logged then"
        )
    raise InputError("log: no record at all; ingest what serving logged")


def names_as_fields(asked: Mapping[str, Iterable[str]]) -> Column:
    """A record's `types` with a field, by its name in lower case, for each name asked of each part; null where the
    record does not have it, and null as a whole where it does not say.

    Fields, since looking many names up in a map takes their square.
    """
    schema = StructType()
    for part, names in asked.items():
        fields = StructType()
        for name in names:
            fields.add(name.lower(), StringType())
        schema.add(part, fields)
    return F.from_json(F.lower("types"), schema)


def has_name(part: Column, name: str) -> Column:
    """Whether a record has a name, by one part of its `types` as `names_as_fields` gives them; a null part has none."""
    return part.getField(name.lower()).isNotNull()


def says_it_has(types: Column, part: str, name: str) -> Column:
    """Whether a record, by its `types` as `names_as_fields` gives them, has a name; null where it does not say."""
    own = types.getField(part)
    return F.when(own.isNotNull(), has_name(own, name))


def counts_as_logged(says: Column, has_field: bool = True) -> Column:
    """What a record says, or, where it does not say, whether its log has a field of this name."""
    return F.coalesce(says, F.lit(has_field))


def was_logged(feature: str) -> Column:
    """Whether a record of an opened log has the feature, be it null; in a mapped log each has all."""
    return counts_as_logged(says_it_has(names_as_fields({"features": [feature]}), "features", feature))


def features_said() -> Column:
    """The features that a record says it has, in lower case; null where it does not say."""
    parsed = F.from_json(F.lower("types"), "features map<string,string>")
    return F.map_keys(parsed.getField("features"))


def logged_names(types: str) -> frozenset[str]:
    """The same of the text of its `types`, on the driver or in a worker."""
    return frozenset(name.casefold() for name in json.loads(types).get("features", {}))
