"""Window aggregations over a list of events, with the rules that Spark's side follows.

An event is a dict of a feature table's columns, all of one entity. It counts where it lies in the window
and is visible at T (`at`): event timestamp and availability at or before T, availability being `available_at`
or else the event timestamp, plus `delay`.

    |-------- length --------|-- offset --|
    [ in the window          )            T        rolling: T - offset - length <= event < T - offset

>>> import datetime as dt
>>> now = dt.datetime(2024, 7, 8, tzinfo=dt.timezone.utc)
>>> events = [{"event_timestamp": now - dt.timedelta(days=days), "amount": days} for days in (0, 1, 7, 8)]
>>> count(events, window="7d", at=now), sum(events, window="7d", at=now, column="amount")
(2, 8)

Every function takes the same keywords. `window` is a duration (`"7d"`, `"PT36H"`) or a mapping `{"calendar":
"day", "length": 1, "timezone": "America/New_York"}`; `offset` a duration or a number of calendar units; `where`
a predicate as text; `delay` a duration; `strict` takes availability before T only; `timezone` is the zone of
naive datetimes and dates in the time columns. T is an aware datetime; where it is None, so is the result.

Nulls are skipped. Doubles are added in the order (event timestamp, available, value), one by one, and stay
what IEEE 754 says: a NaN or two opposite infinities make sum and mean NaN, a sum beyond the greatest double
is infinite, and a NaN or an infinity makes stddev NaN. Ints and decimals are exact, whatever their order; the
sum of ints has to fit 64 bits at the end, not on the way. FeatureError names the aggregation, the event and
the column of whatever does not fit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.aggregations.evaluation import Events, Moment, evaluate, evaluator
from skewless.serving.aggregations.visibility import Visibility
from skewless.serving.errors import FeatureError, kind_of, nearest

__all__ = [
    "Aggregation",
    "Visibility",
    "count",
    "count_distinct",
    "evaluate",
    "evaluator",
    "first",
    "last",
    "last_n",
    "max",
    "mean",
    "median",
    "min",
    "mode",
    "percentile",
    "stddev",
    "sum",
    "time_since_last",
]

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import TypedDict, Unpack

    class Options(TypedDict, total=False):
        """The keywords that every function takes besides."""

        offset: str | int | dt.timedelta | None
        where: str | None
        delay: str | dt.timedelta | None
        event_timestamp: str
        available_at: str | None
        strict: bool
        timezone: str | None


WindowSpec = str | dt.timedelta | Mapping[str, object]

_VISIBILITY = frozenset(Visibility._fields)
_OPTIONS = _VISIBILITY | {"offset", "where"}


def count(
    events: Events, *, window: WindowSpec, at: Moment, column: str | None = None, **options: Unpack[Options]
) -> int | None:
    """How many events, or with `column` how many non-null values; 0 for none."""
    return _apply("count", events, at, options, window=window, column=column)  # type: ignore[no-any-return]


def sum(events: Events, *, window: WindowSpec, at: Moment, column: str, **options: Unpack[Options]) -> Any:
    """The sum of ints, decimals or doubles, in their own type; None for none."""
    return _apply("sum", events, at, options, window=window, column=column)


def mean(
    events: Events, *, window: WindowSpec, at: Moment, column: str, **options: Unpack[Options]
) -> float | None:
    """The mean of ints, decimals or doubles as a double; None for none."""
    return _apply("mean", events, at, options, window=window, column=column)  # type: ignore[no-any-return]


def min(events: Events, *, window: WindowSpec, at: Moment, column: str, **options: Unpack[Options]) -> Any:
    """The least value, NaN being the greatest of all and -0.0 less than 0.0; None for none."""
    return _apply("min", events, at, options, window=window, column=column)


def max(events: Events, *, window: WindowSpec, at: Moment, column: str, **options: Unpack[Options]) -> Any:
    """The greatest value, NaN being the greatest of all and -0.0 less than 0.0; None for none."""
    return _apply("max", events, at, options, window=window, column=column)


def stddev(
    events: Events, *, window: WindowSpec, at: Moment, column: str, **options: Unpack[Options]
) -> float | None:
    """The sample standard deviation, in two passes; None for fewer than two values."""
    return _apply("stddev", events, at, options, window=window, column=column)  # type: ignore[no-any-return]


def median(
    events: Events, *, window: WindowSpec, at: Moment, column: str, **options: Unpack[Options]
) -> float | None:
    """The middle one of ints, decimals or doubles as a double, of an even number the mean of both; None for none."""
    return _apply("median", events, at, options, window=window, column=column)  # type: ignore[no-any-return]


def mode(events: Events, *, window: WindowSpec, at: Moment, column: str, **options: Unpack[Options]) -> Any:
    """The most frequent value, of equally frequent ones the smallest; -0.0 counts as 0.0, NaN is one; None for none."""
    return _apply("mode", events, at, options, window=window, column=column)


def first(events: Events, *, window: WindowSpec, at: Moment, column: str, **options: Unpack[Options]) -> Any:
    """The non-null value that is least by (event timestamp, available, value); None for none."""
    return _apply("first", events, at, options, window=window, column=column)


def last(events: Events, *, window: WindowSpec, at: Moment, column: str, **options: Unpack[Options]) -> Any:
    """The non-null value that is greatest by (event timestamp, available, value); None for none."""
    return _apply("last", events, at, options, window=window, column=column)


def count_distinct(
    events: Events, *, window: WindowSpec, at: Moment, column: str, **options: Unpack[Options]
) -> int | None:
    """How many different non-null values: every NaN is one, -0.0 and 0.0 are one; 0 for none."""
    return _apply("count_distinct", events, at, options, window=window, column=column)  # type: ignore[no-any-return]


def last_n(
    events: Events, *, window: WindowSpec, at: Moment, column: str, n: int, **options: Unpack[Options]
) -> list[Any] | None:
    """The `n` greatest non-null values by (event timestamp, available, value), newest first; [] for none."""
    return _apply("last_n", events, at, options, window=window, column=column, n=n)  # type: ignore[no-any-return]


def percentile(
    events: Events,
    *,
    window: WindowSpec,
    at: Moment,
    column: str,
    p: float | str | Decimal,
    **options: Unpack[Options],
) -> Any:
    """The value at rank max(1, ⌈p·n⌉) of the n non-null ones, `p` being the decimal written; None for none."""
    return _apply("percentile", events, at, options, window=window, column=column, p=p)


def time_since_last(
    events: Events, *, window: WindowSpec, at: Moment, column: str | None = None, **options: Unpack[Options]
) -> float | None:
    """Seconds from the newest event, with `column` from the newest non-null value, to T; None for none."""
    return _apply("time_since_last", events, at, options, window=window, column=column)  # type: ignore[no-any-return]


def _apply(function: str, events: Events, at: Moment, options: Mapping[str, Any], **spec: object) -> Any:
    for name in options:
        if name not in _OPTIONS:
            match = nearest(name, sorted(_OPTIONS))
            hint = f"; did you mean '{match}'?" if match else f"; it takes {', '.join(sorted(_OPTIONS))}"
            raise TypeError(f"windows.{function}: unknown keyword '{name}'{hint}")
    where = {key: options.get(key) for key in ("offset", "where")}
    aggregation = Aggregation.from_spec({"name": function, "function": function, **spec, **where})
    visibility = Visibility.of(**{key: value for key, value in options.items() if key in _VISIBILITY})
    try:
        return evaluate(aggregation, events, at, visibility)
    except TypeError as error:
        raise _no_events(events) or error from None


def _no_events(events: Any) -> FeatureError | None:
    """Why these are no events, asked only where they could not be read: each look at an event would cost every call."""
    if (
        isinstance(events, (str, bytes, Mapping))
        or not hasattr(events, "__iter__")
        or hasattr(events, "columns")
    ):
        return FeatureError(f"events: expected a list of dicts, found {kind_of(events)}")
    wrong = next((each for each in events if not hasattr(each, "keys")), None)
    return wrong and FeatureError(f"events: expected a list of dicts, found {kind_of(wrong)} among them")
