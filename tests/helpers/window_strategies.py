"""Random small windows in which boundaries, ties, nulls, late events and odd days are the rule.

`window_batch` makes many cases for one run of an engine, told apart by `case_id`; `window_cases` gives one
case at a time to hypothesis. Both draw from the same generator.

Label events: `case_id` and `t` (aware UTC datetime or None). Events: `case_id`, the times `event_ts` and
`available_ts`, and the values `x` (double), `n` (64-bit integer), `d` (decimal(20, 2)), `s` (text) and `flag`
(boolean), all nullable but `case_id`. No window's sum of `n` leaves 64 bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import cycle
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.oracles.asof import Row
from tests.oracles.windows import Meaning, OracleStream, Spec, window

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = timedelta(0)
AROUND = (-TICK, NOW, TICK)

COLUMN_TYPES = {
    "case_id": "integer",
    "event_ts": "timestamp",
    "available_ts": "timestamp",
    "x": "double",
    "n": "integer",
    "d": "decimal",
    "s": "string",
    "flag": "boolean",
}

VALUES: dict[str, tuple[Any, ...]] = {
    "x": (None, -math.inf, math.inf, math.nan, -math.nan, -0.0, 0.0, 0.1, 0.2, -0.3, 1e16, -1e16, 2.5e-300),
    "n": (None, -(2**59), -1, 0, 1, 2, 2**53, 2**53 + 1, 2**59),
    "d": tuple(
        None if text is None else Decimal(text)
        for text in (None, "-0.01", "0.00", "0.10", "0.20", "90071992547409.93", "999999999999999999.99")
    ),
    "s": (None, "", "Z", "a", "ab", "it's", "e\u0301", "\u00e9", "\uffff", "\U0001f600"),
    "flag": (None, False, True),
}
"""2**53 + 1 is no double; U+FFFF and U+1F600 order by bytes as written here and the other way by UTF-16 units."""

TAME_X = (None, -0.0, 0.0, 0.1, 0.2, -0.3, 1e16, -1e16, 3.5)
"""Without NaN and infinities, which swallow every other value of a sum."""

STREAMS = {
    "plain": OracleStream(event_timestamp="event_ts"),
    "strict": OracleStream(event_timestamp="event_ts", strict=True),
    "delay of 1 microsecond": OracleStream(event_timestamp="event_ts", delay=TICK),
    "available": OracleStream(event_timestamp="event_ts", available_at="available_ts"),
    "available, strict": OracleStream(event_timestamp="event_ts", available_at="available_ts", strict=True),
    "available, delay": OracleStream(event_timestamp="event_ts", available_at="available_ts", delay=HOUR),
}
"""Ways to declare one and the same stream of events."""


def _both(one: bool | None, other: bool | None) -> bool | None:
    return False if one is False or other is False else None if None in (one, other) else True


def _either(one: bool | None, other: bool | None) -> bool | None:
    return True if one is True or other is True else None if None in (one, other) else False


def _of(column: str, test: Callable[[Any], bool]) -> Meaning:
    return lambda row: None if row[column] is None else test(row[column])


_POSITIVE = _of("x", lambda x: math.isnan(x) or x > 0)
_LISTED = _of("s", lambda s: s in ("a", "Z", "it's"))
_FLAG = _of("flag", lambda flag: flag)
_NOT_NEGATIVE = _of("n", lambda n: n >= 0)
_BETWEEN = _of("d", lambda d: Decimal(0) <= d <= Decimal("0.15"))

MEANINGS: dict[str, Meaning] = {
    "x > 0": _POSITIVE,
    "s IN ('a', 'Z', 'it''s') OR flag": lambda row: _either(_LISTED(row), _FLAG(row)),
    "NOT (n >= 0 AND flag)": lambda row: (
        None if (both := _both(_NOT_NEGATIVE(row), _FLAG(row))) is None else not both
    ),
    "x IS NOT NULL AND d BETWEEN 0 AND 0.15": lambda row: _both(row["x"] is not None, _BETWEEN(row)),
    "event_ts >= TIMESTAMP '2024-03-10 02:30:00 America/New_York'": _of(
        "event_ts", lambda moment: moment >= datetime(2024, 3, 10, 7, 30, tzinfo=timezone.utc)
    ),
    "n = 9007199254740992e0": _of("n", lambda n: float(n) == 2.0**53),
}
"""Predicates over the events, each with what it means of one event."""

_ROLLING: tuple[Spec, ...] = ({"window": "1d"}, {"window": "168h"}, {"window": "1s"})
_ROLLING_BACK: tuple[Spec, ...] = (
    {"window": "36h", "offset": "12h"},
    {"window": "1d", "offset": "7d"},
    {"window": "30d", "offset": "1h"},
)


def _calendar(unit: str, length: int, zone: str, offset: int | None = None) -> Spec:
    spec: dict[str, Any] = {"window": {"calendar": unit, "length": length, "timezone": zone}}
    return spec if offset is None else {**spec, "offset": offset}


_CALENDAR = (
    _calendar("day", 1, "America/New_York"),
    _calendar("week", 1, "America/New_York"),
    _calendar("month", 1, "America/New_York"),
    _calendar("day", 2, "America/Sao_Paulo"),
    _calendar("day", 1, "America/Havana"),
)
_CALENDAR_BACK = (
    _calendar("day", 1, "America/New_York", 1),
    _calendar("week", 2, "Australia/Lord_Howe", 1),
    _calendar("month", 1, "America/New_York", 1),
    _calendar("day", 3, "America/Sao_Paulo", 2),
    _calendar("month", 3, "Asia/Kolkata", 2),
)

_FUNCTIONS: tuple[Spec, ...] = (
    {"function": "count"},
    {"function": "time_since_last"},
    *(
        {"function": function, "column": column}
        for function in ("count", "time_since_last")
        for column in "xs"
    ),
    *(
        {"function": function, "column": column}
        for function in ("sum", "mean", "stddev", "median")
        for column in "xnd"
    ),
    *(
        {"function": function, "column": column}
        for function in ("min", "max", "first", "last", "count_distinct", "mode")
        for column in ("x", "n", "d", "s", "flag", "available_ts")
    ),
    *({"function": "last_n", "column": column, "n": n} for column, n in (("x", 3), ("s", 1), ("d", 100))),
    *(
        {"function": "percentile", "column": column, "p": p}
        for column, p in (("x", 0.5), ("n", 0.1), ("d", 0.9), ("s", 0), ("flag", 1), ("x", 0.2))
    ),
)


def _aggregations() -> list[dict[str, Any]]:
    """Every function and column with a rolling and a calendar window, each plain and moved back, the
    windows and predicates of each sort in turn."""
    sorts = [cycle(windows) for windows in (_ROLLING, _ROLLING_BACK, _CALENDAR, _CALENDAR_BACK)]
    wheres = cycle((None, *MEANINGS))
    specs: list[dict[str, Any]] = []
    for function in _FUNCTIONS:
        for windows in sorts:
            where = next(wheres)
            predicate = {} if where is None else {"where": where}
            specs.append({"name": f"a{len(specs)}", **function, **next(windows), **predicate})
    return specs


AGGREGATIONS: list[dict[str, Any]] = _aggregations()
"""Specs as configuration has them, named a0, a1, …"""

MOMENTS = tuple(
    datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
    for text in (
        "2024-07-01 12:00",
        "2024-03-10 07:00",  # New York goes to summer time: a day of 23 hours
        "2024-03-11 04:00",
        "2024-03-11 03:59:59.999999",
        "2024-11-03 05:30",  # the first 01:30 in New York, and the second
        "2024-11-03 06:30",
        "2024-11-04 05:00",
        "2024-03-10 05:00",  # Havana skips midnight
        "2024-11-03 04:30",  # Havana repeats it
        "2024-11-03 05:00",
        "2018-11-04 03:00",  # São Paulo skips midnight
        "2018-02-18 02:30",  # São Paulo repeats 23:00
        "2024-10-05 15:30",  # Lord Howe goes ahead by half an hour
        "2024-02-29 05:00",  # a leap day begins in New York
        "2024-03-01 05:00",
        "2023-03-01 05:00",
        "2024-01-01 05:00",
        "2024-05-31 03:59",
        "2024-08-05 04:00",  # a Monday
    )
)


def window_batch(seed: int, cases: int) -> tuple[list[Row], list[Row]]:
    """Give the label events and events of `cases` cases, equal for equal arguments, in mixed order."""
    rng = Random(seed)
    labels: list[Row] = []
    events: list[Row] = []
    for case_id in range(cases):
        of_case, rows = window_case(rng, case_id)
        labels += of_case
        events += rows
    rng.shuffle(labels)
    rng.shuffle(events)
    return labels, events


@st.composite
def window_cases(draw: st.DrawFn) -> tuple[dict[str, Any], str, list[Row], list[Row]]:
    """Draw a spec, the name of a stream, and the label events and events of one case around its window."""
    spec = draw(st.sampled_from(AGGREGATIONS))
    stream = draw(st.sampled_from(sorted(STREAMS)))
    labels, events = window_case(draw(st.randoms(use_true_random=False)), 0, [spec])
    return spec, stream, labels, events


def window_case(
    rng: Random, case_id: int, specs: list[dict[str, Any]] | None = None
) -> tuple[list[Row], list[Row]]:
    """Give one to three label events and up to fourteen events at the edges of some windows."""
    moment = rng.choice(MOMENTS) + rng.choice((NOW, NOW, HOUR / 2, DAY))
    labels: list[Row] = [
        {"case_id": case_id, "t": None if rng.random() < 0.05 else moment + rng.choice((*AROUND, HOUR))}
        for _ in range(rng.randint(1, 3))
    ]
    columns = {**VALUES, "x": TAME_X} if rng.random() < 0.6 else VALUES
    events: list[Row] = []
    for _ in range(rng.choice((0, 1, 2, 6, 14))):
        times = _times(rng, moment, rng.choice(specs or AGGREGATIONS))
        fresh = {"case_id": case_id, **times, **{name: rng.choice(pool) for name, pool in columns.items()}}
        events.append(_variation(rng, rng.choice(events), fresh) if events and rng.random() < 0.4 else fresh)
    return labels, events


def _times(rng: Random, moment: datetime, spec: Spec) -> Row:
    """Give an event at, beside or between the edges of a spec's window, known at once, late or around T."""
    start, end = window(moment, spec)
    event = rng.choice((start, end, start + (end - start) / 2, moment)) + rng.choice(AROUND)
    available = rng.choice((event, event, event, moment, moment - HOUR, event + HOUR)) + rng.choice(AROUND)
    return {
        "event_ts": None if rng.random() < 0.04 else event,
        "available_ts": None if rng.random() < 0.04 else available,
    }


def _variation(rng: Random, row: Row, fresh: Row) -> Row:
    """Give a duplicate of `row`, or a tie with it that availability or the values settle."""
    replaced = rng.choice(((), ("available_ts",), ("available_ts", *VALUES), tuple(VALUES)))
    return {**row, **{name: fresh[name] for name in replaced}}
