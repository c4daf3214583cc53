"""What is measured: the data of each case, who takes part, and the goals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

MAX_AGE = timedelta(days=30)
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
HALF_A_YEAR = 180
VALUES = ("v0", "v1", "v2", "v3", "v4")
EVEN, HOT, ZIPF = "even", "hot", "zipf"

OURS, FLOOR = "ours", "floor"
ON_SPARK = ("feast", "tempo", "hopsworks", "range_join")
IN_ONE_PROCESS = ("duckdb", "polars")
ALL = (OURS, *ON_SPARK, *IN_ONE_PROCESS, FLOOR)


@dataclass(frozen=True)
class Table:
    """A feature table: `rows` over `entities` of the label column `key`."""

    name: str
    rows: int
    entities: int
    key: str = "k"
    values: tuple[str, ...] = VALUES


@dataclass(frozen=True)
class Goal:
    """A side takes at least so many times as long as ours; below 1 ours takes at most the inverse of the side."""

    side: str
    least: float

    def __str__(self) -> str:
        return f"≥ {self.least:g}x" if self.least >= 1 else f"ours ≤ {1 / self.least:.3g}x"


@dataclass(frozen=True)
class Case:
    """Label events of the last `label_days` of a history of `days`, and tables of that history.

    `in_order`: rows lie in their files as they came, day after day. `late`: rows become visible up to days after their
    time, with ties. `patience`: at most so many seconds, where a side looks at pairs by the billion and spills them.
    """

    name: str
    about: str
    labels: int
    tables: tuple[Table, ...]
    sides: tuple[str, ...] = ALL
    goals: tuple[Goal, ...] = ()
    days: int = HALF_A_YEAR
    label_days: int = HALF_A_YEAR
    keys: str = EVEN
    in_order: bool = False
    late: bool = False
    patience: float | None = None

    @property
    def entities(self) -> dict[str, int]:
        """The label columns that tables are joined by, and of how many entities each is."""
        return {table.key: table.entities for table in self.tables}

    @property
    def rows(self) -> int:
        """Label events and feature rows together."""
        return self.labels + sum(table.rows for table in self.tables)

    @property
    def first(self) -> datetime:
        """Before every T."""
        return START + timedelta(days=self.days - self.label_days)

    @property
    def end(self) -> datetime:
        """After every T."""
        return START + timedelta(days=self.days)

    @property
    def is_of_a_part(self) -> bool:
        """Whether label events are of a part of the history."""
        return self.label_days < self.days

    @property
    def result_columns(self) -> list[str]:
        """What a result has, in its order: the label event's columns, then each table's values."""
        values = [f"{table.name}__{value}" for table in self.tables for value in table.values]
        return ["id", *self.entities, "ts", *values]

    def scaled(self, scale: float) -> Case:
        """The same with so many times the rows and the entities."""
        tables = (
            replace(table, rows=_times(table.rows, scale), entities=_times(table.entities, scale))
            for table in self.tables
        )
        return replace(self, labels=_times(self.labels, scale), tables=tuple(tables))

    def goal_of(self, side: str) -> Goal | None:
        """What is asked of a side: of every one on Spark that it is not ahead of ours."""
        asked = {goal.side: goal for goal in self.goals}
        return asked.get(side) or (Goal(side, 1) if side in ON_SPARK else None)


def _times(number: int, scale: float) -> int:
    return max(10, round(number * scale))


def _alike(number: int, rows: int = 1_250_000, entities: int = 100_000) -> tuple[Table, ...]:
    return tuple(Table(f"t{place}", rows, entities) for place in range(number))


def _at_least(**times: float) -> tuple[Goal, ...]:
    return tuple(Goal(side, least) for side, least in times.items())


def _at_most(side: str, times: float) -> Goal:
    return Goal(side, 1 / times)


_K4 = Case(
    "k4",
    "4 tables",
    1_000_000,
    _alike(4),
    goals=(*_at_least(feast=8, tempo=2.5, hopsworks=2, range_join=2), _at_most("duckdb", 2.5)),
)
_PAIRS = 150.0
"""Seconds for who looks at all pairs of a hot key: by then it has spilled tens of gigabytes."""

CASES = (
    replace(_K4, name="k1", about="1 table", tables=_alike(1), goals=()),
    _K4,
    Case("k16", "16 tables", 1_000_000, _alike(16), goals=_at_least(feast=12, tempo=3, range_join=2)),
    Case("k50", "50 tables", 1_000_000, _alike(50, 200_000)),
    Case(
        "long",
        "label events of ten days, a year of history",
        100_000,
        _alike(1, 50_000_000),
        goals=_at_least(range_join=3),
        days=365,
        label_days=10,
        in_order=True,
    ),
    replace(
        _K4,
        name="hot",
        about="a fifth of all rows under one key",
        keys=HOT,
        goals=_at_least(tempo=2),
        patience=_PAIRS,
    ),
    replace(_K4, name="zipf", about="keys by Zipf's law", keys=ZIPF, goals=(), patience=_PAIRS),
    Case(
        "late",
        "late rows, corrections and ties, held against the rules' oracle on a sample",
        1_000_000,
        _alike(4, entities=10_000),
        sides=(OURS,),
        late=True,
    ),
    Case(
        "wide",
        "200 columns",
        1_000_000,
        (Table("t0", 1_250_000, 100_000, values=tuple(f"v{place}" for place in range(200))),),
    ),
    Case(
        "keys",
        "three sets of keys, small tables",
        1_000_000,
        (
            Table("customer", 100_000, 100_000, "customer_id"),
            Table("store", 100_000, 1_000, "store_id"),
            Table("region", 100_000, 100, "region_id"),
        ),
    ),
    replace(
        _K4.scaled(4),
        name="x4",
        about="4 tables, four times the rows",
        sides=(OURS, FLOOR),
        goals=(_at_most(FLOOR, 2.2),),
    ),
    replace(
        _K4.scaled(16),
        name="x16",
        about="4 tables, sixteen times the rows",
        sides=(OURS, FLOOR),
        goals=(),
    ),
)
GROWN = ("k4", "x4", "x16")
"""The cases of which the exponent is told."""
MOST_EXPONENT = 1.1
MOST_HOT_TO_EVEN = 1.5
"""Of ours under a hot key to the even case, which has as many rows."""
