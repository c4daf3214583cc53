"""Logged beside recomputed, a state for every record and feature, and the counts of those (S5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, DecimalType, DoubleType, FloatType

from skewless.ground.spark_columns import INTEGERS

SAME, DIFFERENT, LOGGED_NULL, RECOMPUTED_NULL = range(4)
"""What a state says of one value; null where it is not compared."""

FRACTIONS = 2**20
MISMATCHES_WANTED, RECORDS_WANTED = 2_000, 8_000
"""Sampled for causes: mismatches of each feature, and records whatever they hold, on average."""

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Compared:
    """One logged feature: both values, whether a record's can be compared, and how near doubles have to be.

    Without `is_loose` numbers are compared exactly. `weight` is what a sum of doubles is relative to: the sum of
    absolute values in its window, or more (W6).
    """

    name: str
    logged: Column
    logged_type: DataType
    recomputed: Column
    recomputed_type: DataType
    comparable: Column
    is_loose: bool = False
    weight: Column | None = None

    @property
    def takes_types(self) -> bool:
        """Whether values of the two types can be equal at all."""
        return _family(self.logged_type) == _family(self.recomputed_type)

    def kept(self, place: int) -> Compared:
        """The same feature over rows that `held_together` gave."""
        return replace(
            self,
            logged=F.col(f"logged_{place}"),
            recomputed=F.col(f"recomputed_{place}"),
            comparable=F.col(f"comparable_{place}"),
            weight=None if self.weight is None else F.col(f"weight_{place}"),
        )

    def state(self) -> Column:
        """SAME, DIFFERENT, or which side alone is null; null where the record's value is not compared."""
        empty, gone = self.logged.isNull(), self.recomputed.isNull()
        state = (
            F.when(empty & gone, F.lit(SAME))
            .when(empty, F.lit(LOGGED_NULL))
            .when(gone, F.lit(RECOMPUTED_NULL))
            .when(self._is_equal(), F.lit(SAME))
            .otherwise(F.lit(DIFFERENT))
        )
        return F.when(self.comparable, state)

    def _is_equal(self) -> Column:
        if not self.takes_types:
            return F.lit(False)
        one, other = self.logged, self.recomputed
        if _family(self.logged_type) != "number":
            same_type = self.logged_type == self.recomputed_type
            return other.eqNullSafe(one if same_type else one.try_cast(self.recomputed_type))
        if not any(
            isinstance(kind, (DoubleType, FloatType)) for kind in (self.logged_type, self.recomputed_type)
        ):
            return one.eqNullSafe(other)
        # Only where one of them has been through a float already; integers and decimals are compared as what they
        # are.
        one, other = one.cast("double"), other.cast("double")
        return one.eqNullSafe(other) | self._is_near(one, other) if self.is_loose else one.eqNullSafe(other)

    def _is_near(self, one: Column, other: Column) -> Column:
        size = F.greatest(F.abs(one), F.abs(other))
        if self.weight is not None:
            size = F.greatest(size, F.coalesce(self.weight, F.lit(0.0)))
        # An infinite size would make everything near.
        is_finite = (size < F.lit(float("inf"))) & ~F.isnan(size)
        return is_finite & (F.abs(one - other) <= F.lit(TOLERANCE) * size)


@dataclass(frozen=True)
class Counts:
    """How one feature compares over some records."""

    compared: int
    mismatched: int
    logged_null: int = 0
    recomputed_null: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.compared + other.compared,
            self.mismatched + other.mismatched,
            self.logged_null + other.logged_null,
            self.recomputed_null + other.recomputed_null,
        )


def held_together(rows: DataFrame, features: Sequence[Compared], carried: Sequence[Column]) -> DataFrame:
    """The carried columns, and all that decides each feature's state as columns of their own, to be kept in memory.

    Their plan ends there: counts, trends and samples read what is kept, and never compute a join again.
    """
    columns = list(carried)
    for place, feature in enumerate(features):
        columns += [
            feature.logged.alias(f"logged_{place}"),
            feature.recomputed.alias(f"recomputed_{place}"),
            feature.comparable.alias(f"comparable_{place}"),
        ]
        if feature.weight is not None:
            columns.append(feature.weight.alias(f"weight_{place}"))
    return rows.select(*columns)


def compare(kept: DataFrame, features: Sequence[Compared]) -> DataFrame:
    """The kept rows with `state_<i>` of each feature beside `logged_<i>` and `recomputed_<i>`."""
    states = [feature.kept(place).state().alias(f"state_{place}") for place, feature in enumerate(features)]
    decided = ("comparable_", "weight_")
    return kept.select(*[name for name in kept.columns if not name.startswith(decided)], *states)


def count_all(compared: DataFrame, features: Sequence[Compared]) -> tuple[int, int, dict[str, Counts]]:
    """The number of records, of those of which nothing was compared, and each feature's counts, in one pass."""
    states = [F.col(f"state_{place}") for place in range(len(features))]
    nothing = F.coalesce(*states, F.lit(None)).isNull() if states else F.lit(True)
    found = compared.agg(
        F.count(F.lit(1)).alias("rows"),
        F.count_if(nothing).alias("unmatched"),
        *_counters(range(len(features))),
    ).first()
    assert found is not None, "an aggregate without grouping has one row"
    counts = {
        feature.name: Counts(*(found[f"{what}_{place}"] for what in _COUNTED))
        for place, feature in enumerate(features)
    }
    return found["rows"], found["unmatched"], counts


def count_by(
    compared: DataFrame, dimensions: Mapping[str, Column], features: Mapping[int, str], most: int
) -> dict[str, dict[str, dict[str, Counts]]]:
    """Feature → dimension → its value → counts, in one pass over all dimensions; `features` are places and names.

    Of more than `most` combinations of values the smallest are left out.
    """
    names = list(dimensions)
    by = [
        F.coalesce(value.cast("string"), F.lit("null")).alias(f"by_{at}")
        for at, value in enumerate(dimensions.values())
    ]
    # Combinations are grouped once and added up by dimension here: a job for each dimension would read the cache
    # anew.
    grouped = compared.groupBy(*by).agg(F.count(F.lit(1)).alias("rows"), *_counters(features))
    rows = grouped.orderBy(F.desc("rows"), *[f"by_{at}" for at in range(len(names))]).limit(most).collect()
    found: dict[str, dict[str, dict[str, Counts]]] = {}
    for place, feature in features.items():
        own = found.setdefault(feature, {name: {} for name in names})
        for at, name in enumerate(names):
            for row in sorted(rows, key=lambda each: str(each[f"by_{at}"])):
                more = Counts(*(row[f"{what}_{place}"] for what in _COUNTED))
                own[name][row[f"by_{at}"]] = own[name].get(row[f"by_{at}"], Counts(0, 0)) + more
    return found


_COUNTED = ("compared", "mismatched", "logged_null", "recomputed_null")


def _counters(places: Sequence[int] | range | Mapping[int, str]) -> list[Column]:
    counters = []
    for place in places:
        state = F.col(f"state_{place}")
        counters += [
            F.count(state).alias(f"compared_{place}"),
            F.count_if(state > SAME).alias(f"mismatched_{place}"),
            F.count_if(state == LOGGED_NULL).alias(f"logged_null_{place}"),
            F.count_if(state == RECOMPUTED_NULL).alias(f"recomputed_null_{place}"),
        ]
    return counters


def chosen(rows: int, mismatched: Mapping[int, int], fraction: Column, share: float = 1.0) -> Column:
    """Which records to look at for causes: by a hash, so that it is the same ones each time.

    All mismatches of a feature that has few, else a share of them; and a share of all records. `fraction` is a whole
    number below FRACTIONS; `share` makes the sample smaller.
    """
    wanted = fraction < _threshold(RECORDS_WANTED, rows, share)
    for place, count in mismatched.items():
        is_mismatch = F.coalesce(F.col(f"state_{place}") > SAME, F.lit(False))
        wanted |= is_mismatch & (fraction < _threshold(MISMATCHES_WANTED, count, share))
    return wanted


def _threshold(wanted: int, there: int, share: float) -> int:
    return max(1, min(FRACTIONS, int(FRACTIONS * share * wanted / max(1, there))))


def _family(kind: DataType) -> str:
    """Types whose values can be equal; an array of which only empty lists are known is logged as one of text."""
    if isinstance(kind, ArrayType):
        return "array"
    if isinstance(kind, (*INTEGERS, DoubleType, FloatType, DecimalType)):
        return "number"
    return kind.typeName()
