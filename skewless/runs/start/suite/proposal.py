"""What a version's columns hold → the expectations of its next builds, which the version itself meets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from skewless.ground.names import EVENT_DATE
from skewless.runs.start.suite.measures import Measure

Expectation = dict[str, Any]
CRITICAL, WARNING = "critical", "warning"

NULL_FACTOR, NULL_POINTS = 1.5, 0.05
"""Half as many nulls again, and five points: what a slice of a day has beyond the whole, and less than a table that
is no longer met."""

RANGE_MARGIN = 0.5
"""Half the spread on either side: a season more extreme than those seen passes, a unit that was changed does not."""

MOSTLY_KNOWN = 0.99
"""The share of rows in a known category: a new one comes with few rows, a changed spelling with all."""

UNIQUE = 0.9
"""Integers of nearly as many values as rows number something; their range says nothing."""


@dataclass(frozen=True)
class Roles:
    """Columns of the label events that mean something."""

    keys: Sequence[str]
    time: str
    labels: Sequence[str]


@dataclass(frozen=True)
class Proposal:
    """A suite's expectations, and of which columns something is expected, by what it is."""

    expectations: list[Expectation]

    def columns(self, *types: str) -> list[str]:
        """The columns of which something of these types is expected."""
        return [item["kwargs"]["column"] for item in self.expectations if item["type"] in types]


ROWS, COLUMNS = "expect_table_row_count_to_equal", "expect_table_columns_to_match_ordered_list"
NOT_NULL, BETWEEN = "expect_column_values_to_not_be_null", "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"


def proposal_of(measures: Sequence[Measure], roles: Roles) -> Proposal:
    """One expectation on the rows, one on the columns; then by column nulls, and categories or a range."""
    labels = {name.casefold() for name in roles.labels}
    keys = {name.casefold() for name in (*roles.keys, roles.time)}
    found = [
        _item(ROWS, {"value": {"$PARAMETER": "label_events"}}, CRITICAL, "every label event once"),
        _item(
            COLUMNS,
            {"column_list": [each.name for each in measures]},
            CRITICAL,
            "what a model was trained on",
        ),
    ]
    # A dot in a name means a field of a struct to Great Expectations.
    for each in (each for each in measures if each.name != EVENT_DATE and "." not in each.name):
        folded = each.name.casefold()
        found += _nulls(each, is_needed=folded in keys | labels)
        categories = list(_categories(each, is_label=folded in labels))
        found += categories
        if folded not in keys and not categories:
            found += _range(each)
    return Proposal(found)


def _item(kind: str, arguments: Expectation, severity: str, notes: str) -> Expectation:
    return {"type": kind, "kwargs": arguments, "severity": severity, "meta": {"notes": notes}}


def _nulls(each: Measure, *, is_needed: bool) -> Iterator[Expectation]:
    """Nothing is said of a column that is null in all rows, or could be within the margin."""
    share = each.null_share
    if is_needed and share == 0:
        yield _item(NOT_NULL, {"column": each.name}, CRITICAL, "null in no row: a key, T or a label")
        return
    # Rounded first, since 1 - 0.15 - 0.05 is a little under 0.8.
    mostly = math.floor(round((1 - share * NULL_FACTOR - NULL_POINTS) * 1000, 6)) / 1000
    if mostly > 0:
        notes = f"null in {share:.2%} of the rows"
        yield _item(NOT_NULL, {"column": each.name, "mostly": mostly}, CRITICAL, notes)


def _categories(each: Measure, *, is_label: bool) -> Iterator[Expectation]:
    """The values of a text of few, and of a label of few."""
    if each.values is None or not (each.is_text or is_label):
        return
    arguments: Expectation = {"column": each.name, "value_set": list(each.values)}
    if is_label:
        yield _item(IN_SET, arguments, CRITICAL, "the outcomes that were met")
    else:
        yield _item(IN_SET, {**arguments, "mostly": MOSTLY_KNOWN}, WARNING, "the values that were met")


def _range(each: Measure) -> Iterator[Expectation]:
    """None of a column of one value, of numbers that number something, or with NaN, which passes no bound."""
    least, greatest = each.least, each.greatest
    if least is None or greatest is None or each.strange or not 0 < greatest - least < math.inf:
        return
    if each.is_integer and (each.distinct or 0) >= UNIQUE * (each.all.rows - each.all.nulls):
        return
    low, high = widened(least, greatest)
    arguments = {"column": each.name, "min_value": low, "max_value": high}
    yield _item(BETWEEN, arguments, WARNING, f"{least:g} to {greatest:g} were met")


def widened(least: float, greatest: float) -> tuple[float, float]:
    """Bounds with a margin, outwards to two digits of the spread; what was never negative, or positive, stays so.

    >>> widened(0, 10), widened(-3.2, 98.1), widened(2, 3), widened(0.1, 0.4)
    ((0, 15), (-60.0, 150.0), (1, 4), (0.0, 0.56))
    """
    spread = greatest - least
    places = 1 - math.floor(math.log10(spread))
    low, high = least - RANGE_MARGIN * spread, greatest + RANGE_MARGIN * spread
    low = max(low, 0) if least >= 0 else low
    high = min(high, 0) if greatest <= 0 else high
    scale = 10.0**places
    low, high = math.floor(low * scale) / scale, math.ceil(high * scale) / scale
    if isinstance(least, int) and isinstance(greatest, int):
        return math.floor(low), math.ceil(high)
    # What was met is inside whatever rounding does to numbers of many digits.
    return min(low, least), max(high, greatest)
