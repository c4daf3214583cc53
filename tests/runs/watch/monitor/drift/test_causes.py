"""Drift that features share because a table's match rate moved is one finding of that table; the rest is told by where
it came in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from skewless.config import Monitoring, Watched
from skewless.parts.profile.bins import NumberBins
from skewless.runs.watch.monitor.drift.causes import causes_of
from skewless.runs.watch.monitor.drift.judging import judged
from skewless.runs.watch.monitor.drift.lineage import Lineage
from skewless.runs.watch.monitor.drift.match_rates import match_shifts
from skewless.runs.watch.monitor.drift.measures import Pair
from skewless.runs.watch.monitor.drift.outcome import Monitored
from skewless.runs.watch.monitor.profile.profile import EVERYTHING, Counts, Group, Profile, Reference
from skewless.runs.watch.monitor.report import render_monitoring, summary_of_monitoring

FOUR = NumberBins((1.0, 2.0, 3.0))
BEFORE = (2500, 2500, 2500, 2500, 0)
"""Counts of training in four intervals, then nulls."""

MATCHED_LESS = (200, 200, 200, 200, 200)
"""A log of 1,000 in which a fifth of the records has no row, and the others are as in training."""

WARMER = (100, 150, 250, 300, 200)
AS_BEFORE = (250, 250, 250, 250, 0)
LINEAGE = Lineage(
    rows={
        "weather": ("weather__temp", "weather__gust", "weather__visib", "weather__dewp"),
        "planes": ("planes__seats",),
    },
    windows={"weather": ("weather__mean_1d",)},
    inputs={
        "heat": ("weather__temp",),
        "chill": ("heat", "hour"),
        "size": ("planes__seats", "event_timestamp"),
    },
)
WATCH = Monitoring(name="ts")


def counts(side: Sequence[int]) -> Counts:
    """NaN and the infinities have bins too, which stay empty here."""
    return Counts(np.array([*side[:4], 0, 0, 0, side[4]]))


def pair(name: str, now: Sequence[int], before: Sequence[int] = BEFORE, group: Group = EVERYTHING) -> Pair:
    return Pair(name, group, FOUR, counts(before), counts(now))


def monitored(
    pairs: Iterable[Pair], days: Mapping[str, Iterable[Pair]] | None = None, watch: Monitoring = WATCH
) -> Monitored:
    findings = tuple(judged(pairs, watch))
    of_days = [each._replace(group=("day", day)) for day, of in (days or {}).items() for each in of]
    reference = Reference(3, "r1", Profile(10_000, {}, {}), {}, {each.feature: "number" for each in findings})
    shifts = match_shifts(findings, LINEAGE, watch)
    return Monitored(
        training_set="flights",
        span=None,
        reference=reference,
        rows=1000,
        foreign_records=0,
        findings=findings,
        days=tuple(judged(of_days, watch)),
        missing=(),
        lineage=LINEAGE,
        shifts=shifts,
    )


def told(found: Monitored) -> dict[str, list[str]]:
    return {each.name: [name for name, _ in each.features] for each in causes_of(found)}


def test_features_that_drift_because_fewer_label_events_have_a_row_are_one_finding_of_the_table() -> None:
    names = ("weather__temp", "weather__gust", "weather__mean_1d", "heat", "chill")
    days = {day: [pair("weather__temp", now)] for day, now in (("06-01", AS_BEFORE), ("06-02", MATCHED_LESS))}
    found = monitored([*(pair(name, MATCHED_LESS) for name in names), pair("planes__seats", AS_BEFORE)], days)
    first, *rest = summary_of_monitoring(found).splitlines()
    assert first.startswith("flights: DRIFT: 1 cause since 06-02, 5 features have drifted: 1,000 records")
    assert rest[:2] == [
        "  ALERT    match rate of weather since 06-02: 80.00% of records have a row of it, 100.00% in training",
        "             5 features: chill 20.00% null, heat 20.00% null, weather__gust 20.00% null, "
        "weather__mean_1d 20.00% null, weather__temp 20.00% null",
    ]
    assert "nulls: 20.00%" not in "\n".join(rest)


def test_the_features_are_told_by_verbose_in_the_report_and_in_the_json_as_before() -> None:
    found = monitored([pair("weather__temp", MATCHED_LESS), pair("heat", MATCHED_LESS)])
    reason = found.features["heat"].reason
    assert "nulls: 20.00% against 0.00%" in reason
    assert f"  ALERT    heat: {reason}; by the match rate of weather alone" in summary_of_monitoring(
        found, verbose=True
    )
    page = render_monitoring(found)
    assert page.index("<h2>Causes</h2>") < page.index("<h2>Features</h2>")
    assert page.count("by the match rate of weather alone") == 4  # in the table, and in a section of its own
    assert found.to_json()["features"]["heat"]["reason"] == reason
    assert found.to_json()["features"]["heat"]["alert"] is True


def test_a_feature_whose_values_moved_too_is_a_finding_of_its_own() -> None:
    found = monitored([pair("weather__temp", WARMER), pair("weather__gust", MATCHED_LESS)])
    assert told(found) == {"match rate of weather": ["weather__gust"], "values of weather": ["weather__temp"]}


def test_nulls_beyond_those_of_records_without_a_row_are_a_finding_of_their_own() -> None:
    more = (150, 150, 150, 150, 400)
    found = monitored([pair("weather__temp", MATCHED_LESS), pair("weather__gust", more)])
    assert told(found) == {"match rate of weather": ["weather__temp"], "values of weather": ["weather__gust"]}


def test_nulls_as_many_in_records_that_have_a_row_are_no_match_rate() -> None:
    """`temp` is as full as before, so that every record has a row: the nulls of `gust` are its own."""
    found = monitored([pair("weather__temp", AS_BEFORE), pair("weather__gust", MATCHED_LESS)])
    assert told(found) == {"values of weather": ["weather__gust"]}


def test_one_column_that_is_filled_with_a_default_is_no_match_rate_that_rose() -> None:
    """A fifth has no row, before as now; the log has a zero for a null of `gust`."""
    before, filled = (2000, 2000, 2000, 2000, 2000), (400, 200, 200, 200, 0)
    others = ("weather__temp", "weather__visib", "weather__dewp")
    pairs = [pair("weather__gust", filled, before), *(pair(each, MATCHED_LESS, before) for each in others)]
    assert told(monitored(pairs)) == {"values of weather": ["weather__gust"]}
    assert told(monitored(pairs[:2])) == {"values of weather": ["weather__gust"]}


def test_one_column_that_is_filled_hides_no_match_rate_that_fell() -> None:
    others = ("weather__temp", "weather__visib", "weather__dewp")
    pairs = [pair("weather__gust", (400, 200, 200, 200, 0)), *(pair(each, MATCHED_LESS) for each in others)]
    assert told(monitored(pairs)) == {
        "match rate of weather": ["weather__dewp", "weather__temp", "weather__visib"],
        "values of weather": ["weather__gust"],
    }


def test_nulls_that_a_column_had_before_are_left_to_it() -> None:
    """A tenth of the rows have no gust, before as now: 10% nulls become 28% where a fifth has no row."""
    before, now = (2250, 2250, 2250, 2250, 1000), (180, 180, 180, 180, 280)
    found = monitored([pair("weather__temp", MATCHED_LESS), pair("weather__gust", now, before)])
    assert told(found) == {"match rate of weather": ["weather__temp", "weather__gust"]}


def test_a_function_that_turns_a_missing_row_into_a_value_is_told_where_its_drift_came_in() -> None:
    found = monitored([pair("weather__temp", MATCHED_LESS), pair("heat", (400, 200, 200, 200, 0))])
    assert told(found) == {"match rate of weather": ["weather__temp"], "values of weather": ["heat"]}


def test_a_match_rate_that_moved_on_one_host_alone_is_told_of_that_host() -> None:
    on_host = ("host", "web-1")
    names = ("weather__temp", "weather__gust")
    slightly = (248, 248, 248, 248, 8)
    pairs = [pair(name, slightly) for name in names]
    found = monitored([*pairs, *(pair(name, MATCHED_LESS, group=on_host) for name in names)])
    (cause,) = causes_of(found)
    assert cause.root == "80.00% of records where host = web-1 have a row of it, 100.00% in training"
    assert [name for name, _ in cause.features] == ["weather__gust", "weather__temp"]


def test_a_feature_whose_values_moved_on_one_host_is_a_finding_of_its_own() -> None:
    whole = [pair(name, MATCHED_LESS) for name in ("weather__temp", "weather__gust")]
    on_host = [
        pair(name, now, group=("host", "web-1"))
        for name, now in (("weather__temp", MATCHED_LESS), ("weather__gust", WARMER))
    ]
    assert told(monitored([*whole, *on_host])) == {
        "match rate of weather": ["weather__temp"],
        "values of weather": ["weather__gust"],
    }


def test_a_match_rate_moves_to_the_better_too() -> None:
    before = (2000, 2000, 2000, 2000, 2000)
    found = monitored([pair("weather__temp", AS_BEFORE, before), pair("weather__gust", AS_BEFORE, before)])
    (cause,) = causes_of(found)
    assert cause.root == "100.00% of records have a row of it, 80.00% in training"


def test_what_no_match_rate_explains_is_told_by_where_it_came_in() -> None:
    warmer = (100, 150, 300, 450, 0)
    names = ("weather__temp", "heat", "chill", "size", "hour")
    found = monitored([pair(name, warmer) for name in (*names, "planes__seats")][:-1])
    assert told(found) == {
        "values of weather": ["chill", "heat", "weather__temp"],
        "values of label events": ["hour"],
        "values of functions": ["size"],
    }
    told_of_functions = next(each for each in causes_of(found) if each.name == "values of functions")
    assert told_of_functions.root.startswith("no logged input of theirs drifted; size: distribution: PSI")


def test_a_feature_that_may_not_alert_is_no_finding_and_hides_none() -> None:
    watch = WATCH.model_copy(update={"features": {"weather__temp": Watched(alert=False)}})
    found = monitored([pair("weather__temp", MATCHED_LESS), pair("weather__gust", MATCHED_LESS)], watch=watch)
    assert told(found) == {"match rate of weather": ["weather__gust"]}
