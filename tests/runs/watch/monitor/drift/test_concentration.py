"""Serving logs one value where training has many: bins that hold several values must not hide it, nor make it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from skewless.config import Monitoring
from skewless.parts.profile.bins import Bins, CategoryBins, lay_out
from skewless.runs.watch.monitor.drift.concentration import rare_ones_gone, values_of
from skewless.runs.watch.monitor.drift.judging import Finding, judged
from skewless.runs.watch.monitor.drift.measures import Pair
from skewless.runs.watch.monitor.profile.cells import merged_names, name_cells
from skewless.runs.watch.monitor.profile.counting import SAMPLE
from skewless.runs.watch.monitor.profile.profile import (
    EVERYTHING,
    Counts,
    Grouping,
    coded,
    count_column,
    counts_of,
    with_known,
)

WATCH = Monitoring(name="ts")
RNG = np.random.default_rng(11)
CITIES = [f"city {number}" for number in range(200)]


def column(values: Sequence[object]) -> pa.Array:
    is_number = any(isinstance(value, float) for value in values)
    return pa.array(values, pa.float64() if is_number else pa.string(), from_pandas=False)


def counted(values: pa.Array, bins: Bins) -> tuple[Counts, dict[int, str]]:
    own = coded(values, bins, None)
    names: dict[int, str] = {}
    name_cells(names, own.values, own.spread)
    everybody = Grouping(np.zeros(len(values), dtype=np.int64), 1, with_cells=True)
    return counts_of(count_column(own, bins, [everybody])[0][0], bins), names


def pair(training: Sequence[object], serving: Sequence[object]) -> Pair:
    """Both sides as a run counts them, without Spark."""
    before, now = column(training), column(serving).cast(column(training).type)
    bins = lay_out(before[:SAMPLE], WATCH.bins, WATCH.categories)
    reference, _ = counted(before, bins)
    if isinstance(bins, CategoryBins):
        bins = with_known(bins, Counter(before.drop_null().to_pylist()), WATCH.known_categories)
    current, names = counted(now, bins)
    return Pair("feature", EVERYTHING, bins, reference, current, merged_names(bins, names))


def judge(training: Sequence[object], serving: Sequence[object], watch: Monitoring = WATCH) -> Finding:
    (finding,) = judged([pair(training, serving)], watch)
    return finding


def alerts(finding: Finding) -> set[str]:
    return {test.of for test in finding.alerts}


def drawn(values: Sequence[object], size: int, seed: int = 1) -> list[object]:
    return [values[place] for place in np.random.default_rng(seed).integers(0, len(values), size)]


def test_one_of_200_cities_400_times_was_in_the_bin_of_the_rare_ones_and_no_drift() -> None:
    finding = judge(CITIES * 100, [CITIES[8]] * 400)
    assert finding.is_alert
    assert {"one value", "rare categories"} <= alerts(finding)
    assert finding.reason.startswith(
        "one value: 'city 8' is 100.00% of values against at most 0.50% (PSI of it against"
    )
    assert "about 1 distinct values where 176 were to be expected" in finding.reason


def test_300_ids_logged_as_one_were_no_drift() -> None:
    ids = [f"id {number}" for number in range(300)]
    assert judge(ids, [ids[0]] * 300).is_alert
    assert judge(ids, ["default"] * 300).is_alert


@pytest.mark.parametrize(
    ("training", "serving", "of"),
    [
        pytest.param(
            [f"user {n}" for n in range(5000)], ["user 0"] * 60, "one value", id="all distinct, one in serving"
        ),
        pytest.param(
            [f"user {n}" for n in range(5000)], [""] * 60, "one value", id="all distinct, none in serving"
        ),
        pytest.param(
            drawn([f"item {n}" for n in range(10_000)], 50_000),
            [*drawn([f"item {n}" for n in range(10_000)], 1900, 2), *["item 5"] * 100],
            "one value", id="a heavy hitter of 5% among 10,000 values",
        ),
        pytest.param(
            RNG.normal(size=20_000).tolist(), [0.25] * 50, "distribution", id="continuous, a constant default"
        ),
        pytest.param(
            RNG.normal(size=20_000).tolist(),
            [*RNG.normal(size=1880).tolist(), *[0.25] * 120],
            "one value", id="continuous, a default in 6% of records, inside a bin",
        ),
        pytest.param(
            [float(n % 200) for n in range(20_000)],
            [float(n % 10 * 20 + 3) for n in range(400)],
            "one value", id="200 store numbers, ten of them left, one to a decile",
        ),
        pytest.param(["true", "false"] * 500, ["false"] * 40, "distribution", id="a boolean that is always false"),
        pytest.param(
            ["false"] * 970 + ["true"] * 30, ["false"] * 400, "gone category", id="a boolean hardly ever true"
        ),
        pytest.param(
            drawn(["a"] * 60 + ["b"] * 38 + ["c"] * 2, 10_000),
            drawn(["a"] * 61 + ["b"] * 39, 1000, 2),
            "gone category", id="a category of 2% that vanishes",
        ),
        pytest.param(
            CITIES * 50, drawn(CITIES[:100], 600), "rare categories", id="half of the rare categories vanish"
        ),
        pytest.param(
            [7.0] * 1000, [7.0] * 140 + [5.0] * 60, "one value", id="a bin that expects none and holds a third"
        ),
        pytest.param(RNG.normal(size=1000).tolist(), [None] * 35, "nulls", id="null collapse of a number"),
        pytest.param(CITIES * 10, [None] * 35, "nulls", id="null collapse of rare categories"),
        pytest.param(
            [None] * 300 + CITIES * 5, ["unknown"] * 200 + drawn(CITIES, 400), "one value",
            id="nulls that became a default",
        ),
    ],
)  # fmt: skip
def test_a_collapse_was_no_drift(training: list[object], serving: list[object], of: str) -> None:
    finding = judge(training, serving)
    assert finding.is_alert, finding.reason
    assert of in alerts(finding), finding.reason


@pytest.mark.parametrize("size", [20, 30, 40, 50])
@pytest.mark.parametrize(
    "values",
    [
        pytest.param(CITIES, id="cities"),
        pytest.param([f"id {n}" for n in range(3000)], id="ids"),
        pytest.param([float(n) / 7 for n in range(3000)], id="numbers"),
        pytest.param(["true", "false"], id="boolean"),
        pytest.param([*["a"] * 98, "b", "c"], id="one category and rare ones"),
        pytest.param([*["a"] * 90, *CITIES[:10]], id="one category and a tail"),
        pytest.param([None, None, *CITIES[:50]], id="nulls and cities"),
    ],
)
def test_a_small_log_without_drift_is_none(values: list[object], size: int) -> None:
    found = [judge(drawn(values, 4000, seed), drawn(values, size, 100 + seed)) for seed in range(20)]
    assert sum(finding.is_alert for finding in found) <= 1


def test_a_few_records_of_one_value_are_evidence_where_that_is_unlikely_and_none_where_it_is_not() -> None:
    assert not judge(CITIES * 20, [CITIES[3]] * 20).is_alert  # below min_rows
    assert judge(CITIES * 20, [CITIES[3]] * 30).is_alert
    assert not judge([*["a"] * 95, *["b"] * 5] * 20, ["a"] * 30).is_alert
    assert not judge(CITIES * 20, [CITIES[3]] * 2 + drawn(CITIES, 38)).is_alert


def test_ids_that_are_all_distinct_on_both_sides_are_no_drift() -> None:
    for size in (400, 4000):
        finding = judge([f"id {n}" for n in range(size)], [f"new {n}" for n in range(300)])
        assert not finding.is_alert, finding.reason


def test_a_heavy_value_that_training_has_too_is_no_drift() -> None:
    values = [*["item 0"] * 500, *[f"item {n}" for n in range(9500)]]
    numbers = [*[0.5] * 500, *RNG.normal(size=9500).tolist()]
    assert not judge(values, drawn(values, 3000)).is_alert
    assert not judge(numbers, drawn(numbers, 3000)).is_alert


def test_a_category_that_is_rare_enough_to_be_missed_by_chance_is_not_gone() -> None:
    finding = judge(["a"] * 980 + ["b"] * 20, ["a"] * 100)
    assert not finding.is_alert
    assert {test.of: test.effect for test in finding.tests}["gone category"] == pytest.approx(0.02)


def test_the_concentration_of_both_sides_is_told() -> None:
    held = judge(CITIES * 100, [CITIES[8]] * 400).measures.concentration
    assert held is not None
    before, now = held
    assert (now.top, now.top_share, now.entropy) == ("'city 8'", 1, 0)
    assert now.distinct == pytest.approx(1, abs=0.01)
    assert before.entropy == pytest.approx(np.log(200), abs=0.2)
    assert before.distinct == pytest.approx(200 * (1 - 0.995**400), rel=0.05)


def test_as_many_records_as_one_take_the_evidence_of_a_collapse_away() -> None:
    serving = drawn(CITIES, 36) + [CITIES[3]] * 6
    assert judge(CITIES * 20, serving).is_alert
    assert not judge(CITIES * 20, serving, Monitoring(name="ts", design_effect=4.0)).is_alert


@pytest.mark.parametrize(("rare", "size"), [(200, 100), (200, 400), (1500, 300)])
def test_what_chance_leaves_out_is_what_is_expected_and_the_bound_holds(rare: int, size: int) -> None:
    values = [f"value {n}" for n in range(rare)]
    found = []
    for seed in range(100):
        own = pair(drawn(values, 2000, seed), drawn(values, size, 1000 + seed))
        change = rare_ones_gone(values_of(own.bins, own.reference, own.current), 1.0)
        assert change is not None
        found.append(change)
    assert np.mean([each.now - each.before for each in found]) == pytest.approx(0, abs=0.01)
    assert sum(each.p_value <= 0.05 for each in found) <= 5
