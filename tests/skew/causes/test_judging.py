"""What chance is taken for, and which of two equal explanations is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pyarrow as pa

from skewless.skew.causes.judging import Case, Explanation, judge
from skewless.skew.causes.search import find_causes
from skewless.skew.causes.table_replay import Change
from skewless.skew.causes.values import Sampled, values_of
from skewless.skew.causes.what_if import WhatIf

RECORDS = 1_000
WRONG = range(0, RECORDS, 125)


def truths(true: range) -> pa.Array:
    return pa.array([place in true for place in range(RECORDS)])


def verdict_on(predicted: range) -> str:
    """Of eight records logged as true that are not, under a change that makes these true."""
    logged, recomputed, made = (values_of(truths(each)) for each in (WRONG, range(0), predicted))
    case = Case(logged, recomputed, ~logged.same(recomputed), np.arange(RECORDS))
    return judge(case, [Explanation("late_data", "", case.agreement(made), case.chance_of(made), 100)]).cause


def test_what_changes_just_the_truths_that_differ_is_no_accident() -> None:
    assert verdict_on(WRONG) == "late_data"


def test_what_changes_every_truth_may_be_one() -> None:
    assert verdict_on(range(RECORDS)) == "unknown"


def test_an_hour_that_follows_from_the_right_one_is_still_one_of_many() -> None:
    """Of 24 hours, each shifted to the same other one: 20 records that have just that are no accident."""
    hours = [place % 24 for place in range(24 * 150)]
    shifted = [(hour + 4) % 24 for hour in hours]
    logged = [
        moved if place < 20 else hour for place, (hour, moved) in enumerate(zip(hours, shifted, strict=True))
    ]
    told, right, made = (values_of(pa.array(each)) for each in (logged, hours, shifted))
    case = Case(told, right, ~told.same(right), np.arange(len(hours)))
    found = judge(case, [Explanation("timezone_shift", "", case.agreement(made), case.chance_of(made), 100)])
    assert found.cause == "timezone_shift"


class TwoClocks:
    """Feature `hour` has one input, `minutes` two, whose shifts do the same to it."""

    clocks = ()

    def changes(self, feature: str) -> Iterator[Change]:
        inputs = ("departure",) if feature == "hour" else ("arrival", "departure")
        for name in inputs:
            yield Change(
                "timezone_shift", f"input {name} moved", 112, lambda which: {"shift": pa.array(which)}
            )

    def values(self, feature: str, altered: dict[str, pa.Array], _which: Any) -> pa.Array:
        return pa.array([value + 240 for value in altered["shift"].to_pylist()])

    def parameters(self, _feature: str) -> list[str]:
        return []


def test_of_two_equal_changes_the_one_is_named_that_another_feature_has() -> None:
    recomputed = pa.array(range(RECORDS))
    logged = pa.array([value + 240 for value in range(RECORDS)])
    everywhere = np.ones(RECORDS, dtype=bool)
    features = [Sampled(name, logged, recomputed, everywhere, everywhere) for name in ("hour", "minutes")]
    what_if = cast(WhatIf, TwoClocks())
    alone = find_causes(features[1:], what_if, np.arange(RECORDS))
    both = find_causes(features, what_if, np.arange(RECORDS))
    assert alone["minutes"].detail == "input arrival moved"
    assert both["hour"].detail == both["minutes"].detail == "input departure moved"
