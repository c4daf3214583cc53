"""Reports in a browser: they open without error or network, and their tables sort and filter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skewless.parts.page import Section, render_page
from skewless.parts.page.plots import match_rates
from skewless.runs.build.outcome import Outcome
from skewless.runs.build.told.report import render_build
from tests.helpers.browser import asked, opened
from tests.runs.build.told.test_summary import MANIFEST

TABLE = Section(
    "Features",
    header=("feature", "compared", "rate"),
    rows=(("b10", "1,200", "9.5%"), ("a", "90", "-"), ("b9", "1e3", "10%"), ("-", "-300", "0.1%")),
    picture=match_rates({"orders": 0.5}),
)
OTHER = Section("One more", header=("name",), rows=(("B1",),))
PAGE = render_page("delays", "all is well", False, "T in May", [TABLE, OTHER])
HELPERS = """
    const table = document.querySelector("table");
    const headers = [...table.tHead.rows[0].cells];
    const column = place => [...table.tBodies[0].rows].map(row => row.cells[place].textContent);
    const click = place => headers[place].querySelector("button").click();
"""


def found(question: str, folder: Path) -> Any:
    return asked(PAGE, HELPERS + question, folder)


def test_reports_open_without_error_and_load_nothing(tmp_path: Path) -> None:
    for name, page in (("page", PAGE), ("build", render_build(Outcome(MANIFEST, 3)))):
        folder = tmp_path / name
        folder.mkdir()
        _, console = opened(page, folder)
        assert console == []
        assert asked(page, 'return performance.getEntriesByType("resource").length', folder) == 0


def test_the_policy_of_a_page_refuses_what_is_not_in_it(tmp_path: Path) -> None:
    _, console = opened(PAGE.replace("</body>", '<img src="https://example.org/a.png"></body>'), tmp_path)
    assert any("Content Security Policy" in line for line in console)


def test_numbers_are_sorted_as_numbers_and_what_has_none_is_last_either_way(tmp_path: Path) -> None:
    question = """
        const seen = [];
        for (const place of [1, 1, 2, 2]) { click(place); seen.push([...column(place), headers[place].ariaSort]); }
        return [...seen, headers[1].ariaSort];
    """
    assert found(question, tmp_path) == [
        ["-300", "90", "1e3", "1,200", "ascending"],
        ["1,200", "1e3", "90", "-300", "descending"],
        ["0.1%", "9.5%", "10%", "-", "ascending"],
        ["10%", "9.5%", "0.1%", "-", "descending"],
        None,
    ]


def test_names_are_sorted_with_the_numbers_in_them(tmp_path: Path) -> None:
    question = "click(0); const up = column(0); click(0); return [up, column(0)];"
    assert found(question, tmp_path) == [["a", "b9", "b10", "-"], ["b10", "b9", "a", "-"]]


def test_rows_of_all_tables_are_filtered_by_what_they_contain_and_counted(tmp_path: Path) -> None:
    question = """
        const input = document.querySelector("input"), seen = [];
        for (const text of ["B1", "nowhere", ""]) {
          input.value = text;
          input.dispatchEvent(new Event("input"));
          const shown = [...document.querySelectorAll("tbody tr")].filter(row => row.offsetParent !== null);
          seen.push([shown.length, document.querySelector("output").textContent]);
        }
        return seen;
    """
    assert found(question, tmp_path) == [[2, "2 of 5 rows"], [0, "0 of 5 rows"], [5, ""]]


def test_names_of_columns_are_buttons_that_a_keyboard_reaches(tmp_path: Path) -> None:
    question = "return headers.map(each => [each.scope, each.firstChild.tagName, each.firstChild.tabIndex]);"
    assert found(question, tmp_path) == [["col", "BUTTON", 0]] * 3
