"""An opened log → the records of one training set, what they have of its features, and its segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from skewless.config import Monitoring
from skewless.ground.errors import InputError
from skewless.ground.names import unknown
from skewless.ground.run.ranges import RunRange
from skewless.ground.spark_columns import column, types_in
from skewless.parts.log.reading import logged_names, refuse_no_record
from skewless.runs.watch.monitor.reference import Version

MOST_TYPES = 1_000
OWN_COLUMNS = ("host", "pid", "model_version", "fingerprint", "request_id")
_PARTS = ("tags", "entity", "features")


class Logged(NamedTuple):
    """A training set's feature in the log: its field, None where it was only ever null, and the field's type."""

    field: str | None
    type: DataType | None


@dataclass(frozen=True)
class Records:
    """The records of a run: `foreign_records` carry another feature set's fingerprint and are left out."""

    rows: DataFrame
    size: int
    foreign_records: int


def own_records(name: str, version: Version, rows: DataFrame, run_range: RunRange) -> Records:
    """The records of this training set. Errors: InputError where there are none, or only another one's."""
    counts = {row["fingerprint"]: row["count"] for row in rows.groupBy("fingerprint").count().collect()}
    if not counts:
        refuse_no_record(run_range)
    foreign = {text: n for text, n in counts.items() if text is not None and text not in version.fingerprints}
    if len(foreign) == len(counts):
        raise InputError(
            f"log: its records carry the fingerprint {next(iter(foreign))}, which no published version of "
            f"training set '{name}' has; give the log of its own serving, or build from the code that serves"
        )
    own = F.col("fingerprint").isNull() | F.col("fingerprint").isin(sorted(version.fingerprints))
    foreign_records = sum(foreign.values())
    return Records(
        rows.where(own) if foreign else rows, sum(counts.values()) - foreign_records, foreign_records
    )


def names_in_types(rows: DataFrame) -> tuple[frozenset[str], Mapping[int, frozenset[str]] | None]:
    """The features that records say they have, in lower case, and those by the hash of what says it.

    The second is None where the records say it in too many ways.
    """
    with_types = rows.where(F.col("types").isNotNull())
    texts = with_types.groupBy(F.xxhash64("types").alias("number")).agg(F.first("types").alias("types"))
    found = {row["number"]: logged_names(row["types"]) for row in texts.limit(MOST_TYPES + 1).collect()}
    names = frozenset(name for of in found.values() for name in of)
    return names, found if len(found) <= MOST_TYPES else None


def logged_of(
    training_set: str, version: Version, log: DataFrame, names: frozenset[str]
) -> dict[str, Logged]:
    """The training set's features that the log has. Errors: InputError where it has none."""
    fields = {name.casefold(): (name, kind) for name, kind in types_in(log, "features").items()}
    found = {}
    for name in version.features:
        if name.casefold() in fields:
            found[name] = Logged(*fields[name.casefold()])
        elif name.casefold() in names:
            found[name] = Logged(None, None)
    if not found:
        has = ", ".join(sorted({*(name for name, _ in fields.values()), *names})) or "none"
        raise InputError(
            f"log: none of its features ({has}) is one of training set '{training_set}' "
            f"({', '.join(version.features)}); give the log of its own serving"
        )
    return found


def segments_of(watch: Monitoring, log: DataFrame, problems: list[str]) -> dict[str, Column]:
    """Segment as configured → the logged column that it means."""
    known = {name: column(name) for name in OWN_COLUMNS if name in log.columns}
    dotted = {}
    for part in _PARTS:
        for name in types_in(log, part):
            dotted[f"{part}.{name}"] = column(part).getField(name)
            known.setdefault(name, dotted[f"{part}.{name}"])
    folded = {name.casefold(): name for name in {**known, **dotted}}
    found = {}
    for name in watch.segments:
        spelling = folded.get(name.casefold())
        if spelling is None:
            known_names = unknown(name, [*known, *dotted])
            problems.append(f"monitoring '{watch.name}': segments: no logged column '{name}'; {known_names}")
        else:
            value = {**known, **dotted}[spelling]
            found[name] = F.coalesce(value.cast("string"), F.lit("(null)"))
    return found
