"""Pictures in the cells of a table: drawn to one scale, told in words, and not sorted by."""

from __future__ import annotations

import re

from skewless.parts.page import Section, render_page
from skewless.parts.page.grid import Cell, Drawing, grid_of
from skewless.parts.page.small_bars import HEIGHT, SmallBar, small_bars


def heights(drawing: object) -> list[float]:
    assert isinstance(drawing, Drawing)
    return [float(found) for found in re.findall(r'class="bar"[^>]*height="([^"]*)"', drawing.picture)]


def test_bars_are_drawn_to_one_scale_from_zero_and_small_ones_are_seen() -> None:
    drawn = small_bars("d", [SmallBar(0.5, "a"), SmallBar(1.0, "b"), SmallBar(1e-6, "c"), SmallBar(0.0, "d")])
    assert heights(drawn) == [(HEIGHT - 1) / 2, HEIGHT - 1, 1.0, 0.0]


def test_what_stands_beside_a_bar_and_the_rule_count_for_the_scale() -> None:
    assert heights(small_bars("d", [SmallBar(0.5, "a", beside=1.0)])) == [(HEIGHT - 1) / 2]
    assert heights(small_bars("d", [SmallBar(0.5, "a")], rule=1.0)) == [(HEIGHT - 1) / 2]


def test_without_anything_above_zero_the_caption_is_all() -> None:
    assert small_bars("d", [], "nothing") == "nothing"
    assert small_bars("d", [SmallBar(0.0, "a")]) == ""


def test_a_picture_says_what_it_shows_and_escapes_it() -> None:
    drawn = small_bars("late by <x>", [SmallBar(1.0, "<a>: 10%")], "10%")
    page = render_page("t", "v", False, "m", [Section("s", header=("n", "p"), rows=(("x", drawn),))])
    assert 'aria-label="late by &lt;x&gt;: &lt;a&gt;: 10%"' in page
    assert "<title>&lt;a&gt;: 10%</title>" in page
    assert '<td class="picture"><svg' in page
    assert '<span class="caption">10%</span>' in page


def test_a_column_of_pictures_is_one_and_a_cell_may_be_sorted_by_another_number_than_it_shows() -> None:
    drawing = small_bars("d", [SmallBar(1.0, "a")])
    grid = grid_of(("p", "age"), ((drawing, Cell("1.5 h", 5400.0)), ("", Cell("", None))))
    assert [kind for _, kind in grid.header] == ["picture", "number"]
    assert [row[1].number for row in grid.rows] == [5400.0, None]
