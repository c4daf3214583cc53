"""A case → its label events and feature tables, on disk as long as it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.asof.cases import HOT, MAX_AGE, START, ZIPF, Case, Table

DAY = 86_400_000_000
"""In microseconds."""
HOT_SHARE = 0.2
ROWS_OF_A_FILE = 500_000
"""Where rows lie as they came: some days of a year a file."""


class Data:
    """Label events `labels` (id, keys, ts) and the case's tables (key, ts, doubles), each a Delta table at `place`.

    Views of the same names are what peers read: rows whose time can matter.
    """

    def __init__(self, spark: SparkSession, place: Path, case: Case) -> None:
        self.spark, self.place, self.case = spark, place, case

    def write(self) -> None:
        case = self.case
        self._save("labels", case.labels, None, self._labels())
        for number, table in enumerate(case.tables, start=1):
            files = max(2, table.rows // ROWS_OF_A_FILE) if case.in_order else None
            self._save(table.name, table.rows, files, self._table(table, _Drawn(number)))

    def rows(self, name: str) -> DataFrame:
        """All rows of a table."""
        return self.spark.read.format("delta").load(str(self.place / name))

    def read(self, name: str) -> DataFrame:
        """The rows of a table whose time can matter."""
        rows = self.rows(name)
        if not self.case.is_of_a_part:
            return rows
        is_young = F.col("ts") >= F.lit(self.case.first - MAX_AGE)
        return rows.where(is_young & (F.col("ts") < F.lit(self.case.end)))

    def _save(self, name: str, rows: int, files: int | None, columns: Mapping[str, Column]) -> None:
        drawn = self.spark.range(rows, numPartitions=files).select(
            *[column.alias(column_name) for column_name, column in columns.items()]
        )
        drawn.write.format("delta").save(str(self.place / name))
        self.read(name).createOrReplaceTempView(name)

    def _labels(self) -> dict[str, Column]:
        drawn, case = _Drawn(0), self.case
        day = drawn.share() * case.label_days + (case.days - case.label_days)
        keys = {key: self._key(drawn, entities) for key, entities in case.entities.items()}
        return {"id": F.col("id"), **keys, "ts": _timestamp(day * DAY)}

    def _table(self, table: Table, drawn: _Drawn) -> dict[str, Column]:
        case, share = self.case, drawn.share()
        day = ((F.col("id") + share) / table.rows if case.in_order else share) * case.days
        values = {name: F.randn(next(drawn.seeds)) for name in table.values}
        seen: dict[str, Column] = {}
        if case.late:
            # Times of whole days and small numbers, so that times, availabilities and values tie.
            day = F.floor(day)
            quarters = F.floor(-F.log(1 - drawn.share()) * 4)
            seen = {"seen": _timestamp((day + quarters / 4) * DAY)}
            values["v0"] = F.when(drawn.share() > 0.1, F.floor(values["v0"]).cast("double"))
        return {table.key: self._key(drawn, table.entities), "ts": _timestamp(day * DAY), **seen, **values}

    def _key(self, drawn: _Drawn, entities: int) -> Column:
        if self.case.keys == ZIPF:
            # Key n as often as 1 / n.
            return (F.floor(F.exp(drawn.share() * math.log(entities))) - 1).cast("bigint")
        key = F.floor(drawn.share() * entities).cast("bigint")
        if self.case.keys == HOT:
            return F.when(drawn.share() < HOT_SHARE, F.lit(0).cast("bigint")).otherwise(key)
        return key


class _Drawn:
    """What is drawn for a table: each column by a seed of its own, or columns would go together."""

    def __init__(self, table: int) -> None:
        # A thousand apart: in its n-th partition Spark draws by the seed plus n.
        self.seeds = count(table * 1_000_000, 1_000)

    def share(self) -> Column:
        """Numbers from 0 to 1."""
        return F.rand(next(self.seeds))


def _timestamp(micros: Column) -> Column:
    """So many microseconds after the first day's begin."""
    return F.timestamp_micros((F.floor(micros) + int(START.timestamp() * 1_000_000)).cast("bigint"))
