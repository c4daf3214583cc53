"""Values that share a bin are spread over cells evenly, and equal values are in the same cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from skewless.parts.profile.bins import Bins, CategoryBins, NumberBins
from skewless.runs.watch.monitor.profile.cells import (
    CELLS,
    cells_by_value,
    name_cells,
    names_of_known,
    spread,
)

FLOOR = NumberBins((float(np.nextafter(0.0, -1.0)), 0.0, 5.0))


def cells(values: Sequence[float | None] | Sequence[str | None], bins: Bins) -> tuple[list[int], list[int]]:
    column = pa.array(
        values, pa.float64() if isinstance(bins, NumberBins) else pa.string(), from_pandas=False
    )
    rows, found = spread(column, bins.codes(column), bins)
    return rows.tolist(), found.tolist()


def test_only_values_that_share_a_bin_are_in_a_cell() -> None:
    odd = [float("nan"), float("inf"), float("-inf"), None]
    assert cells([0.0, 1.0, *odd, -1.0, 9.0], FLOOR)[0] == [1, 6, 7]
    assert cells(["a", "b", None, "c"], CategoryBins(("a",)))[0] == [1, 3]


def test_equal_values_are_in_the_same_cell() -> None:
    _, numbers = cells([0.0, -0.0, 1.5, 1.5], NumberBins(()))
    assert (numbers[0], numbers[2]) == (numbers[1], numbers[3])
    _, texts = cells(["b", "x" * 500, "b", "x" * 500], CategoryBins(()))
    assert texts[:2] == texts[2:]
    assert texts[0] == cells_by_value(["b"])["b"]


@pytest.mark.parametrize(
    ("values", "bins"),
    [
        ([float(place) for place in range(40 * CELLS)], NumberBins(())),
        ([place * 1e-3 for place in range(40 * CELLS)], NumberBins(())),
        ([float(place * 2**20) for place in range(40 * CELLS)], NumberBins(())),
        ([f"user {place}" for place in range(40 * CELLS)], CategoryBins(())),
        ([f"{place:08d}" for place in range(40 * CELLS)], CategoryBins(())),
    ],
    ids=["integers", "thousandths", "powers", "names", "numbers as text"],
)
def test_values_that_are_like_each_other_are_spread_evenly(values: list[float], bins: Bins) -> None:
    """Forty to a cell: χ² of as many degrees as cells, here within five standard deviations."""
    counts = np.bincount(cells(values, bins)[1], minlength=CELLS)
    statistic = float(np.sum((counts - 40) ** 2 / 40))
    assert statistic < CELLS + 5 * np.sqrt(2 * CELLS)


def test_a_cell_is_named_by_the_value_that_fills_it() -> None:
    column = pa.array([*["default"] * 30, *(f"id {place}" for place in range(1000)), None])
    names: dict[int, str] = {}
    name_cells(names, column, spread(column, CategoryBins(()).codes(column), CategoryBins(())))
    assert names == {cells_by_value(["default"])["default"]: "'default'"}


def test_what_is_known_of_training_names_the_cells_that_one_value_has_alone() -> None:
    known = [f"city {place}" for place in range(200)]
    names = names_of_known(CategoryBins(("city 0",), frozenset(known)))
    by_value = cells_by_value(known[1:])
    expected = {
        cell: repr(value) for value, cell in by_value.items() if [*by_value.values()].count(cell) == 1
    }
    assert len(expected) > 100
    assert names == expected
