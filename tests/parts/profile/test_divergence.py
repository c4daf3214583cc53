"""Divergences and tests against scipy's, on the same bins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, entropy, fisher_exact, ks_2samp

from skewless.parts.profile.divergence import (
    by_chance,
    divergences,
    homogeneity,
    kolmogorov_smirnov,
    rate_p_value,
)

COUNTS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=2, max_size=30).filter(
    lambda pairs: all(map(sum, zip(*pairs, strict=True)))
)


@given(COUNTS, st.floats(0.01, 0.99))
def test_every_divergence_is_that_of_scipy_on_the_smoothed_shares(
    pairs: list[tuple[int, int]], smoothing: float
) -> None:
    reference, current = (np.array(side) for side in zip(*pairs, strict=True))
    kept = [(r + smoothing, c + smoothing) for r, c in pairs if r or c]
    p, q = (np.array(side) for side in zip(*kept, strict=True))
    found = divergences(reference, current, smoothing)
    assert found.kl == pytest.approx(entropy(q, p), abs=1e-12)
    assert found.kl_reverse == pytest.approx(entropy(p, q), abs=1e-12)
    with np.errstate(invalid="ignore"):  # scipy takes the root of -1e-17 where both are all but equal
        distance = np.nan_to_num(jensenshannon(p, q))
    assert found.js == pytest.approx(distance**2, abs=1e-12)
    p, q = p / p.sum(), q / q.sum()
    assert found.psi == pytest.approx(
        sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True)), abs=1e-12
    )


def test_equal_counts_are_no_distance_and_a_hand_computed_pair_is_its_distance() -> None:
    assert divergences(np.array([3, 0, 5]), np.array([3, 0, 5])) == (0, 0, 0, 0)
    found = divergences(np.array([99, 0]), np.array([49, 50]), smoothing=0.5)
    before, now = (99.5 / 100, 0.5 / 100), (49.5 / 100, 50.5 / 100)
    expected = sum((b - a) * np.log(b / a) for a, b in zip(before, now, strict=True))
    assert found.psi == pytest.approx(expected, abs=1e-12)


def test_bins_that_are_empty_on_both_sides_count_for_nothing() -> None:
    reference, current = np.array([200, 300, 0, 0]), np.array([2, 3, 0, 0])
    assert divergences(reference, current) == divergences(reference[:2], current[:2])


def test_evidentlys_psi_is_ours_where_no_bin_is_empty_and_differs_where_one_is() -> None:
    """Evidently 0.7: shares without smoothing, and 0.0001 for an empty bin without bringing the sum back to one."""

    def evidently(reference: np.ndarray, current: np.ndarray) -> float:
        p, q = reference / reference.sum(), current / current.sum()
        p, q = np.where(p == 0, 1e-4, p), np.where(q == 0, 1e-4, q)
        return float(np.sum((p - q) * np.log(p / q)))

    full = np.array([50_000, 30_000, 20_000]), np.array([3_000, 4_000, 3_000])
    assert divergences(*full, smoothing=1e-9).psi == pytest.approx(evidently(*full), abs=1e-9)
    hollow = np.array([5_000, 5_000, 0]), np.array([2_000, 2_000, 1_000])
    assert divergences(*hollow).psi > evidently(*hollow) + 0.1


@given(COUNTS)
def test_the_test_of_homogeneity_is_pearsons_where_all_bins_are_large(pairs: list[tuple[int, int]]) -> None:
    table = np.array(pairs).T + 500
    found = homogeneity(table[0], table[1])
    expected = chi2_contingency(table, correction=False)
    assert found is not None
    assert (found.statistic, found.freedom) == (pytest.approx(expected.statistic), expected.dof)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-300)


def test_small_bins_are_taken_together() -> None:
    found = homogeneity(np.array([1000, 1000, 3, 2, 1]), np.array([100, 100, 20, 12, 10]))
    expected = chi2_contingency([[1000, 1000, 6], [100, 100, 42]], correction=False)
    assert found is not None
    assert (found.statistic, found.freedom) == (pytest.approx(expected.statistic), 2)


def test_one_bin_is_no_evidence_of_anything() -> None:
    assert homogeneity(np.array([1000, 3]), np.array([10, 0])) is None
    assert homogeneity(np.array([0, 0]), np.array([0, 0])) is None


def test_a_design_effect_makes_of_many_records_fewer() -> None:
    reference, current = np.array([4000, 6000]), np.array([440, 560])
    assert homogeneity(reference, current, 4.0) == homogeneity(reference // 4, current // 4)


@pytest.mark.parametrize("counts", [(3, 1000, 9, 300), (0, 50, 5, 40), (70, 900, 6, 90), (0, 500, 1, 500)])
def test_a_rate_is_tested_as_fisher_does(counts: tuple[int, int, int, int]) -> None:
    """Two-sided as twice the smaller tail, which is never less than Fisher's one-sided p."""
    a, n, b, m = counts
    table = [[b, m - b], [a, n - a]]
    tails = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert rate_p_value(a, n, b, m) == pytest.approx(min(1, 2 * min(tails)), rel=1e-9)


def test_kolmogorov_smirnov_on_unit_bins_is_that_of_the_values() -> None:
    rng = np.random.default_rng(1)
    before, now = rng.integers(0, 12, 500), rng.integers(2, 12, 300)
    counts = [np.bincount(values, minlength=12) for values in (before, now)]
    assert kolmogorov_smirnov(*counts) == pytest.approx(ks_2samp(before, now).statistic, abs=1e-12)
    assert kolmogorov_smirnov(np.array([0, 0]), np.array([1, 2])) is None


def test_chance_gives_the_psi_that_is_said() -> None:
    """The 95th percentile of 2,000 PSIs without drift, within a tenth of it."""
    rng = np.random.default_rng(2)
    share = np.full(10, 0.1)
    found = [
        divergences(rng.multinomial(20_000, share), rng.multinomial(1_000, share)).psi for _ in range(2_000)
    ]
    assert np.quantile(found, 0.95) == pytest.approx(by_chance(20_000, 1_000, 9, 0.05), rel=0.1)
