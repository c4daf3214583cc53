"""An alert needs an effect and evidence of it; the reason says which of them there is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from skewless.config import Monitoring, Watched
from skewless.parts.profile.bins import CategoryBins, NumberBins
from skewless.runs.watch.monitor.drift.judging import Finding, judged
from skewless.runs.watch.monitor.drift.measures import Pair
from skewless.runs.watch.monitor.profile.profile import EVERYTHING, Counts

WATCH = Monitoring(name="ts")
FOUR = NumberBins((1.0, 2.0, 3.0))
KNOWING = CategoryBins(("a", "b"), frozenset("abc"), once=1)


def numbers(name: str, before: Sequence[int], now: Sequence[int], zeros: tuple[int, int] = (0, 0)) -> Pair:
    """Counts of the four intervals, then of NaN and null."""
    reference, current = (
        Counts(np.array([*side[:4], 0, 0, *side[4:]]), zero)
        for side, zero in zip((before, now), zeros, strict=True)
    )
    return Pair(name, EVERYTHING, FOUR, reference, current)


def texts(name: str, before: Sequence[int], now: Sequence[int]) -> Pair:
    """Counts of a, b, other, new, null."""
    return Pair(name, EVERYTHING, KNOWING, Counts(np.array(before)), Counts(np.array(now)))


def judge(*pairs: Pair, watch: Monitoring = WATCH) -> list[Finding]:
    return judged(pairs, watch)


def alerts(finding: Finding) -> list[str]:
    return [test.of for test in finding.alerts]


def test_an_effect_with_evidence_is_an_alert_and_both_are_told() -> None:
    (finding,) = judge(numbers("v", [2500] * 4 + [0, 0], [100, 200, 300, 400, 0, 0]))
    assert finding.is_alert
    assert alerts(finding) == ["distribution"]
    assert finding.reason.startswith("distribution: PSI 0.227 (matters from 0.05; by chance up to 0.012)")
    assert finding.reason.endswith("p < 1e-12")


def test_an_effect_without_evidence_is_none() -> None:
    (finding,) = judge(numbers("v", [250] * 4 + [0, 0], [12, 14, 6, 8, 0, 0]))
    assert not finding.is_alert
    assert finding.reason.startswith("no evidence: PSI 0.095 (matters from 0.05), by chance up to 0.")


def test_evidence_of_an_effect_that_does_not_matter_is_none() -> None:
    (finding,) = judge(numbers("v", [250_000] * 4 + [0, 0], [27_000, 26_000, 24_000, 23_000, 0, 0]))
    assert not finding.is_alert
    assert finding.reason.startswith("evidence (p < 1e-12) of an effect too small to matter: PSI 0.004")


def test_one_in_many_features_needs_more_evidence_than_one_alone() -> None:
    moved = numbers("v", [2500] * 4 + [0, 0], [15, 45, 20, 40, 0, 0])
    calm = [numbers(f"calm{place}", [2500] * 4 + [0, 0], [30] * 4 + [0, 0]) for place in range(300)]
    alone, among = judge(moved)[0], judge(moved, *calm)[0]
    assert (alone.is_alert, among.is_alert) == (True, False)


def test_two_points_of_nulls_are_an_alert_though_the_psi_is_small() -> None:
    (finding,) = judge(numbers("v", [2500] * 4 + [0, 0], [490] * 4 + [0, 40]))
    assert "nulls" in alerts(finding)
    assert "nulls: 2.00% against 0.00% (matters from 1.00%), p " in finding.reason


def test_nan_and_zeros_have_rates_of_their_own() -> None:
    pair = numbers("v", [2500] * 4 + [0, 0], [475] * 4 + [100, 0], zeros=(0, 110))
    (finding,) = judge(pair)
    assert {"NaN", "zeros"} <= set(alerts(finding))


def test_a_new_category_of_one_percent_is_an_alert() -> None:
    (finding,) = judge(texts("c", [6000, 4000, 10, 0, 0], [1180, 798, 2, 20, 0]))
    assert "new categories" in alerts(finding)
    assert "new categories: 1.00% against 0.01% expected" in finding.reason


def test_as_many_new_categories_as_training_has_once_are_no_drift() -> None:
    """A long tail: a fifth of the training rows have a value that no other row has, so a fifth of new rows will."""
    tail = CategoryBins((), frozenset("abc"), once=2000)
    pair = Pair("c", EVERYTHING, tail, Counts(np.array([10_000, 0, 0])), Counts(np.array([800, 200, 0])))
    (finding,) = judge(pair)
    assert not finding.is_alert
    assert finding.measures.divergences == (0, 0, 0, 0)


def test_where_the_values_are_too_many_to_be_known_none_is_new() -> None:
    bins = CategoryBins(("a",), None)
    pair = Pair("c", EVERYTHING, bins, Counts(np.array([500, 500, 0, 0])), Counts(np.array([50, 50, 0, 0])))
    (finding,) = judge(pair)
    assert not finding.is_alert
    assert {test.of for test in finding.tests} == {"distribution", "gone category"}


def test_too_few_values_are_insufficient_and_have_measures_all_the_same() -> None:
    (finding,) = judge(numbers("v", [2500] * 4 + [0, 0], [29, 0, 0, 0, 0, 0]))
    assert (finding.is_alert, finding.tests) == (False, ())
    assert finding.reason == "insufficient: 29 values against 10,000; below 30 nothing is said"
    assert finding.measures.divergences is not None


def test_a_feature_that_no_record_has_is_insufficient() -> None:
    (finding,) = judge(numbers("v", [2500] * 4 + [0, 0], [0] * 6))
    assert finding.reason.startswith("insufficient: 0 values")
    assert finding.measures.divergences is None


def test_a_feature_that_is_always_null_on_both_sides_has_nothing_to_test() -> None:
    (finding,) = judge(numbers("v", [0] * 5 + [1000], [0] * 5 + [100]))
    assert not finding.is_alert


def test_all_null_is_an_alert() -> None:
    (finding,) = judge(numbers("v", [250] * 4 + [0, 0], [0] * 5 + [40]))
    assert "nulls" in alerts(finding)


@pytest.mark.parametrize("watched", [Watched(min_psi=0.5), Watched(alert=False)])
def test_a_feature_may_be_watched_less(watched: Watched) -> None:
    watch = Monitoring(name="ts", features={"V": watched})
    (finding,) = judge(numbers("v", [2500] * 4 + [0, 0], [100, 200, 300, 400, 0, 0]), watch=watch)
    assert not finding.is_alert


def test_a_design_effect_takes_evidence_away() -> None:
    pair = numbers("v", [2500] * 4 + [0, 0], [40, 60, 40, 60, 0, 0])
    plain, careful = judge(pair)[0], judge(pair, watch=Monitoring(name="ts", design_effect=5.0))[0]
    assert (plain.is_alert, careful.is_alert) == (False, False)
    assert careful.tests[0].p_value > plain.tests[0].p_value


def test_without_drift_hardly_a_day_of_hundreds_has_an_alert() -> None:
    """200 features, 40 days of 200 records: 1% of the days may have a false alarm."""
    rng = np.random.default_rng(3)
    share = np.array([0.25] * 4)
    days = 0
    for _ in range(40):
        pairs = [
            numbers(
                f"v{place}", [*rng.multinomial(20_000, share), 0, 0], [*rng.multinomial(200, share), 0, 0]
            )
            for place in range(200)
        ]
        days += any(finding.is_alert for finding in judge(*pairs))
    assert days <= 2
