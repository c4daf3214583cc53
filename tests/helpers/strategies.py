"""Random small as-of joins in which boundaries, ties, nulls and late rows are the rule, not the exception.

`batch` makes many cases for one run of an engine, told apart by the key `case_id`; `asof_cases` and
`plain_cases` give one case at a time to hypothesis. Both draw from the same generator.

Label events: `case_id`, `k1`, `k2` (ints, the last two nullable), `t` (aware UTC datetime or None) and
`label_no` (equal for exact duplicates alone). Feature rows: `case_id`, `k1`, `k2`, the times `event_ts`,
`available_ts` and `ends_at`, all of `SpecOptions.time_type`, and the values `x` (double), `s` (text), `n`
(64-bit integer) and `tags` (array of integers), all nullable. Every column is there whether or not the
options declare it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.oracles.asof import OracleTable, Row, instant

KEYS = ("case_id", "k1", "k2")
NOW = timedelta(0)
TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AROUND = (-TICK, NOW, TICK)


@dataclass(frozen=True, kw_only=True)
class SpecOptions:
    """The options of one feature table: `name` is a test id, `available_at` and `valid_until` are switches.

    `timezone` is declared for local times ("timestamp_ntz") and may be for dates.
    """

    name: str
    strict: bool = False
    delay: timedelta = NOW
    max_age: timedelta | None = None
    available_at: bool = False
    valid_until: bool = False
    static: bool = False
    time_type: Literal["timestamp", "timestamp_ntz", "date"] = "timestamp"
    timezone: str | None = None
    columns: tuple[str, ...] = ("x", "s", "n", "tags")

    def oracle_table(self) -> OracleTable:
        """The same options as the oracle takes them."""
        return OracleTable(
            name="generated",
            keys=tuple((key, key) for key in KEYS),
            event_timestamp=None if self.static else "event_ts",
            available_at="available_ts" if self.available_at else None,
            delay=self.delay,
            max_age=self.max_age,
            valid_until="ends_at" if self.valid_until else None,
            strict=self.strict,
            static=self.static,
            columns=self.columns,
            timezone=self.timezone,
        )


SPEC_OPTIONS = (
    SpecOptions(name="plain"),
    SpecOptions(name="strict", strict=True),
    SpecOptions(name="no columns", available_at=True, max_age=TICK, columns=()),
    SpecOptions(name="available", available_at=True),
    SpecOptions(name="available, strict", available_at=True, strict=True),
    SpecOptions(name="available, columns reversed", available_at=True, columns=("tags", "n", "s", "x")),
    SpecOptions(name="delay of 1 microsecond", delay=TICK),
    SpecOptions(name="delay, strict", delay=10 * MINUTE, strict=True),
    SpecOptions(name="delay after available", delay=10 * MINUTE, available_at=True),
    SpecOptions(name="max age of zero", max_age=NOW),
    SpecOptions(name="max age equal to delay", max_age=10 * MINUTE, delay=10 * MINUTE),
    SpecOptions(name="max age", max_age=HOUR, available_at=True),
    SpecOptions(name="valid until", valid_until=True),
    SpecOptions(
        name="everything",
        delay=TICK,
        max_age=3 * TICK,
        available_at=True,
        valid_until=True,
        columns=("s", "x"),
    ),
    SpecOptions(
        name="everything, strict", strict=True, delay=TICK, max_age=HOUR, available_at=True, valid_until=True
    ),
    SpecOptions(
        name="local times",
        max_age=HOUR,
        available_at=True,
        valid_until=True,
        time_type="timestamp_ntz",
        timezone="America/New_York",
    ),
    SpecOptions(
        name="local times, half-hour change",
        strict=True,
        max_age=HOUR / 2,
        time_type="timestamp_ntz",
        timezone="Australia/Lord_Howe",
    ),
    SpecOptions(name="dates", time_type="date", available_at=True, valid_until=True),
    SpecOptions(name="local dates", time_type="date", max_age=DAY, delay=HOUR, timezone="America/New_York"),
    SpecOptions(name="static", static=True),
)
"""Every option on and off, the pairs that interact, and every kind of time column."""

TRANSITIONS = (
    datetime(2024, 3, 10, 7, tzinfo=timezone.utc),
    datetime(2024, 4, 6, 15, tzinfo=timezone.utc),
    datetime(2024, 10, 5, 15, 30, tzinfo=timezone.utc),
    datetime(2024, 11, 3, 6, tzinfo=timezone.utc),
)
"""When clocks change in America/New_York (first and last) and in Australia/Lord_Howe (by half an hour)."""

ORDINARY = (datetime(2024, 7, 1, 12, tzinfo=timezone.utc), datetime(2024, 8, 1, tzinfo=timezone.utc))
DAYS = (date(2024, 3, 11), date(2024, 3, 12), date(2024, 7, 1), date(2024, 11, 3), date(2024, 11, 4))

Entity = tuple[int | None, int | None]

ENTITIES: tuple[Entity, ...] = ((1, 12), (11, 2))
STRANGERS: tuple[Entity, ...] = (*ENTITIES, (1, 2), (12, 1), (None, 12), (1, None), (None, None))

VALUES: dict[str, tuple[Any, ...]] = {
    "x": (None, float("-inf"), -1.5, -0.0, 0.0, 0.1, float("inf"), float("nan")),
    "s": (None, "", "Z", "a", "ab", "e\u0301", "\u00e9", "\uffff", "\U0001f600"),
    "n": (None, -(2**63), -1, 0, 1, 2**53, 2**53 + 1),
    "tags": (None, [], [None], [1], [1, None], [1, 2], [2]),
}
"""U+FFFF and U+1F600 order by bytes as written here and the other way round by UTF-16 units; 2**53 + 1 is no
double."""


def batch(options: SpecOptions, seed: int, cases: int) -> tuple[list[Row], list[Row]]:
    """Give the label events and feature rows of `cases` cases, equal for equal arguments, in mixed order."""
    rng = Random(seed)
    label_events: list[Row] = []
    feature_rows: list[Row] = []
    for case_id in range(cases):
        labels, rows = small_case(rng, options, case_id)
        label_events += labels
        feature_rows += rows
    rng.shuffle(label_events)
    rng.shuffle(feature_rows)
    return label_events, feature_rows


@st.composite
def asof_cases(draw: st.DrawFn) -> tuple[SpecOptions, list[Row], list[Row]]:
    """Draw options, the label events and the feature rows of one case."""
    options = draw(st.sampled_from(SPEC_OPTIONS))
    labels, rows = small_case(draw(st.randoms(use_true_random=False)), options, case_id=0)
    return options, labels, rows


@st.composite
def plain_cases(draw: st.DrawFn) -> tuple[SpecOptions, list[Row], list[Row]]:
    """Draw a case of instants without `available_at` (so no late rows) and without ties on the event time."""
    options = draw(
        st.builds(
            SpecOptions,
            name=st.just("drawn"),
            strict=st.booleans(),
            delay=st.sampled_from([NOW, TICK, 10 * MINUTE]),
            max_age=st.sampled_from([None, NOW, TICK, 10 * MINUTE, HOUR]),
            valid_until=st.booleans(),
        )
    )
    labels, rows = small_case(draw(st.randoms(use_true_random=False)), options, case_id=0)
    first_of_ties = {(row["k1"], row["k2"], row["event_ts"]): row for row in reversed(rows)}
    return options, labels, list(first_of_ties.values())


def small_case(rng: Random, options: SpecOptions, case_id: int) -> tuple[list[Row], list[Row]]:
    """Give one to six label events and up to ten feature rows around one moment, mostly of one entity."""
    moment = rng.choice(_moments(options))
    entities = (rng.choice(ENTITIES), rng.choice(STRANGERS))
    labels: list[Row] = []
    for place in range(rng.randint(1, 6)):
        keys = _keys(rng, entities, case_id)
        t = None if rng.random() < 0.05 else moment + rng.choice(AROUND)
        is_duplicate = bool(labels) and rng.random() < 0.2
        fresh = {**keys, "t": t, "label_no": case_id * 10 + place}
        labels.append(dict(rng.choice(labels)) if is_duplicate else fresh)
    rows: list[Row] = []
    for _ in range(rng.randint(0, 10)):
        fresh = {**_keys(rng, entities, case_id), **_times(rng, options, moment), **_values(rng)}
        rows.append(_variation(rng, rng.choice(rows), fresh) if rows and rng.random() < 0.5 else fresh)
    return labels, rows


def _variation(rng: Random, row: Row, fresh: Row) -> Row:
    """Give a duplicate of `row`, a correction of it, or a tie that one column settles."""
    replaced = rng.choice(((), ("available_ts", *VALUES), ("ends_at",), *((name,) for name in VALUES)))
    return {**row, **{name: fresh[name] for name in replaced}}


def _keys(rng: Random, entities: tuple[Entity, Entity], case_id: int) -> Row:
    k1, k2 = entities[rng.random() < 0.25]
    return {"case_id": case_id, "k1": k1, "k2": k2}


def _values(rng: Random) -> Row:
    return {name: rng.choice(values) for name, values in VALUES.items()}


def _moments(options: SpecOptions) -> list[datetime]:
    if options.time_type == "date":
        zone = ZoneInfo(options.timezone or "UTC")
        midnights = [datetime.combine(day, time(), zone).astimezone(timezone.utc) for day in DAYS]
        return [*midnights, *(midnight + options.delay for midnight in midnights)]
    steps = (-HOUR / 2, NOW, HOUR / 4, HOUR / 2)
    return [*ORDINARY, *(transition + step for transition in TRANSITIONS for step in steps)]


def _times(rng: Random, options: SpecOptions, moment: datetime) -> Row:
    """Give times at, and a microsecond either side of, every boundary that the options draw around T."""
    ages = [NOW, options.delay, options.max_age or 2 * TICK]
    if options.time_type == "date":
        ages += [DAY / 2, DAY, 3 * DAY / 2]
    event = moment - rng.choice(ages) + rng.choice(AROUND)
    reaching_t = moment - options.delay
    available = rng.choice((event, event, reaching_t, moment, event + 10 * MINUTE)) + rng.choice(AROUND)
    ends = rng.choice((moment, moment, event, moment + HOUR)) + rng.choice(AROUND)
    return {
        "event_ts": None if rng.random() < 0.05 else _written(rng, event, options),
        "available_ts": None if rng.random() < 0.05 else _written(rng, available, options),
        "ends_at": None if rng.random() < 0.4 else _written(rng, ends, options),
    }


def _written(rng: Random, moment: datetime, options: SpecOptions) -> datetime | date:
    """Write an instant as the column's type, a local time that follows a gap sometimes as one inside it."""
    if options.time_type == "timestamp":
        return moment
    local = moment.astimezone(ZoneInfo(options.timezone or "UTC")).replace(tzinfo=None, fold=0)
    if options.time_type == "date":
        return local.date()
    skipped = local - rng.choice((HOUR / 2, HOUR))
    return skipped if instant(skipped, options.timezone) == moment else local
