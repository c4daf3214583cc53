"""A side's rows as the pass takes them: keys, times, and its values as one list for each type of value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType

from skewless.parts.asof.join_side import JoinSide
from skewless.parts.asof.kernel.layout import AVAILABLE, MATCHABLE, MOMENT, ValuePlace


class SideRows:
    """The rows of one side that can match: `head`, what they are matched by, and what else they bring, by name.

    With `is_marked` those that cannot match as well; a column of the head says which.
    """

    def __init__(self, side: JoinSide, head: Sequence[Column], *, is_marked: bool = False) -> None:
        self.side = side
        event, available = side.event(), side.available()
        times = [(F.lit(None).cast("bigint") if event is None else F.unix_micros(event)).alias(MOMENT)]
        if event is not None and available is not None and side.lag is None:
            times.append(F.unix_micros(available).alias(AVAILABLE))
        payload = side.payload()
        rows = side.rows if is_marked else side.rows.where(side.is_matchable())
        marks = [side.is_matchable().alias(MATCHABLE)] if is_marked else []
        self.rows = rows.select(*marks, *head, *times, *payload)
        fields = self.rows.schema.fields
        self.types = {field.name: field.dataType for field in fields[len(fields) - len(payload) :]}
        self.head = [field.name for field in fields[: len(fields) - len(payload)]]

    def places(self, lists: Mapping[str, ArrayType]) -> dict[str, ValuePlace]:
        """Where each value is in the lists."""
        return {
            name: ValuePlace(column, position)
            for column, names in self._by_list(lists).items()
            for position, name in enumerate(names)
        }

    def in_lists(self, lists: Mapping[str, ArrayType]) -> dict[str, Column]:
        """The lists, null where the side has no value of their type."""
        own = self._by_list(lists)
        return {
            column: F.array(*[F.col(name) for name in own[column]]) if own[column] else null(kind)
            for column, kind in lists.items()
        }

    def _by_list(self, lists: Mapping[str, ArrayType]) -> dict[str, list[str]]:
        texts = {kind.elementType.simpleString(): column for column, kind in lists.items()}
        found: dict[str, list[str]] = {column: [] for column in lists}
        for name, kind in self.types.items():
            found[texts[kind.simpleString()]].append(name)
        return found


def lists_of(sides: Sequence[SideRows]) -> dict[str, ArrayType]:
    """A list column for each type of value that any of the sides brings."""
    kinds = {kind.simpleString(): kind for side in sides for kind in side.types.values()}
    return {f"values_{place}": ArrayType(kind) for place, kind in enumerate(kinds.values())}


def null(kind: DataType | str) -> Column:
    return F.lit(None).cast(kind)
