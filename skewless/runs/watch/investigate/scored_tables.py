"""Tables of predictions and their labels → rows in one layout, checked by column and type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DataType, DecimalType, DoubleType, FloatType, NullType, StructType

from skewless.config import Labels
from skewless.ground.errors import InputError
from skewless.ground.instants import instant, literal, micros_of, refusal
from skewless.ground.names import unknown
from skewless.ground.spark_columns import INTEGERS, as_key, column, key_kind, spelt
from skewless.lake.sources import open_source
from skewless.runs.watch.investigate.gap import NOBODY

SCORE, LABEL, REQUEST = "score", "label", "request_id"
AVAILABLE = "label_available_at"
"""The columns that both tables have by these names; the last two need not be there."""

RESERVED = (
    "record_id",
    "host",
    "pid",
    "model_version",
    "fingerprint",
    "written_at",
    "ingested_at",
    "event_date",
)
"""What a feature log has beside features: never handed to a model."""

FRACTIONS = 2**20

NUMBERS = (*INTEGERS, DoubleType, FloatType, DecimalType)


@dataclass(frozen=True)
class ScoredTable:
    """One side's table, and the labels whose names for keys and T it uses."""

    side: str
    rows: DataFrame
    labels: Labels
    arm: str | None

    @property
    def schema(self) -> StructType:
        return self.rows.schema

    def there(self, name: str | None) -> str | None:
        """The column as the table spells it, None where it has none."""
        found = None if name is None else spelt(name, self.schema)
        return found if found in self.schema.names else None

    def problems(self) -> Iterator[str]:
        """Why it is no table of predictions, a line each."""
        wanted = [SCORE, LABEL, *self.labels.entity_keys, self.labels.event_timestamp]
        if self.arm and self.side == "online":
            wanted.append(self.arm)
        for name in wanted:
            if self.there(name) is None:
                yield f"{self.side}: no column '{name}'; {unknown(name, self.schema.names)}"
        for name, kinds in ((SCORE, NUMBERS), (LABEL, (*NUMBERS, BooleanType))):
            kind = self._type(name)
            if kind is not None and not isinstance(kind, (*kinds, NullType)):
                yield f"{self.side}: {name} is {kind.simpleString()}; expected a number; cast it"
        for time in (self.labels.event_timestamp, self.available):
            kind = self._type(time)
            reason = None if kind is None else refusal(kind, self.labels.timezone)
            if reason:
                yield f"{self.side}: column '{time}' {reason}"
        for name in self.labels.entity_keys:
            kind = self._type(name)
            if kind is not None and key_kind(kind) is None:
                yield f"{self.side}: entity key '{name}' is {kind.simpleString()}, and no key"

    @property
    def available(self) -> str | None:
        """The column that says when a label was known."""
        return self.there(self.labels.label_available_at) or self.there(AVAILABLE)

    @property
    def key_kinds(self) -> dict[str, str | None]:
        return {name: key_kind(self.schema[self._own(name)].dataType) for name in self.labels.entity_keys}

    @property
    def t(self) -> Column:
        return self._instant(self.labels.event_timestamp)

    @property
    def keys(self) -> list[Column]:
        own = [self._own(name) for name in self.labels.entity_keys]
        return [as_key(column(name), self.schema[name].dataType) for name in own]

    @property
    def others(self) -> dict[str, Column]:
        """Name → column of all that has no role: logged features, and what else a model may take.

        The fields of a struct `features` count as columns, as a feature log has them.
        """
        roles = [SCORE, LABEL, REQUEST, AVAILABLE, self.labels.event_timestamp, *self.labels.entity_keys]
        roles += [*self.labels.label_columns, self.labels.label_available_at or "", self.arm or "", *RESERVED]
        taken = {name.casefold() for name in roles}
        found = {name: column(name) for name in self.schema.names if name.casefold() not in taken}
        struct = self.there("features")
        kind = self._type("features")
        if struct is not None and isinstance(kind, StructType):
            found.pop(struct)
            found |= {name: column(struct).getField(name) for name in kind.names if name not in found}
        return found

    def text(self, name: str | None) -> Column:
        """A column as text, null where there is none."""
        own = self.there(name)
        return column(own).cast("string") if own else F.lit(None).cast("string")

    def matured(self, as_of: datetime) -> Column:
        """Whether the label was known."""
        known = self._label().isNotNull()
        return (
            known & F.coalesce(self.known_at() <= literal(as_of), F.lit(False)) if self.available else known
        )

    def known_at(self) -> Column:
        assert self.available is not None, "asked only of tables that say it"
        return self._instant(self.available)

    def predictions(self, as_of: datetime, by_request: bool, delay: int | None = None) -> DataFrame:
        """`score`, `label` (null where it was not known), `unit`, `row`, `arm`, `settled`.

        `delay` is how long labels take at most, in microseconds; None where nothing says so.
        """
        return self.rows.select(*self._prediction(as_of, by_request, delay))

    def log(self, as_of: datetime, by_request: bool, share: float) -> DataFrame:
        """The rows with a score and a known label, or a share of them by a hash, as a feature log with a struct
        `scored` of the columns of `predictions`. The same requests, or keys and T, are taken on both sides.
        """
        row = self.row(by_request)
        fraction = F.pmod(F.xxhash64(F.lit("sample"), row), F.lit(FRACTIONS))
        is_taken = self.matured(as_of) & self._score().isNotNull() & (fraction < int(share * FRACTIONS))
        return self.rows.where(is_taken).select(
            F.hex(row).alias("record_id"),
            self.text("host").alias("host"),
            self.text("model_version").alias("model_version"),
            self.t.alias("event_timestamp"),
            F.struct(*[column(self._own(name)).alias(name) for name in self.labels.entity_keys]).alias(
                "entity"
            ),
            F.struct(*[value.alias(name) for name, value in self.others.items()]).alias("features"),
            F.lit(None).cast("string").alias("types"),
            F.struct(*self._prediction(as_of, by_request, None)).alias("scored"),
        )

    def row(self, by_request: bool) -> Column:
        """What a row is matched by: its request, where both sides have one, else its keys and T."""
        parts = [*self.keys, F.unix_micros(self.t)]
        number = F.when(_all(part.isNotNull() for part in parts), F.xxhash64(*parts))
        if by_request:
            request = self.text(REQUEST)
            number = F.when(request.isNotNull(), F.xxhash64(F.lit(REQUEST), request)).otherwise(number)
        return F.coalesce(number, F.lit(NOBODY).cast("bigint"))

    def _prediction(self, as_of: datetime, by_request: bool, delay: int | None) -> list[Column]:
        alone = F.xxhash64(F.lit(self.side), F.monotonically_increasing_id())
        unit = F.when(_all(key.isNotNull() for key in self.keys), F.xxhash64(*self.keys)).otherwise(alone)
        oldest = F.lit(None) if delay is None else F.timestamp_micros(F.lit(micros_of(as_of) - delay))
        return [
            self._score().alias(SCORE),
            F.when(self.matured(as_of), self._label()).alias(LABEL),
            unit.alias("unit"),
            self.row(by_request).alias("row"),
            self.text(self.arm).alias("arm"),
            (F.lit(True) if delay is None else F.coalesce(self.t <= oldest, F.lit(False))).alias("settled"),
        ]

    def _score(self) -> Column:
        return column(self._own(SCORE)).cast("double")

    def _label(self) -> Column:
        own = self._own(LABEL)
        is_truth = isinstance(self.schema[own].dataType, BooleanType)
        return (column(own).cast("int") if is_truth else column(own)).cast("double")

    def _instant(self, name: str) -> Column:
        own = self._own(name)
        return instant(column(own), self.schema[own].dataType, self.labels.timezone)

    def _own(self, name: str) -> str:
        return spelt(name, self.schema)

    def _type(self, name: str | None) -> DataType | None:
        own = self.there(name)
        return None if own is None else self.schema[own].dataType


def scored_tables(
    spark: SparkSession, labels: Labels, offline: str, online: str, arm: str | None
) -> tuple[ScoredTable, ScoredTable]:
    """Both tables at their newest versions; InputError with everything that is wrong with either."""
    sides, problems = [], []
    for side, location in (("offline", offline), ("online", online)):
        try:
            sides.append(ScoredTable(side, open_source(spark, location, side).rows, labels, arm))
            problems += list(sides[-1].problems())
        except InputError as error:
            problems += error.problems
    if not problems:
        problems += list(_keys_that_differ(*sides))
    if problems:
        raise InputError(problems)
    return sides[0], sides[1]


def _keys_that_differ(offline: ScoredTable, online: ScoredTable) -> Iterator[str]:
    for name, kind in offline.key_kinds.items():
        if kind != online.key_kinds[name]:
            other = online.key_kinds[name]
            yield f"entity key '{name}' is {kind} offline and {other} online; cast one, keys match by equality"


def _all(conditions: Iterable[Column]) -> Column:
    return reduce(Column.__and__, conditions)
