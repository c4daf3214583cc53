"""What is drawn of a column: the same bars on both sides, groups of a label, and one PSI."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest

from skewless.parts.profile.columns import ColumnProfile, Figures
from skewless.parts.profile.looks import BARS, Bar, bars, psi, rates


def column(values: Sequence[float | str | None], kind: pa.DataType | None = None) -> ColumnProfile:
    found, sample = Figures(), pa.array(values, kind)
    found.add(sample)
    return ColumnProfile(found, sample)


def spelt(number: float) -> str:
    return f"{number:g}"


RAMP = [float(value) for value in range(1000)]


def test_equal_columns_have_no_psi_and_moved_ones_have() -> None:
    assert psi(column(RAMP), column(RAMP)) == 0.0
    moved = psi(column(RAMP), column([value + 100 for value in RAMP]))
    assert moved is not None
    assert moved > 0.2


def test_nulls_are_a_group_of_the_psi() -> None:
    apart = psi(column(RAMP), column([*RAMP, *[None] * 500]))
    assert apart is not None
    assert apart > 0.1


def test_there_is_no_psi_without_rows_or_between_a_text_and_a_number() -> None:
    assert psi(column([], pa.float64()), column(RAMP)) is None
    assert psi(column(["1"]), column([1.0])) is None


def test_a_new_text_counts_as_new_unless_texts_come_but_once() -> None:
    often = psi(column(["a", "b"] * 50), column(["a", "c"] * 50))
    assert often is not None
    assert often > 1
    ids = psi(
        column([f"id {place}" for place in range(500)]), column([f"new {place}" for place in range(500)])
    )
    assert ids == pytest.approx(0.0, abs=1e-12)


def test_few_numbers_have_a_bar_each_and_many_share_bars_of_equal_width() -> None:
    assert bars([column([0.0, 1.0, 1.0, None])], spelt) == [[Bar("0", 1 / 3), Bar("1", 2 / 3)]]
    (many,) = bars([column(RAMP)], spelt)
    assert len(many) == BARS
    assert many[0].text == "9.99 to 58.941"
    assert sum(bar.share for bar in many) == pytest.approx(1.0)


def test_what_lies_beyond_the_outer_bars_is_in_them() -> None:
    (found,) = bars([column([*RAMP, 1e9])], spelt)
    assert found[-1].text == "941 to 990"
    assert found[-1].share == pytest.approx(60 / 1001)


def test_both_sides_are_drawn_over_the_same_bars() -> None:
    now, before = bars([column(["a", "a", "b"]), column(["c", "a"])], spelt)
    assert now == [Bar("'a'", 2 / 3), Bar("'b'", 1 / 3), Bar("'c'", 0.0)]
    assert [each.text for each in before] == [each.text for each in now]
    assert [each.share for each in before] == [0.5, 0.0, 0.5]


def test_nothing_is_drawn_of_ids_and_of_a_column_without_a_value() -> None:
    assert bars([column([f"id {place}" for place in range(500)])], spelt) == [[]]
    assert bars([column([None], pa.float64())], spelt) == [[]]


def test_a_label_has_a_rate_in_each_tenth_of_a_column() -> None:
    truth = pa.array([value >= 900 or value < 50 for value in RAMP])
    found = rates(column(RAMP).sample, truth, spelt)
    assert [(each.rows, each.share) for each in found] == [(100, 0.5), *[(100, 0.0)] * 8, (100, 1.0)]
    assert (found[0].text, found[-1].text) == ("-∞ to 99", "899 to ∞")


def test_groups_of_under_ten_rows_and_rows_without_a_label_do_not_count() -> None:
    values = pa.array(["a"] * 20 + ["b"] * 9 + [None] * 30)
    truth = pa.array([True] * 10 + [None] * 10 + [False] * 9 + [False] * 30)
    assert [(each.text, each.rows, each.share) for each in rates(values, truth, spelt)] == [
        ("'a'", 10, 1.0),
        ("null", 30, 0.0),
    ]
