"""One micro-batch of lines → what is new of it in the table of records and in that of rejected lines.

Rejected lines are written first, then records, each by a merge that adds only what is not there: a run killed in
between repeats the batch and adds the rest. A record is in one of the two tables, never in both: one that stands
rejected is not looked at again, and a copy of one that was accepted fits as that one did, since columns only widen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from skewless.ground.instants import literal, utc_date
from skewless.ground.python_tasks import map_in_arrow
from skewless.parts.log.decoding import Slot, decode, decoded_schema, slots_of
from skewless.parts.log.merging import (
    Field,
    Given,
    Wanted,
    contested,
    judged,
    logged_values,
    measured,
    standing_columns,
    wanted_columns,
)
from skewless.parts.log.rejections import SAME_LINE, rejected_lines, rejected_records
from skewless.parts.log.table import ALWAYS, LogTable

MOST_DATES = 400


@dataclass(frozen=True)
class Tables:
    """Where a log goes."""

    records: LogTable
    rejections: LogTable


@dataclass(frozen=True)
class Counts:
    """Files and lines read, records added, lines newly rejected, and the reason of one of those."""

    files: int = 0
    lines: int = 0
    records: int = 0
    rejected: int = 0
    reason: str | None = None

    @property
    def duplicates(self) -> int:
        """Lines that stood in one of the tables already, or that were read twice."""
        return self.lines - self.records - self.rejected

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.files + other.files,
            self.lines + other.lines,
            self.records + other.records,
            self.rejected + other.rejected,
            self.reason or other.reason,
        )


@dataclass(frozen=True)
class Decoded:
    """The lines of a batch as `decode` gives them, kept in the cache, and the slots of their values."""

    rows: DataFrame
    slots: Sequence[Slot]

    @property
    def records(self) -> DataFrame:
        return self.rows.where(F.col("reason").isNull())

    @property
    def other_lines(self) -> DataFrame:
        return self.rows.where(F.col("reason").isNotNull())


@dataclass(frozen=True)
class Settled:
    """Records, the columns that hold them, and in `reason` of the rows which of them none holds."""

    rows: DataFrame
    columns: Mapping[Field, Wanted]
    given: Sequence[Given]
    dates: frozenset[date]
    may_misfit: bool


def decoded(lines: DataFrame) -> Decoded:
    """The lines decoded. Whoever asks has to let go of the cache.

    The types are looked up first, in the JVM. Should Python find others in a line, they are added and the lines
    decoded anew.
    """
    texts = lines.select(F.get_json_object(F.col("raw").cast("string"), "$.types").alias("types"))
    slots = slots_of(row["types"] for row in texts.distinct().collect())
    while True:
        rows = map_in_arrow(lines, decode(slots), decoded_schema(slots)).persist(StorageLevel.MEMORY_AND_DISK)
        others = rows.where(F.col("undiscovered").isNotNull()).select("undiscovered").distinct().collect()
        if not others:
            return Decoded(rows, slots)
        rows.unpersist()
        slots = list(dict.fromkeys([*slots, *slots_of(row["undiscovered"] for row in others)]))


def write(batch: Decoded, tables: Tables, now: datetime) -> Counts:
    """Add what is new. Rejects what no column holds, and begins anew without it until the rest goes together."""
    size = _size(batch.rows)
    counts = Counts(size["files"], size["lines"])
    # Rejected lines first: should the run die before the records are in, a repeated batch finds the same columns and
    # judges the same lines the same way.
    if size["records"] < size["lines"]:
        counts += _reject(rejected_lines(batch.other_lines, now), tables)
    while True:
        settled = _settled(_new(batch, tables, size), batch.slots, tables)
        if not settled.may_misfit:
            break
        misfits = settled.rows.where(F.col("reason").isNotNull())
        if misfits.isEmpty():
            break
        counts += _reject(rejected_records(misfits, now), tables)
    return counts + Counts(records=_add(settled, tables.records, now))


def _size(rows: DataFrame) -> Row:
    size = rows.agg(
        F.count_distinct("file").alias("files"),
        F.count(F.lit(1)).alias("lines"),
        F.count_if(F.col("reason").isNull()).alias("records"),
        F.count_distinct("record_id").alias("record_ids"),
    ).first()
    assert size is not None, "an aggregate has one row"
    return size


def _new(batch: Decoded, tables: Tables, size: Row) -> DataFrame:
    """Each record once, without those that stand rejected."""
    records, spark = batch.records, batch.rows.sparkSession
    if tables.rejections.exists(spark):
        known = tables.rejections.rows(spark).where(F.col("record_id").isNotNull()).select("record_id")
        records = records.join(known, on="record_id", how="left_anti")
    if size["records"] == size["record_ids"]:
        return records
    # Of copies the one written first, then by where it lies: never the one that happened to be read first.
    order = Window.partitionBy("record_id").orderBy("written_at", "file", "raw")
    return records.withColumn("copy", F.row_number().over(order)).where("copy = 1").drop("copy")


def _settled(records: DataFrame, slots: Sequence[Slot], tables: Tables) -> Settled:
    """The columns for the records: those that stand, and what the record written first makes of the others."""
    spark = records.sparkSession
    shapes = _shapes(records)
    standing = standing_columns(tables.records.rows(spark).schema)
    given = _given(records, slots, slots_of(shape["types"] for shape in shapes), standing)
    columns = wanted_columns(
        standing, given, lambda wanted, kind: tables.records.can_become(spark, wanted, kind)
    )
    rows = judged(records, columns, given)
    dates = frozenset(shape["event_date"] for shape in shapes)
    return Settled(rows, columns, given, dates, may_misfit=rows is not records)


def _shapes(records: DataFrame) -> list[Row]:
    """The types of the records and their dates, those of the record that was written first first."""
    first = F.min(F.struct("written_at", "record_id")).alias("first")
    shapes = records.groupBy("types", _date().alias("event_date")).agg(first)
    return sorted(shapes.collect(), key=lambda row: (row["first"]["written_at"], row["first"]["record_id"]))


def _date() -> Column:
    return utc_date(F.col("event_timestamp"))


def _given(
    records: DataFrame, slots: Sequence[Slot], used: Sequence[Slot], standing: Mapping[Field, Wanted]
) -> list[Given]:
    """The used slots, in the order of their appearance, with what their values say where it matters."""
    places = {slot: place for place, slot in enumerate(slots)}
    matters = {places[used[index]] for index in contested(used, standing)}
    by_values = measured(records, slots, matters)
    return [by_values.get(places[slot]) or Given(slot, places[slot], slot.type) for slot in used]


def _reject(rows: DataFrame, tables: Tables) -> Counts:
    spark = rows.sparkSession
    tables.rejections.create(spark)
    one = rows.select(F.min("reason").alias("reason")).first()
    rejected = tables.rejections.insert_new(rows, SAME_LINE)
    return Counts(rejected=rejected, reason=one["reason"] if one and rejected else None)


def _add(settled: Settled, table: LogTable, now: datetime) -> int:
    if not settled.dates:
        return 0
    schema = table.evolve(settled.rows.sparkSession, settled.columns.values())
    fixed = [_fixed(name, now) for name in ALWAYS.names]
    fits = settled.rows.where(F.col("reason").isNull())
    return table.insert_new(
        fits.select(*fixed, *logged_values(schema, settled.given)), _same_record(settled.dates)
    )


def _fixed(name: str, now: datetime) -> Column:
    """A column that every record has."""
    if name == "ingested_at":
        return literal(now).alias(name)
    return _date().alias(name) if name == "event_date" else F.col(name)


def _same_record(dates: frozenset[date]) -> str:
    """The merge condition: the same record, looked for on the dates that the new ones have only."""
    same = "old.record_id = new.record_id AND old.event_date = new.event_date"
    if len(dates) > MOST_DATES:
        return f"{same} AND old.event_date BETWEEN DATE '{min(dates)}' AND DATE '{max(dates)}'"
    listed = ", ".join(f"DATE '{day}'" for day in sorted(dates))
    return f"{same} AND old.event_date IN ({listed})"
