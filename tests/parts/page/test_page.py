"""A report is one file that needs nothing else, says first how it went, and escapes what comes from the rows."""

from __future__ import annotations

import re

import pytest

from skewless.parts.page import Section, render_page
from skewless.parts.page.grid import Cell, grid_of

RATES = Section(
    "Rates",
    ("Of `a < b`.",),
    ("feature", "compared", "rate", "interval"),
    (("price", "1,200", "2.5%", "1% to 3%"), ("speed", "90", "-", "-")),
)


def page(*sections: Section, is_bad: bool = False) -> str:
    return render_page("delays", "delays: all is well", is_bad, "T in May", sections)


def text_of(document: str) -> list[str]:
    body = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", document, flags=re.DOTALL)
    return [line for line in (each.strip() for each in re.sub(r"<[^>]+>", "\n", body).split("\n")) if line]


def test_the_verdict_comes_first_with_a_word_beside_its_colour() -> None:
    assert text_of(page(RATES))[1:5] == ["delays", "OK", "all is well", "T in May"]
    assert text_of(page(RATES, is_bad=True))[1:3] == ["delays", "ALERT"]
    assert '<p class="verdict bad">' in page(is_bad=True)


def test_nothing_is_referred_to_outside_of_the_page() -> None:
    document = page(RATES)
    assert "http:" not in document
    assert "https:" not in document
    assert not re.search(r'(src|href)="(?!#|data:,")', document)
    assert (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:" in document
    )


def test_everything_but_pictures_is_escaped() -> None:
    hostile = "<img src=x>`<b>`"
    document = render_page(
        hostile,
        hostile,
        True,
        hostile,
        [Section(hostile, (hostile,), (hostile,), ((hostile,),), "", (hostile,))],
    )
    assert "<img" not in document
    assert "<b>" not in document
    assert "<code>&lt;b&gt;</code>" in document


def test_sections_without_content_are_left_out_and_many_have_a_contents_list() -> None:
    assert "Nothing" not in page(RATES, Section("Nothing", header=("a",)))
    assert "<nav" not in page(*[RATES] * 4)
    assert page(*[RATES] * 5).count('<li><a href="#part-') == 5


def test_columns_of_numbers_are_told_from_columns_of_text() -> None:
    grid = grid_of(RATES.header, RATES.rows)
    assert [kind for _, kind in grid.header] == ["short", "number", "number", "number"]
    assert grid.rows[0] == (
        Cell("price"),
        Cell("1,200", 1200.0),
        Cell("2.5%", 0.025),
        Cell("1% to 3%", 0.01),
    )
    assert grid.rows[1][2] == Cell("-")


@pytest.mark.parametrize(
    "texts", [("2024-01-01", "2024-01-02"), ("1", "r2"), ("-", "-"), ("1.2.3",), ("12 Main St",)]
)
def test_a_column_with_any_text_is_one_of_text(texts: tuple[str, ...]) -> None:
    assert grid_of(("column",), [(text,) for text in texts]).header == (("column", "short"),)


def test_a_column_with_a_long_line_may_be_broken() -> None:
    cells = ["2024-07-01T12:00:00.000001Z\n2024-07-01", "word " * 10]
    assert [grid_of(("column",), [(text,)]).header[0][1] for text in cells] == ["short", "text"]


def test_an_alert_stands_out_in_its_table() -> None:
    section = Section("s", header=("feature", "alert"), rows=(("a", "ALERT"), ("b", "")))
    assert '<td class="short alarm">ALERT</td>' in page(section)
    assert '<td class="short"></td>' in page(section)
