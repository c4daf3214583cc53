"""Label events replayed by a plan: what serving makes as published passes, each planted break is found and named."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from skewless.serving.plan.document.plan import Document
from skewless.serving.replay.replay import LabelEvent, Replay, Request, main, replay
from tests.helpers.plans import NOON, document_of, labels_of, table_of
from tests.serving.conftest import WriteModule

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
EVENT: dict[str, Any] = {"user": 1, "predict_at": NOON, "amount": 9.5, "late": True}
Rows = Sequence[Mapping[str, Any]]


def row(age: timedelta = HOUR, v: Any = 1.0, **others: Any) -> dict[str, Any]:
    return {"seen_at": NOON - age, "v": v, **others}


def replayed(document: Document, published: Mapping[str, Any], rows: Rows = (), **others: Any) -> Replay:
    """One label event of user 1 at noon, and what was published of it, over the raw rows of every table."""
    columns = {**EVENT, **published, **others}
    entities = {table["name"]: {(1,): rows} for table in document["feature_tables"]}
    entities |= {table["name"]: {(): rows} for table in document["feature_tables"] if not table["join_keys"]}
    return replay(Request(document, [LabelEvent(columns, columns["predict_at"])], entities))


def found(
    document: Document, published: Mapping[str, Any], rows: Rows = (), **others: Any
) -> tuple[str, ...]:
    """Column, published and served value of the one difference that there is."""
    told = replayed(document, published, rows, **others)
    assert told.mismatches == told.rows == 1
    (difference,) = told.differences
    return difference[:3]


def passes(document: Document, published: Mapping[str, Any], rows: Rows = (), **others: Any) -> bool:
    return replayed(document, published, rows, **others) == Replay(1, 0, ())


def windows(*specs: dict[str, Any], **others: Any) -> Document:
    named = [{"name": f"a{place}", "column": "v", "window": "2h", **spec} for place, spec in enumerate(specs)]
    return document_of(table_of(columns=[], aggregations=named, **others))


def test_a_joined_value_passes_only_as_it_is() -> None:
    document = document_of(table_of())
    assert passes(document, {"clicks__v": 2.0}, [row(2 * HOUR, 1.0), row(HOUR, 2.0)])
    assert found(document, {"clicks__v": 3.0}, [row(HOUR, 2.0)]) == ("clicks__v", "3.0", "2.0")


def test_a_difference_tells_the_label_event_and_the_rows_around_it() -> None:
    told = replayed(document_of(table_of()), {"clicks__v": 3.0}, [row(2 * HOUR, 1.0), row(HOUR, 2.0)])
    (difference,) = told.differences
    assert difference.label_event == f"user=1, predict_at={NOON!r}"
    assert difference.rows == (f"seen_at={NOON - 2 * HOUR!r}, v=1.0", f"seen_at={NOON - HOUR!r}, v=2.0")


def test_a_stale_row_that_was_published_is_found() -> None:
    document = document_of(table_of(max_age="1h"))
    assert passes(document, {"clicks__v": 2.0}, [row(HOUR, 2.0)])
    assert found(document, {"clicks__v": 2.0}, [row(HOUR + TICK, 2.0)]) == ("clicks__v", "2.0", "None")


def test_an_older_row_in_the_place_of_the_stale_winner_is_found() -> None:
    """J3: no older row takes its place; an engine that filters by the end first would take the older one."""
    document = document_of(table_of(valid_until="ends_at"))
    rows = [row(2 * HOUR, 1.0, ends_at=None), row(HOUR, 2.0, ends_at=NOON)]
    assert passes(document, {"clicks__v": None}, rows)
    assert found(document, {"clicks__v": 1.0}, rows) == ("clicks__v", "1.0", "None")


@pytest.mark.parametrize("strict", [False, True])
def test_a_row_at_t_itself_is_taken_unless_strict(strict: bool) -> None:
    document = document_of(table_of(strict=strict))
    right, wrong = (1.0, 2.0) if strict else (2.0, 1.0)
    rows = [row(HOUR, 1.0), row(0 * HOUR, 2.0)]
    assert passes(document, {"clicks__v": right}, rows)
    assert found(document, {"clicks__v": wrong}, rows)[1:] == (str(wrong), str(right))


def test_a_row_taken_before_it_was_available_is_found() -> None:
    document = document_of(table_of(available_at="landed_at", delay="10m"))
    rows = [
        row(2 * HOUR, 1.0, landed_at=NOON - HOUR),
        row(HOUR, 2.0, landed_at=NOON - timedelta(minutes=10) + TICK),
    ]
    assert passes(document, {"clicks__v": 1.0}, rows)
    assert found(document, {"clicks__v": 2.0}, rows) == ("clicks__v", "2.0", "1.0")


def test_a_tie_settled_the_wrong_way_is_found() -> None:
    document = document_of(table_of())
    rows = [row(HOUR, math.nan), row(HOUR, 5.0), row(HOUR, None)]
    assert passes(document, {"clicks__v": math.nan}, rows)
    assert found(document, {"clicks__v": 5.0}, rows) == ("clicks__v", "5.0", "nan")


@pytest.mark.parametrize(
    ("published", "raw", "said"),
    [
        (0.0, None, ("0.0", "None")),
        (None, 0.0, ("None", "0.0")),
        (0.0, -0.0, ("0.0", "-0.0")),
        (None, math.nan, ("None", "nan")),
        (1.2, 1.23, ("1.2", "1.23")),
        (math.nextafter(1.0, 2.0), 1.0, ("1.0000000000000002", "1.0")),
        (1, 1.0, ("1", "1.0")),
    ],
)
def test_a_joined_value_has_no_tolerance(published: Any, raw: Any, said: tuple[str, str]) -> None:
    assert found(document_of(table_of()), {"clicks__v": published}, [row(HOUR, raw)])[1:] == said


def test_sums_differ_within_a_billionth_and_not_beyond() -> None:
    document = windows({"function": "sum"}, {"function": "mean"}, {"function": "stddev"})
    rows = [row(HOUR, 1e6), row(HOUR + TICK, -1e6), row(HOUR / 2, 3.0)]
    plan_makes = {"clicks__a0": 3.0, "clicks__a1": 1.0, "clicks__a2": 1000001.1249993672}
    (first, *_) = replayed(document, {**plan_makes, "clicks__a2": 0.0}, rows).differences
    plan_makes["clicks__a2"] = float(first.served)
    assert passes(document, plan_makes, rows)
    assert passes(document, {**plan_makes, "clicks__a0": 3.0 + 1.9e-3}, rows)
    assert found(document, {**plan_makes, "clicks__a0": 3.0 + 2.1e-3}, rows)[0] == "clicks__a0"
    assert found(document, {**plan_makes, "clicks__a1": 1.0 + 2.1e-3}, rows)[0] == "clicks__a1"
    assert (
        found(document, {**plan_makes, "clicks__a2": plan_makes["clicks__a2"] + 3e-3}, rows)[0]
        == "clicks__a2"
    )


def test_values_outside_of_the_window_give_a_sum_no_room() -> None:
    document = windows({"function": "sum"})
    rows = [row(3 * HOUR, 1e12), row(HOUR, 3.0)]
    assert found(document, {"clicks__a0": 3.0 + 1e-8}, rows) == ("clicks__a0", "3.00000001", "3.0")


def test_min_and_last_have_no_tolerance() -> None:
    document = windows({"function": "min"}, {"function": "last"})
    off = math.nextafter(2.0, 3.0)
    assert found(document, {"clicks__a0": off, "clicks__a1": 2.0}, [row(HOUR, 2.0)])[0] == "clicks__a0"
    assert found(document, {"clicks__a0": 2.0, "clicks__a1": off}, [row(HOUR, 2.0)])[0] == "clicks__a1"


@pytest.mark.parametrize(
    ("age", "count"), [(2 * HOUR + TICK, 0), (2 * HOUR, 1), (TICK, 1), (0 * HOUR, 0)], ids=str
)
def test_a_window_begins_with_its_first_instant_and_ends_before_t(age: timedelta, count: int) -> None:
    document = windows({"function": "count"})
    assert passes(document, {"clicks__a0": count}, [row(age)])
    assert found(document, {"clicks__a0": 1 - count}, [row(age)])[1:] == (str(1 - count), str(count))


def test_null_for_an_empty_count_and_an_empty_list_for_null_are_found() -> None:
    document = windows({"function": "count"}, {"function": "last_n", "n": 2})
    right = {"clicks__a0": 0, "clicks__a1": []}
    assert passes(document, right)
    assert found(document, {**right, "clicks__a0": None}) == ("clicks__a0", "None", "0")
    assert found(document, {**right, "clicks__a1": None}) == ("clicks__a1", "None", "[]")


def test_a_calendar_window_cut_in_another_zone_is_found() -> None:
    """Events since New York's midnight, 04:00 UTC, and one of before; in UTC both are of this day."""
    calendar = {"calendar": "day", "length": 1, "timezone": "America/New_York"}
    document = windows({"function": "count", "window": calendar})
    rows = [row(8 * HOUR), row(8 * HOUR + TICK)]
    assert passes(document, {"clicks__a0": 1}, rows)
    assert found(document, {"clicks__a0": 2}, rows) == ("clicks__a0", "2", "1")


def test_a_predicate_that_lets_nulls_in_is_found() -> None:
    document = windows({"function": "count", "where": "n < 5 OR NOT n > 1"})
    rows = [row(n=None), row(n=1), row(n=7)]
    assert passes(document, {"clicks__a0": 1}, rows)
    assert found(document, {"clicks__a0": 2}, rows) == ("clicks__a0", "2", "1")


def test_a_row_visible_only_far_back_in_history_is_found_by_the_whole_of_it() -> None:
    """A hundred newer rows are late; the rows near T alone would say that there is none."""
    document = document_of(table_of(available_at="landed_at"))
    late = [row(TICK * place, 5.0, landed_at=NOON + HOUR) for place in range(100)]
    rows = [row(9 * HOUR, 2.0, landed_at=NOON - HOUR), *late]
    assert passes(document, {"clicks__v": 2.0}, rows)
    assert found(document, {"clicks__v": None}, rows) == ("clicks__v", "None", "2.0")
    assert found(document, {"clicks__v": 5.0}, rows) == ("clicks__v", "5.0", "2.0")


def test_more_rows_of_one_instant_than_are_near_are_settled_among_all() -> None:
    document = document_of(table_of())
    rows = [row(HOUR, float(place)) for place in range(200)]
    assert passes(document, {"clicks__v": 199.0}, rows[::-1])
    assert found(document, {"clicks__v": 49.0}, rows[::-1]) == ("clicks__v", "49.0", "199.0")


def test_a_long_history_counts_all_events_of_the_longest_window() -> None:
    document = windows({"function": "count"}, {"function": "count", "window": "1h", "offset": "30m"})
    rows = [row(timedelta(seconds=30 * place)) for place in range(1, 1000)]
    assert passes(document, {"clicks__a0": 240, "clicks__a1": 120}, rows)
    assert found(document, {"clicks__a0": 239, "clicks__a1": 120}, rows)[1:] == ("239", "240")


def test_nothing_is_joined_where_t_or_the_key_is_null() -> None:
    document = document_of(table_of(aggregations=[{"name": "n", "function": "count", "window": "1d"}]))
    nothing = {"clicks__v": None, "clicks__n": None}
    assert passes(document, nothing, [row()], predict_at=None)
    assert passes(document, nothing, [row()], user=None)
    told = replayed(document, {**nothing, "clicks__n": 0}, [row()], user=None)
    assert [each[:3] for each in told.differences] == [("clicks__n", "0", "None")]


def test_rows_without_a_time_match_nothing() -> None:
    document = document_of(table_of(available_at="landed_at"))
    rows = [{"seen_at": None, "landed_at": NOON, "v": 1.0}, row(HOUR, 1.0, landed_at=None)]
    assert passes(document, {"clicks__v": None}, rows)
    assert found(document, {"clicks__v": 1.0}, rows)[2] == "None"


def test_static_tables_and_tables_about_the_world() -> None:
    static = table_of(name="plan", static=True)
    world = table_of(name="world", join_keys=[])
    document = document_of(static, world)
    rows = [row(HOUR, 4.0), row(2 * HOUR, 7.0)]
    assert passes(document, {"plan__v": 7.0, "world__v": 4.0}, rows)
    assert found(document, {"plan__v": 4.0, "world__v": 4.0}, rows) == ("plan__v", "4.0", "7.0")
    assert found(document, {"plan__v": 7.0, "world__v": 7.0}, rows) == ("world__v", "7.0", "4.0")


def test_two_names_of_one_table_have_entities_of_their_own() -> None:
    labels = labels_of(
        columns={"user": "bigint", "friend": "bigint", "predict_at": "timestamp"}, label_columns=[]
    )
    own, friends = table_of(labels), table_of(labels, name="friends", join_keys=[("user", "friend")])
    document = document_of(own, friends, labels=labels)
    event = {"user": 1, "friend": 2, "predict_at": NOON, "clicks__v": 1.0, "friends__v": 2.0}
    entities = {(1,): [row(v=1.0)], (2,): [row(v=2.0)]}
    tables = {"clicks": entities, "friends": entities}
    assert replay(Request(document, [LabelEvent(event, NOON)], tables)).mismatches == 0
    swapped = {**event, "clicks__v": 2.0, "friends__v": 1.0}
    told = replay(Request(document, [LabelEvent(swapped, NOON)], tables))
    assert [each[:3] for each in told.differences] == [
        ("clicks__v", "2.0", "1.0"),
        ("friends__v", "1.0", "2.0"),
    ]


def test_keys_that_read_alike_are_two_entities() -> None:
    """(1, 12) beside (11, 2): a key match by joined texts would swap them."""
    labels = labels_of(
        columns={"user": "bigint", "shop": "bigint", "predict_at": "timestamp"}, label_columns=[]
    )
    pair = [("user", "user"), ("shop", "shop")]
    types = {"user": "bigint", "shop": "bigint", "seen_at": "timestamp", "v": "double"}
    document = document_of(table_of(labels, join_keys=pair, types=types), labels=labels)
    tables = {"clicks": {(1, 12): [row(v=1.0)], (11, 2): [row(v=2.0)]}}
    event = {"user": 1, "shop": 12, "predict_at": NOON, "clicks__v": 2.0}
    (difference,) = replay(Request(document, [LabelEvent(event, NOON)], tables)).differences
    assert difference[:3] == ("clicks__v", "2.0", "1.0")


def test_a_row_of_another_entity_is_told() -> None:
    (difference,) = replayed(document_of(table_of()), {"clicks__v": 1.0}, [row(user=2)]).differences
    assert difference.column == "joined columns"
    assert "key 'user' is 2, but the request's 'user' is 1" in difference.served


def test_clock_times_are_of_their_zone() -> None:
    """09:00 in New York is 13:00 UTC in summer: after noon, so invisible; 08:00 is noon itself."""
    types = {"user": "bigint", "seen_at": "timestamp_ntz", "v": "double"}
    document = document_of(table_of(types=types, timezone="America/New_York"))
    rows = [
        {"seen_at": datetime(2024, 7, 1, 8), "v": 1.0},
        {"seen_at": datetime(2024, 7, 1, 8, 0, 0, 1), "v": 2.0},
    ]
    assert passes(document, {"clicks__v": 1.0}, rows)
    assert found(document, {"clicks__v": 2.0}, rows) == ("clicks__v", "2.0", "1.0")


def test_dates_are_midnight_of_their_zone_and_t_may_be_a_clock_time() -> None:
    labels = labels_of(
        columns={"user": "bigint", "predict_at": "timestamp_ntz"}, label_columns=[], timezone="Asia/Tokyo"
    )
    types = {"user": "bigint", "seen_at": "date", "v": "double"}
    document = document_of(table_of(labels, types=types, timezone="Asia/Tokyo", max_age="12h"), labels=labels)
    event = {"user": 1, "predict_at": datetime(2024, 7, 1, 21), "clicks__v": None}
    tables = {"clicks": {(1,): [{"seen_at": date(2024, 7, 1), "v": 1.0}]}}
    (difference,) = replay(Request(document, [LabelEvent(event, NOON + TICK)], tables)).differences
    assert difference.column == "joined columns"  # 21:00 in Tokyo is noon, and not a microsecond later
    assert "they are one moment, T" in difference.served
    told = replay(Request(document, [LabelEvent({**event, "clicks__v": 1.0}, NOON)], tables))
    assert told.mismatches == 1  # Tokyo's midnight is 21 hours ago
    assert replay(Request(document, [LabelEvent(event, NOON)], tables)).mismatches == 0


FUNCTIONS = """
    from skewless import feature

    def scaled(clicks__v: float, amount: float) -> float:
        return clicks__v * 0.1 + amount

    def is_known(clicks__v: float | None) -> bool:
        return clicks__v is not None
"""


def test_functions_are_equal_to_the_last_bit(write_module: WriteModule) -> None:
    document = document_of(table_of(), modules=[write_module("replayed_exactly", FUNCTIONS)])
    right = {"clicks__v": 2.0, "scaled": 2.0 * 0.1 + 9.5, "is_known": True}
    assert passes(document, right, [row(v=2.0)])
    off = math.nextafter(right["scaled"], 10.0)
    assert found(document, {**right, "scaled": off}, [row(v=2.0)]) == ("scaled", repr(off), "9.7")
    (difference,) = replayed(document, {**right, "scaled": round(9.7, 0)}, [row(v=2.0)]).differences
    assert difference.inputs == "clicks__v=2.0, amount=9.5"


def test_functions_follow_their_null_rule(write_module: WriteModule) -> None:
    document = document_of(table_of(), modules=[write_module("replayed_nulls", FUNCTIONS)])
    right = {"clicks__v": None, "scaled": None, "is_known": False}
    assert passes(document, right)
    assert found(document, {**right, "scaled": 9.5}) == ("scaled", "9.5", "None")
    assert found(document, {**right, "is_known": None}) == ("is_known", "None", "False")


def test_functions_take_the_window_values_that_were_published(write_module: WriteModule) -> None:
    """A sum within its tolerance must not make a function of it differ."""
    module = write_module(
        "replayed_sums", "def twice(clicks__s: float) -> float:\n    return clicks__s * 2\n"
    )
    table = table_of(
        columns=[], aggregations=[{"name": "s", "function": "sum", "column": "v", "window": "2h"}]
    )
    document = document_of(table, modules=[module])
    off = math.nextafter(3.0, 4.0)
    assert passes(document, {"clicks__s": off, "twice": off * 2}, [row(v=3.0)])
    assert found(document, {"clicks__s": off, "twice": 6.0}, [row(v=3.0)])[0] == "twice"


def test_a_function_that_gives_another_value_when_called_again_is_found(write_module: WriteModule) -> None:
    module = write_module(
        "replayed_counter",
        """
        from skewless import feature

        calls = []

        @feature(allow=("globals",))
        def calls_so_far(amount: float) -> bool:
            calls.append(amount)
            return len(calls) > 4
        """,
    )
    document = document_of(modules=[module])
    columns = {**EVENT, "calls_so_far": False}
    events = [LabelEvent({**columns, "user": user}, NOON) for user in (1, 2)]
    told = replay(Request(document, events, {}))
    assert told.mismatches >= 1
    assert {each.column for each in told.differences} == {"calls_so_far"}
    again = "True when called again; it depends on more than its inputs"
    assert again in {each.served for each in told.differences}


def test_a_function_that_fails_in_serving_alone_is_told(write_module: WriteModule) -> None:
    module = write_module(
        "replayed_failing",
        """
        def share(amount: float) -> float:
            if amount > 9:
                raise ValueError("too much")
            return amount
        """,
    )
    told = replayed(document_of(modules=[module]), {"share": 9.5})
    assert told.mismatches == 1
    assert {each.column for each in told.differences} == {"feature functions"}
    assert "feature 'share': ValueError: too much; inputs amount=9.5" in told.differences[0].served


def test_mismatches_count_label_events_and_few_differences_are_told() -> None:
    document = document_of(table_of())
    wrong = [LabelEvent({**EVENT, "clicks__v": float(place)}, NOON) for place in range(30)]
    told = replay(Request(document, wrong, {"clicks": {(1,): [row(v=0.0)]}}))
    assert (told.rows, told.mismatches, len(told.differences)) == (30, 29, 20)


def test_a_column_that_differs_everywhere_hides_no_other(write_module: WriteModule) -> None:
    document = document_of(table_of(), modules=[write_module("replayed_hidden", FUNCTIONS)])
    wrong = {**EVENT, "clicks__v": 1.0, "scaled": 0.0, "is_known": True}
    events = [LabelEvent(wrong, NOON)] * 30 + [LabelEvent({**wrong, "is_known": None}, NOON)]
    told = replay(Request(document, events, {"clicks": {(1,): [row()]}}))
    assert [each.column for each in told.differences[:3]] == ["scaled", "is_known", "scaled"]


def answered(tmp_path: Path, request: Request, *preamble: str) -> Any:
    """The answer of `python -m skewless.serving.replay`, of a process that can import what this one can."""
    asked, answer = tmp_path / "request", tmp_path / "answer"
    asked.write_bytes(pickle.dumps(request))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TZ": "Asia/Kathmandu"}
    command = [sys.executable, *(preamble or ["-m", "skewless.serving.replay"]), str(asked), str(answer)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return pickle.loads(answer.read_bytes())


def test_the_replay_runs_where_spark_cannot_be_imported(tmp_path: Path, write_module: WriteModule) -> None:
    pytest.importorskip("pyspark")
    module = write_module(
        "replayed_elsewhere",
        """
        try:
            import pyspark
        except ModuleNotFoundError:
            pyspark = None

        def has_spark(amount: float) -> bool:
            return pyspark is not None
        """,
    )
    document = document_of(table_of(), modules=[module])
    columns = {**EVENT, "clicks__v": 1.0, "has_spark": False}
    request = Request(document, [LabelEvent(columns, NOON)], {"clicks": {(1,): [row()]}})
    assert answered(tmp_path, request) == Replay(1, 0, ())


def test_a_module_that_fails_when_it_is_imported_there_is_told(
    tmp_path: Path, write_module: WriteModule
) -> None:
    pytest.importorskip("pyspark")
    module = write_module(
        "replayed_import",
        """
        import pyspark

        def one(amount: float) -> float:
            return 1.0
        """,
    )
    request = Request(document_of(modules=[module]), [LabelEvent({**EVENT, "one": 1.0}, NOON)], {})
    answer = answered(tmp_path, request)
    assert answer == (
        "feature module 'replayed_import' does not import: "
        "ModuleNotFoundError: pyspark is not there when a model is served"
    )


@pytest.mark.parametrize(
    ("ending", "how"),
    [
        ("os._exit(0)", "ended its process with exit code 0"),
        ("os.abort()", "crashed its process with SIGABRT"),
        ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
        ("while True: pass", "did not come back within 1 s"),
    ],
)
def test_a_function_that_ends_the_replay_is_named(
    tmp_path: Path, write_module: WriteModule, ending: str, how: str
) -> None:
    """F6, in serving's process alone: Spark's had a value."""
    module = write_module(
        "replayed_ending",
        f"""
        import os

        def more(amount: float) -> float:
            return amount + 1

        def ends(more: float, user: int) -> float:
            if user == 2:
                {ending}
            return more
        """,
    )
    events = [LabelEvent({**EVENT, "user": user, "more": 10.5, "ends": 10.5}, NOON) for user in (1, 2, 3)]
    request = Request(document_of(modules=[module]), events, {}, longest_call=1.0)
    assert answered(tmp_path, request) == (
        f"feature 'ends': {how}; inputs more=10.5, user=2; label event user=2, predict_at={NOON!r}"
    )


def test_an_edited_plan_is_no_replay(tmp_path: Path) -> None:
    document = document_of(table_of(max_age="1h"))
    document["feature_tables"][0]["max_age"] = "2h"
    answer = answered(tmp_path, Request(document, [], {}))
    assert "feature table 'clicks': max_age" in answer


def test_utc_is_kept_across_processes(tmp_path: Path) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))
    request = Request(
        document_of(table_of()),
        [LabelEvent({**EVENT, "clicks__v": 1.0}, elsewhere)],
        {"clicks": {(1,): [row()]}},
    )
    assert answered(tmp_path, request).mismatches == 0
    assert main.__module__ == "skewless.serving.replay.replay"
