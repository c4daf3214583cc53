"""The rules of window aggregations as plain loops, written to be read beside the contract.

Events are dicts of plain Python values, all of one entity; times are aware datetimes or None. A spec is the
mapping that configuration has, with `where` left out: its meaning is given as a function from an event to
True, False or None.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cmp_to_key
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracles.asof import Row, compare, instant

Spec = Mapping[str, Any]
Meaning = Callable[[Row], bool | None]

DAY = timedelta(days=1)
EMPTY = {"count": 0, "count_distinct": 0, "last_n": []}


@dataclass(frozen=True, kw_only=True)
class OracleStream:
    """The time columns of a feature table and what they say of visibility."""

    event_timestamp: str = "event_timestamp"
    available_at: str | None = None
    delay: timedelta = timedelta(0)
    strict: bool = False

    def event(self, row: Row) -> datetime | None:
        """When the event happened, null where the row matches nothing."""
        landed = row[self.available_at] if self.available_at else row[self.event_timestamp]
        return None if landed is None else instant(row[self.event_timestamp], None)

    def available(self, row: Row) -> datetime:
        """When serving could first read it."""
        landed = instant(row[self.available_at or self.event_timestamp], None)
        assert landed is not None
        return landed + self.delay


def aggregate(
    rows: list[Row], at: datetime | None, spec: Spec, stream: OracleStream, where: Meaning | None = None
) -> Any:
    """Give the value of one window aggregation at T = `at`, null for a null T.

    Raises OverflowError for a sum of integers beyond 64 bits.
    """
    if at is None:
        return None
    events = events_in_window(rows, at, spec, stream)
    if where is not None:
        events = [row for row in events if where(row) is True]
    column = spec.get("column")
    if column is not None:
        events = [row for row in events if row[column] is not None]
    if not events:
        return EMPTY.get(spec["function"])
    if spec["function"] == "time_since_last":
        return (at - max(_known(stream.event(row)) for row in events)).total_seconds()
    if spec["function"] == "count":
        return len(events)
    return _of_values(_in_order(events, spec["column"], stream), spec)


def events_in_window(rows: list[Row], at: datetime, spec: Spec, stream: OracleStream) -> list[Row]:
    """Give the rows that are inside the window and visible at T, in their order."""
    start, end = window(at, spec)
    reached = operator.lt if stream.strict else operator.le
    found = []
    for row in rows:
        event = stream.event(row)
        if event is None:
            continue
        is_inside = start <= event < end
        is_visible = event <= at and reached(stream.available(row), at)
        if is_inside and is_visible:
            found.append(row)
    return found


def window(at: datetime, spec: Spec) -> tuple[datetime, datetime]:
    """Give the first instant of the window and the first one behind it."""
    length, offset = spec["window"], spec.get("offset")
    if isinstance(length, str):
        end = at.astimezone(timezone.utc) - (duration(offset) if offset else timedelta(0))
        return end - duration(length), end
    unit, zone = length["calendar"], length["timezone"]
    own = unit_start(at.astimezone(ZoneInfo(zone)).date(), unit)
    first = own
    for _ in range(length["length"] - 1 + (offset or 0)):
        first = unit_start(first - DAY, unit)
    if not offset:
        return _midnight(first, zone), at
    behind = own
    for _ in range(offset - 1):
        behind = unit_start(behind - DAY, unit)
    return _midnight(first, zone), _midnight(behind, zone)


def unit_start(day: date, unit: str) -> date:
    """Give the first day of the calendar unit that a day is in."""
    while (unit == "week" and day.isoweekday() != 1) or (unit == "month" and day.day != 1):
        day -= DAY
    return day


def duration(text: str) -> timedelta:
    """Give the length of a duration in its short spelling."""
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[text[-1]]
    return timedelta(**{unit: int(text[:-1])})


def _midnight(day: date, zone: str) -> datetime:
    return _known(instant(day, zone))


def _known(moment: datetime | None) -> datetime:
    assert moment is not None
    return moment


def _in_order(events: list[Row], column: str, stream: OracleStream) -> list[Any]:
    """Give the values by (event timestamp, available, value), the value by J4."""
    ranked = [[stream.event(row), stream.available(row), row[column]] for row in events]
    return [value for _, _, value in sorted(ranked, key=cmp_to_key(compare))]


def _of_values(values: list[Any], spec: Spec) -> Any:
    function = spec["function"]
    ascending = sorted(values, key=cmp_to_key(compare))
    ends = {"first": values[0], "last": values[-1], "min": ascending[0], "max": ascending[-1]}
    if function in ends:
        return ends[function]
    if function in ("median", "mode"):
        return _median(ascending) if function == "median" else _mode(ascending)
    if function == "last_n":
        return values[::-1][: spec["n"]]
    if function == "percentile":
        return ascending[max(1, math.ceil(Fraction(str(spec["p"])) * len(values))) - 1]
    return {"sum": _sum, "mean": _mean, "stddev": _stddev, "count_distinct": _distinct}[function](values)


def _distinct(values: list[Any]) -> int:
    seen: list[Any] = []
    for value in values:
        if not any(_is_one(value, other) for other in seen):
            seen.append(value)
    return len(seen)


def _is_one(value: Any, other: Any) -> bool:
    """Say whether two values count as one: NaN is one value, and -0.0 equals 0.0."""
    return bool(value == other or (value != value and other != other))  # noqa: PLR0124


def _mode(ascending: list[Any]) -> Any:
    """Give the first of the most frequent values; of either zero 0.0."""
    times = [sum(_is_one(value, other) for other in ascending) for value in ascending]
    found = ascending[times.index(max(times))]
    return 0.0 if isinstance(found, float) and found == 0 else found


def _median(ascending: list[Any]) -> float:
    half, is_odd = divmod(len(ascending), 2)
    return float(ascending[half]) if is_odd else _mean(ascending[half - 1 : half + 1])


def _sum(values: list[Any]) -> Any:
    with localcontext() as context:
        context.prec = 100
        total = type(values[0])(0)
        for value in values:
            total += value
    if isinstance(total, int) and not -(2**63) <= total < 2**63:
        raise OverflowError(f"sum {total}")
    return total


def _mean(values: list[Any]) -> float:
    if isinstance(values[0], float):
        return float(_sum(values)) / len(values)
    return float(sum(map(Fraction, values)) / len(values))


def _stddev(values: list[Any]) -> float | None:
    """Give the square root of the exact variance; NaN where a value is no number or infinite."""
    if len(values) < 2:
        return None
    if not all(math.isfinite(value) for value in values):
        return math.nan
    mean = sum(map(Fraction, values)) / len(values)
    return math.sqrt(sum((Fraction(value) - mean) ** 2 for value in values) / (len(values) - 1))


def agrees(found: Any, expected: Any, values: list[Any]) -> bool:
    """Say whether two results are the same by W6; `values` are those that a sum adds up, none of other functions.

    Doubles may differ by 1e-9 times the sum of the absolute values, where that is finite; NaN is NaN, -0.0
    is not 0.0 except as a sum, and everything else, lists and types included, is equal exactly.
    """
    if isinstance(found, list) and isinstance(expected, list):
        pairs = zip(found, expected, strict=False)
        return len(found) == len(expected) and all(same(one, other) for one, other in pairs)
    is_sum = bool(values) and isinstance(found, float) and isinstance(expected, float)
    if not is_sum or same(found, expected):
        return same(found, expected)
    weight = sum((abs(Fraction(v)) for v in values if v is not None and math.isfinite(v)), Fraction(0))
    if not (math.isfinite(found) and math.isfinite(expected)):
        return False
    return abs(Fraction(found) - Fraction(expected)) <= Fraction(1, 10**9) * weight


def same(found: Any, expected: Any) -> bool:
    """Say whether two values are of one type and the same, NaN and the sign of zero included."""
    if type(found) is not type(expected):
        return False
    if isinstance(found, (int, float, Decimal, str, bool, date)):
        return compare(found, expected) == 0
    return bool(found == expected)
