"""Which T hold the rows of which definition, after any sequence of builds, against a plain list of instants."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from skewless.ground.run.ranges import RunRange
from skewless.parts.publish.definition_changes import changes
from skewless.parts.publish.definitions import Definition, after, runs_of

NOW = datetime(2024, 6, 1, tzinfo=timezone.utc)
HOURS = [datetime(2024, 5, 1, tzinfo=timezone.utc) + timedelta(hours=6 * step) for step in range(12)]
BOUNDS = st.sampled_from([None, *HOURS])
RUNS = st.lists(
    st.one_of(
        st.tuples(BOUNDS, BOUNDS, st.just(False)),
        st.just((None, None, True)),
    ).filter(lambda run: run[0] is None or run[1] is None or run[0] < run[1]),
    min_size=1,
    max_size=8,
)


@given(RUNS, st.data())
def test_the_state_says_of_every_instant_which_run_wrote_it_last(
    runs: list[tuple[datetime | None, datetime | None, bool]], data: st.DataObject
) -> None:
    state: list[Definition] = []
    last: dict[datetime | None, str] = {}
    for version, (start, end, without_times) in enumerate(runs):
        fingerprint = data.draw(st.sampled_from("abc"))
        run_range = RunRange(NOW, start, end, without_times)
        state = [Definition.written(each.to_json(), version) for each in after(state, run_range, fingerprint)]
        for moment in HOURS:
            if not without_times and (start is None or start <= moment) and (end is None or moment < end):
                last[moment] = fingerprint
        if without_times or (start is None and end is None):
            last[None] = fingerprint
    for moment in HOURS:
        micros = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
        found = [
            each.fingerprint for each in state if any(start <= micros < end for start, end in each.spans)
        ]
        assert found == ([last[moment]] if moment in last else [])
    assert [each.fingerprint for each in state if each.null_times] == [
        last[None] for _ in [0] if None in last
    ]
    assert all(each.spans or each.null_times for each in state)


def test_a_definition_is_known_by_the_newest_version_that_it_built() -> None:
    days = [RunRange(NOW, HOURS[at], HOURS[at + 4]) for at in (0, 4)]
    state = after([], days[0], "a", 3)
    state = after(state, days[1], "b", 4)
    assert [(each.fingerprint, each.version) for each in state] == [("a", 3), ("b", 4)]
    assert [(each.fingerprint, each.version) for each in after(state, days[1], "a", 5)] == [("a", 5)]


def test_dates_are_those_with_a_part_in_the_definition_that_rows_stand_in() -> None:
    (own,) = after([], RunRange(NOW, HOURS[3], HOURS[9]), "a")
    standing = [date(2024, 5, day) for day in (1, 2, 3, 4)]
    assert own.dates_of([*standing, None]) == standing[:3]
    assert runs_of(own.dates_of([standing[0], standing[2]])) == ["2024-05-01", "2024-05-03"]


def plan(**functions: str) -> dict[str, object]:
    window = {"name": "views_7d", "function": "count", "window": "7d"}
    table = {
        "name": "clicks",
        "delay": "1h",
        "types": {"v": "int"},
        "columns": ["v"],
        "aggregations": [window],
    }
    return {
        "label_events": {"timezone": None, "columns": {"k": "int"}},
        "feature_tables": [table],
        "features": {
            "modules": ["features"],
            "functions": [{"name": name, "fingerprint": code} for name, code in functions.items()],
        },
        "columns": ["clicks__v", *functions],
    }


def test_changes_name_windows_tables_features_and_label_columns_with_both_states() -> None:
    old, new = plan(a="1", b="1"), plan(a="2", c="1")
    new["label_events"] = {"timezone": "UTC", "columns": {"k": "int", "source": "string"}}
    table = new["feature_tables"][0]  # type: ignore[index]
    table |= {"delay": "2h", "types": {"v": "bigint"}}
    table["aggregations"] = [
        {"name": "views_7d", "function": "count", "window": "14d", "where": "v > 0"},
        {
            "name": "visits",
            "function": "count",
            "window": {"calendar": "day", "length": 1, "timezone": "UTC"},
        },
    ]
    new["feature_tables"] = [*new["feature_tables"], {**table, "name": "orders"}]  # type: ignore[misc]
    assert changes(old, new) == [
        "labels.timezone (none, now UTC)",
        "label column 'source' (new)",
        "feature table 'clicks' (delay 1h, now 2h; v int, now bigint)",
        "aggregation 'clicks.views_7d' (window 7d, now 14d; where none, now v > 0)",
        "aggregation 'clicks.visits' (new)",
        "feature table 'orders' (new)",
        "feature 'a' (its code)",
        "feature 'b' (gone)",
        "feature 'c' (new)",
    ]


def test_changes_of_nothing_that_has_a_name_are_told_too() -> None:
    assert changes(plan(a="1", b="1"), plan(b="1", a="1")) == ["the order of tables, windows or features"]
    other = plan(a="1")
    other["features"] = {**other["features"], "modules": ["more"]}  # type: ignore[dict-item]
    assert changes(plan(a="1"), other) == ["features ([features], now [more])"]
