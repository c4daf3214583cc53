"""Ranges of T, [start, end): the start belongs to them and the end to the next one, whoever asks and of whatever."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

_DAY = timedelta(days=1) // timedelta(microseconds=1)
_EPOCH = date(1970, 1, 1)

_COMPARED: dict[str, Callable[[Any, Any], Any]] = {">=": operator.ge, "<": operator.lt, "<=": operator.le}


class Bound(NamedTuple):
    """One side of a range: by which comparison, as SQL and Python write it, with what."""

    comparison: str
    value: Any

    def holds(self, compared: Any) -> Any:
        """The condition on what compares itself with the value: a column of Spark, an array of numpy, a field of
        pyarrow.
        """
        return _COMPARED[self.comparison](compared, self.value)


class HalfOpen(NamedTuple):
    """T in [start, end), in microseconds since 1970, None for an open side."""

    start: int | None
    end: int | None

    @property
    def instants(self) -> list[Bound]:
        """What holds of each T in the range, and of no other."""
        since = [] if self.start is None else [Bound(">=", self.start)]
        return since if self.end is None else [*since, Bound("<", self.end)]

    @property
    def dates(self) -> list[Bound]:
        """What holds of the UTC date of each T in the range, and of no date without one.

        >>> HalfOpen(None, 86_400_000_000).dates
        [Bound(comparison='<', value=datetime.date(1970, 1, 2))]
        >>> HalfOpen(None, 86_400_000_001).dates
        [Bound(comparison='<=', value=datetime.date(1970, 1, 2))]
        """
        since = [] if self.start is None else [Bound(">=", _date_of(self.start))]
        if self.end is None:
            return since
        return [*since, Bound("<=" if self.end % _DAY else "<", _date_of(self.end))]


def _date_of(micros: int) -> date:
    return _EPOCH + timedelta(days=micros // _DAY)
