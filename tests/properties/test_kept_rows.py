"""What an online store keeps answers every later T as all rows do: brute force over T, through the store's bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skewless import ServingPlan
from skewless.serving.plan.online.kept import kept_events, kept_rows
from skewless.serving.plan.online.stored import StoredTable, stored_tables
from skewless.serving.plan.serve.column_values import instants
from skewless.serving.store.codec import decode_rows, encode_rows
from skewless.serving.store.nested import instant_of
from skewless.serving.store.reading import StoredRows
from skewless.serving.values.instants import micros
from skewless.serving.values.sameness import same
from tests.helpers.strategies import KEYS, SPEC_OPTIONS, SpecOptions, small_case
from tests.helpers.window_strategies import AGGREGATIONS, STREAMS, window_case
from tests.oracles.asof import Row
from tests.serving.plan.test_plan_against_oracles import PLANS, window_plan

UTC = timezone.utc
TABLES = [options for options in SPEC_OPTIONS if options.columns]
LOCAL = {"local times", "local times, half-hour change", "dates", "local dates"}


def stored_of(plan: ServingPlan) -> StoredTable:
    (stored,) = stored_tables(plan._layout.tables)
    return stored


def written_on(stored: StoredTable, rows: Sequence[Row], first: int, now: int, dice: Random) -> list[Row]:
    """Some rows kept at a first moment, the others appended to them and all kept at another; as bytes each time."""
    is_early = [dice.random() < 0.6 for _ in rows]
    early = [row for row, own in zip(rows, is_early, strict=True) if own]
    late = [row for row, own in zip(rows, is_early, strict=True) if not own]
    kept = decode_rows(encode_rows(stored.kept(early, first)), stored.columns)
    return decode_rows(encode_rows(stored.kept([*kept, *late], now)), stored.columns)


def later(plan: ServingPlan, stored: StoredTable, rows: Sequence[Row], now: int) -> list[int]:
    """T: `now` and the first moments at which something of a row changes, a microsecond either side."""
    table = stored.table
    moments = {now}
    for name in filter(None, {table.event_timestamp, table.available_at, table.valid_until}):
        read = instants(table.types[name], table.timezone)
        for row in rows:
            if row[name] is not None:
                at = read(row[name])
                moments |= {at, at + table.delay, at + (table.max_age or 0)}
    return sorted(each for at in moments for each in (at - 1, at, at + 1) if each >= now)


@settings(max_examples=200)
@given(st.sampled_from(TABLES), st.randoms(use_true_random=False))
def test_kept_rows_give_the_winners_of_all_rows_at_every_later_t(options: SpecOptions, dice: Random) -> None:
    plan, (labels, rows) = PLANS[options.name], small_case(dice, options, case_id=0)
    label = next((each for each in labels if each["t"] and None not in [each[key] for key in KEYS]), None)
    if label is None:
        return
    own = [row for row in rows if all(row[key] == label[key] for key in KEYS)]
    stored, now = stored_of(plan), micros(label["t"])
    data = encode_rows(stored.kept(own, now))
    again = written_on(stored, own, now - dice.choice([0, 1, 3_600_000_000]), now, dice)
    for at in later(plan, stored, own, now):
        moment = instant_of(at)
        asked = {key: label[key] for key in KEYS}
        wanted = plan.compute(asked, rows={"r": own}, at=moment)
        for kept in (decode_rows(data, stored.columns), StoredRows(data, stored.columns), again):
            assert same(plan.compute(asked, rows={"r": kept}, at=moment), wanted), (moment, kept)


@settings(max_examples=100)
@given(st.sampled_from(AGGREGATIONS), st.sampled_from(sorted(STREAMS)), st.randoms(use_true_random=False))
def test_kept_events_give_the_windows_of_all_events_at_every_later_t(
    spec: dict[str, Any], stream: str, dice: Random
) -> None:
    plan = window_plan(STREAMS[stream], [spec])
    labels, events = window_case(dice, 0, [spec])
    stored, now = stored_of(plan), micros(labels[0]["t"] or datetime(2024, 3, 10, 7, tzinfo=UTC))
    data = encode_rows(stored.kept(events, now))
    again = written_on(stored, events, now - dice.choice([0, 1, 90_000_000_000]), now, dice)
    lasting = [now + dice.choice([0, 1, 1800, 3600, 86400, 7 * 86400]) * 1_000_000 for _ in range(3)]
    for at in [*later(plan, stored, events, now)[:12], *lasting]:
        moment = instant_of(at)
        wanted = plan.compute({"case_id": 0}, events={"w": events}, at=moment)
        for kept in (decode_rows(data, stored.columns), StoredRows(data, stored.columns), again):
            assert same(plan.compute({"case_id": 0}, events={"w": kept}, at=moment), wanted), (moment, kept)


def test_clocks_that_show_the_day_before_once_more_lose_no_event() -> None:
    """St. John's went back at 00:01, to 23:01 of the day before: one minute later a window begins a day earlier."""
    spec = {
        "name": "n",
        "function": "count",
        "window": {"calendar": "day", "length": 1, "timezone": "America/St_Johns"},
    }
    plan = window_plan(STREAMS["available"], [spec])
    now = datetime(2010, 11, 7, 2, 30, 30, tzinfo=UTC)  # 00:00:30 of the 7th
    event = {
        "event_ts": datetime(2010, 11, 6, 12, tzinfo=UTC),
        "available_ts": datetime(2010, 11, 6, 12, tzinfo=UTC),
    }
    (kept,) = kept_events([event], stored_of(plan).table, micros(now))
    moments = [now, now + timedelta(minutes=1)]
    count = [plan.compute({"case_id": 0}, events={"w": [kept]}, at=each)["w__n"] for each in moments]
    assert count == [0, 1]


def row(event: int, available: int, x: float = 1.0, ends: int | None = None) -> Row:
    moments = {"event_ts": event, "available_ts": available, "ends_at": ends}
    times = {name: None if at is None else instant_of(at) for name, at in moments.items()}
    return {**times, "x": x, "s": None, "n": None, "tags": None}


INSTANTS = [options for options in TABLES if options.name not in LOCAL]


@pytest.mark.parametrize("start", [7_200_000_000, 7_200_000_001], ids=["of whole seconds", "of microseconds"])
@pytest.mark.parametrize("options", INSTANTS, ids=[options.name for options in INSTANTS])
def test_a_stored_row_wins_at_the_same_t_as_the_row(options: SpecOptions, start: int) -> None:
    """A microsecond either side of whatever happens to it."""
    plan, hour = PLANS[options.name], 3_600_000_000
    stored, asked = stored_of(plan), dict.fromkeys(KEYS, 1)
    ends = [None, start + 2 * hour, start + 2 * hour + 1]
    for own in [row(start, start + late, ends=end) for late in (0, hour, hour + 1) for end in ends]:
        data = encode_rows([{name: own[name] for name in stored.columns}])
        for at in later(plan, stored, [own], start - 1):
            one, other = (
                plan.compute(asked, rows={"r": rows}, at=instant_of(at))
                for rows in ([own], StoredRows(data, stored.columns))
            )
            assert same(one, other), (at - start, own)


def kept(name: str, *rows: Row, now: int) -> list[float]:
    return [each["x"] for each in kept_rows(rows, stored_of(PLANS[name]).table, now)]


def test_a_row_that_the_winner_beats_goes_and_one_that_will_beat_it_stays() -> None:
    beaten, winner, late, next_one = row(1, 1, 1.0), row(5, 5, 2.0), row(4, 90, 3.0), row(6, 90, 4.0)
    assert kept("available", beaten, winner, late, next_one, now=10) == [2.0, 4.0]


def test_of_tied_rows_the_greatest_stays_alone() -> None:
    assert kept("available", row(5, 5, 1.0), row(5, 5, 2.0), row(5, 5, 2.0), now=5) == [2.0]


def test_a_winner_that_is_over_stays_since_no_older_row_takes_its_place() -> None:
    assert kept("valid until", row(1, 1, 1.0), row(5, 5, 2.0, ends=7), now=10) == [2.0]


def test_a_winner_beyond_its_age_goes_with_all_that_it_beats() -> None:
    hour = 3_600_000_000
    assert kept("max age", row(0, 0, 1.0), row(-1, hour + 9, 2.0), now=hour) == [1.0]
    assert kept("max age", row(0, 0, 1.0), row(-1, hour + 9, 2.0), now=hour + 1) == []


def test_a_strict_table_keeps_what_it_does_not_see_yet() -> None:
    assert kept("available, strict", row(1, 1, 1.0), row(5, 5, 2.0), now=5) == [1.0, 2.0]
    assert kept("available", row(1, 1, 1.0), row(5, 5, 2.0), now=5) == [2.0]


def event(event_ts: int, available_ts: int) -> Row:
    return {"event_ts": instant_of(event_ts), "available_ts": instant_of(available_ts)}


def counted(stream: str, now: int, *events: Row) -> int:
    """By columns, of what was kept."""
    plan = window_plan(STREAMS[stream], [{"name": "n", "function": "count", "window": "1s"}])
    table = stored_of(plan)
    stored = StoredRows(encode_rows(table.kept(events, now)), table.columns)
    found: int = plan.compute({"case_id": 0}, events={"w": stored}, at=instant_of(now))["w__n"]
    return found


def test_w1_an_event_exactly_at_the_beginning_of_a_window_is_kept() -> None:
    assert counted("available", 1_000_000, event(0, 0)) == 1
    assert counted("available", 1_000_001, event(0, 0)) == 0


def test_j2_a_strict_table_is_strict_by_columns_too() -> None:
    assert counted("available", 9, event(5, 9)) == 1
    assert counted("available, strict", 9, event(5, 9)) == 0
    assert counted("available, strict", 10, event(5, 9)) == 1


def test_j2_among_several_events_each_is_seen_by_its_own_times() -> None:
    late = event(6, 20)
    assert counted("available", 9, event(5, 9), late) == 1
    assert counted("available", 9, event(5, 10), late) == 0
    assert counted("available, strict", 9, event(8, 8), late) == 1
    assert counted("available, strict", 9, event(8, 9), late) == 0


def test_events_that_a_store_has_in_no_order_are_counted_all_the_same() -> None:
    plan = window_plan(STREAMS["available"], [{"name": "n", "function": "count", "window": "3s"}])
    events = [event(second * 1_000_000, second * 1_000_000) for second in (7, 3, 9, 6)]
    stored = StoredRows(encode_rows(events), stored_of(plan).columns)
    assert plan.compute({"case_id": 0}, events={"w": stored}, at=instant_of(9_000_000))["w__n"] == 2
