"""The as-of join of one feature table: the rows that a store gave, and T → the values of the winning row.

The rules are those of the join in Spark: the visible row with the greatest event timestamp, then the greatest
availability, then the greatest row; then, for that row alone, its age and its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from skewless.serving.aggregations.visibility import last_visible
from skewless.serving.errors import FeatureError, nearest, raised, shown
from skewless.serving.plan.document.column_types import ColumnType
from skewless.serving.plan.serve.column_values import accepting, instants, order_key
from skewless.serving.plan.serve.tables import JoinedTable
from skewless.serving.values.checks import Refused

Row = Mapping[str, Any]
Entity = tuple[Any, ...]
Winner = Callable[[Sequence[Row], Entity, int], tuple[Any, ...]]

_MISSING = object()


class Reading(NamedTuple):
    """A column as it is read: a function that takes its non-null values, and the table's name for messages."""

    column: str
    accept: Callable[[Any], Any]
    subject: str

    def of(self, row: Row, position: int) -> Any:
        """The column's value in a row, None for a null; FeatureError for a missing column and a wrong type."""
        try:
            value = row[self.column]
        except KeyError:
            raise FeatureError(f"{self.subject}: row {position}: {_missing(self.column, row)}") from None
        return None if value is None else self.taken(value, position)

    def taken(self, value: Any, position: int) -> Any:
        """A non-null value, taken; FeatureError for a wrong type."""
        try:
            return self.accept(value)
        except Exception as error:
            said = error if isinstance(error, Refused) else raised(error)
            raise FeatureError(f"{self.subject}: row {position}: column '{self.column}': {said}") from None


class RowTimes(NamedTuple):
    """How the rows of a table are timed, and which of them are an entity's own.

    `keys` reads the key columns beside the label columns that they join.
    """

    keys: tuple[tuple[Reading, str], ...]
    event: Reading | None
    available: Reading | None
    delay: int
    strict: bool

    @classmethod
    def of(cls, table: JoinedTable) -> RowTimes:
        """The times and keys of a table."""
        subject = f"feature table '{table.name}'"
        keys = tuple(
            (Reading(key, accepting(table.types[key]), subject), label_column)
            for key, label_column in table.join_keys
        )
        event, available = (time_reading(table, name) for name in (table.event_timestamp, table.available_at))
        return cls(keys, event, available, table.delay, table.strict)

    def visible(self, rows: Sequence[Row], entity: Entity, at: int) -> list[tuple[int, int, int]]:
        """(event, available, position) of the entity's rows that are visible at T; 0, 0 in a static table.

        A null key, event timestamp or availability matches nothing. A row of another entity is an error.
        """
        last = last_visible(at, self.strict)
        found = []
        for position, row in enumerate(rows):
            if self.keys and not self._is_own(row, entity, position):
                continue
            if self.event is None:
                found.append((0, 0, position))
                continue
            event = self.event.of(row, position)
            landed = event if self.available is None else self.available.of(row, position)
            if event is not None and landed is not None and event <= last and landed + self.delay <= last:
                found.append((event, landed + self.delay, position))
        return found

    def _is_own(self, row: Row, entity: Entity, position: int) -> bool:
        """Whether no key that the row carries is null; FeatureError for a key that is another entity's."""
        is_own = True
        for (reading, label_column), wanted in zip(self.keys, entity, strict=True):
            value = row.get(reading.column, _MISSING)
            # A store that is asked by key often leaves the key out of its rows; what it does say has to be right.
            if value is _MISSING:
                continue
            if value is None:
                is_own = False
            elif reading.taken(value, position) != wanted:
                raise FeatureError(
                    f"{reading.subject}: row {position}: key '{reading.column}' is {shown(value)}, but the "
                    f"request's '{label_column}' is {shown(wanted)}; give the rows of the request's entity"
                )
        return is_own


def winner_of(table: JoinedTable) -> Winner:
    """A function of (rows, entity, T in microseconds) that gives the selected columns of the winning row.

    All are None where no row is visible, and where the winner is stale or over. With `max_age` an age equal to
    it is still fresh; at `valid_until` the row is over. Neither lets an older row take the winner's place.
    """
    times, max_age, ends = RowTimes.of(table), table.max_age, time_reading(table, table.valid_until)
    subject = f"feature table '{table.name}'"
    readings = [Reading(name, accepting(table.types[name]), subject) for name in table.columns]
    order = row_order([table.types[name] for name in table.columns])
    nothing = (None,) * len(readings)

    def winner(rows: Sequence[Row], entity: Entity, at: int) -> tuple[Any, ...]:
        visible = times.visible(rows, entity, at)
        if not visible:
            return nothing
        # Only rows tied on both times are read as values: most requests never pay for J4's comparison.
        event, available, _ = max(visible)
        tied = [
            candidate(rows[position], position, readings, ends)
            for moment, landed, position in visible
            if moment == event and landed == available
        ]
        values, end = tied[0] if len(tied) == 1 else max(tied, key=order)
        # Asked of the winner alone, after it has won (J3).
        is_over = end is not None and at >= end
        return nothing if is_over or is_stale(at - event, max_age) else values

    return winner


def is_stale(age: int, max_age: int | None) -> bool:
    """Whether a row is older than its table's `max_age` (J3), in microseconds; None for a table without one."""
    return max_age is not None and age > max_age


def candidate(
    row: Row, position: int, readings: list[Reading], ends: Reading | None
) -> tuple[tuple[Any, ...], int | None]:
    """A row's selected columns and its end, None for no end."""
    values = tuple([reading.of(row, position) for reading in readings])
    return values, None if ends is None else ends.of(row, position)


def row_order(kinds: list[ColumnType]) -> Callable[[tuple[tuple[Any, ...], int | None]], Any]:
    """J4 among candidates with equal times: the selected columns in order, then the end, null greatest."""
    keys = [order_key(kind) for kind in kinds]

    def order(candidate: tuple[tuple[Any, ...], int | None]) -> Any:
        values, end = candidate
        return [key(value) for key, value in zip(keys, values, strict=True)], end is None, end or 0

    return order


def time_reading(table: JoinedTable, name: str | None) -> Reading | None:
    """A time column as instants; None for no column."""
    if name is None:
        return None
    return Reading(name, instants(table.types[name], table.timezone), f"feature table '{table.name}'")


def _missing(column: str, row: Row) -> str:
    names = sorted(map(str, row))
    match = nearest(column, names)
    return f"no column '{column}'; " + (
        f"did you mean '{match}'?" if match else f"it has {', '.join(names) or 'none at all'}"
    )
