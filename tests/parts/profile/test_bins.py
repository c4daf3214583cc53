"""Bins are laid out from training values and stay as they are; each value has one bin, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.parts.profile.bins import CategoryBins, NumberBins, bins_of, lay_out, shortened

NUMBERS = st.lists(st.none() | st.floats(width=64) | st.integers(-3, 3).map(float), max_size=60)


def doubles(values: Sequence[float | None]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=False)


def texts(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


def told(bins: NumberBins | CategoryBins, column: pa.Array) -> list[str]:
    return [bins.labels[code] for code in bins.codes(column)]


@given(NUMBERS, NUMBERS)
def test_every_number_is_in_the_one_bin_whose_interval_it_is_in(
    training: list[float | None], values: list[float | None]
) -> None:
    bins = lay_out(doubles(training), 4, 0)
    assert isinstance(bins, NumberBins)

    def by_hand(value: float | None) -> int:
        if value is None:
            return bins.null
        if np.isnan(value):
            return bins.nan
        if np.isinf(value):
            return bins.labels.index("infinity" if value > 0 else "-infinity")
        return sum(edge < value for edge in bins.edges)

    assert bins.codes(doubles(values)).tolist() == [by_hand(value) for value in values]


def test_quantiles_share_the_values_evenly_and_the_ends_are_open() -> None:
    bins = lay_out(doubles([float(value) for value in range(1000)]), 10, 0)
    counts = np.bincount(bins.codes(doubles([float(value) for value in range(1000)])), minlength=bins.size)
    assert counts[:10].tolist() == [100] * 10
    assert bins.codes(doubles([-1e9, 1e9])).tolist() == [0, 9]


def test_a_repeated_value_is_a_bin_of_its_own() -> None:
    training = [0.0] * 400 + [float(value) for value in range(1, 601)]
    bins = lay_out(doubles(training), 10, 0)
    assert told(bins, doubles([0.0, -0.0])) == ["0", "0"]
    assert told(bins, doubles([5e-324]))[0].startswith("0 to ")
    assert told(bins, doubles([-5e-324])) == ["-∞ to -4.94066e-324"]


def test_strange_numbers_have_bins_of_their_own() -> None:
    bins = lay_out(doubles([1.0, 2.0, 3.0]), 2, 0)
    values = doubles([float("nan"), None, float("inf"), float("-inf")])
    assert told(bins, values) == ["NaN", "null", "infinity", "-infinity"]


def test_a_column_without_a_single_number_has_bins_too() -> None:
    bins = lay_out(doubles([None, float("nan")]), 10, 0)
    assert told(bins, doubles([7.0, None])) == ["-∞ to ∞", "null"]


def test_frequent_categories_have_a_bin_others_share_one_and_new_ones_are_told_apart() -> None:
    training = texts(*["a"] * 50, *["b"] * 49, *["c"] * 1, *["d"] * 0, None)
    bins = lay_out(training, 0, 2)
    assert bins == CategoryBins(("a", "b"))
    knowing = CategoryBins(("a", "b"), frozenset("abc"))
    assert told(bins, texts("a", "c", "z", None)) == ["'a'", "other", "other", "null"]
    assert told(knowing, texts("a", "c", "z", None)) == ["'a'", "other", "new", "null"]


def test_a_rare_category_has_no_bin_of_its_own_however_few_there_are() -> None:
    assert lay_out(texts(*["a"] * 995, *["b"] * 5), 0, 20) == CategoryBins(("a",))


def test_long_texts_are_told_by_their_beginning_and_a_hash() -> None:
    one, other = "x" * 5000, "x" * 4999 + "y"
    assert len({shortened(one), shortened(other)}) == 2
    assert len(shortened(one)) < 100
    assert told(CategoryBins((shortened(one),)), texts(one, other)) == [repr(shortened(one)), "other"]


@pytest.mark.parametrize(
    "bins",
    [NumberBins((0.1, 1e300)), NumberBins(()), CategoryBins(("a",), frozenset("ab"), 1), CategoryBins(())],
)
def test_bins_are_the_same_after_they_were_written_down(bins: Any) -> None:
    assert bins_of(bins.to_json()) == bins
