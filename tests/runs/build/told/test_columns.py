"""The part of a build's report about columns: what each is like, and what changed most first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from skewless.parts.page.grid import Cell, Drawing
from skewless.parts.profile.columns import ColumnProfile, Figures, Profile
from skewless.runs.build.profiling import ALL, Before, Profiled
from skewless.runs.build.told.columns import change_section, columns_section

ROWS = 100
KINDS = {
    "k": "number",
    "t": "time",
    "late": "number",
    "temp": "number",
    "city": "category",
    "since": "age",
    "known_at": "age",
}


def side(values: Mapping[str, Sequence[float | str | None]]) -> Profile:
    columns = {}
    for name, each in values.items():
        figures, sample = Figures(), pa.array(each)
        figures.add(sample)
        columns[name] = ColumnProfile(figures, sample)
    return Profile(ROWS, ROWS, columns)


NOW = side(
    {
        "k": [float(place) for place in range(ROWS)],
        "t": [1_709_251_200.0 + 3600 * place for place in range(ROWS)],
        "late": [float(place >= 50) for place in range(ROWS)],
        "temp": [float(place) for place in range(ROWS)],
        "city": ["EWR"] * 60 + ["JFK"] * 40,
        "since": [90.0] * 50 + [None] * 50,
        "known_at": [float(-place) for place in range(ROWS)],
    }
)
BEFORE = side(
    {
        "k": [float(place + 500) for place in range(ROWS)],
        "t": [1_700_000_000.0 + place for place in range(ROWS)],
        "late": [float(place >= 50) for place in range(ROWS)],
        "temp": [float(place + 50) for place in range(ROWS)],
        "since": [90.0] * 100,
    }
)
FIRST = Profiled(
    types=dict.fromkeys(KINDS, "double"),
    kinds=KINDS,
    descriptions={name: "Degrees <F>." if name == "temp" else "" for name in KINDS},
    labels=("late",),
    ids=frozenset({"k", "t"}),
    outcomes=frozenset({"late", "known_at"}),
    now=NOW,
    before=None,
)
NEXT = replace(FIRST, before=Before(3, ALL, BEFORE))


def told(found: Profiled) -> dict[str, dict[str, object]]:
    section = columns_section(found)
    return {str(row[0]): dict(zip(section.header, row, strict=True)) for row in section.rows}


def test_a_first_build_has_a_row_a_column_in_the_tables_order_and_says_nothing_of_a_change() -> None:
    rows = told(FIRST)
    assert list(rows) == list(KINDS)
    assert "PSI" not in rows["temp"]
    assert change_section(FIRST).is_empty


def test_a_column_is_told_by_its_ends_or_its_frequent_values_its_mean_and_its_nulls() -> None:
    rows = told(FIRST)
    assert [rows["temp"][name] for name in ("values", "mean", "nulls")] == [
        "0 to 99",
        Cell("49.5", 49.5),
        "0.00%",
    ]
    assert rows["city"]["values"] == "EWR 60.0%\nJFK 40.0%"
    assert rows["t"]["values"] == "2024-03-01 00:00 to\n2024-03-05 03:00"
    assert [rows["since"][name] for name in ("values", "mean", "nulls")] == [
        "1.5 min",
        Cell("1.5 min", 90.0),
        "50.00%",
    ]
    assert rows["temp"]["what it is"] == "Degrees <F>."


def test_a_label_of_ones_and_zeros_has_a_rate_by_tenths_of_every_column_but_keys_and_outcomes() -> None:
    rows = told(FIRST)
    rate = rows["temp"]["rate of late"]
    assert isinstance(rate, Drawing)
    assert rate.caption == "0.0% to 100.0%"
    assert "9 to 19: 0.0% of 10" in rate.picture
    assert isinstance(rows["t"]["rate of late"], Drawing)
    assert [rows[name]["rate of late"] for name in ("k", "late", "known_at")] == ["", "", ""]


def test_without_a_binary_label_there_are_no_rates() -> None:
    values = {name: each.sample.to_pylist() for name, each in NOW.columns.items()}
    rows = told(replace(FIRST, now=side({**values, "late": [float(place) for place in range(ROWS)]})))
    assert "rate of late" not in rows["temp"]


def test_rates_that_cannot_be_drawn_of_so_few_rows_have_no_column() -> None:
    few = side({name: each.sample.to_pylist()[45:54] for name, each in NOW.columns.items()})
    rows = told(replace(FIRST, now=few))
    assert "rate of late" not in rows["temp"]
    assert "what it is" in rows["temp"]


def test_what_changed_most_comes_first_and_keys_are_not_held_against_what_stood() -> None:
    rows = told(NEXT)
    assert list(rows) == ["since", "temp", "late", "k", "t", "city", "known_at"]
    assert float(str(rows["temp"]["PSI"])) > 1
    assert [rows["since"][name] for name in ("nulls", "nulls before")] == ["50.00%", "0.00%"]
    assert [rows[name]["PSI"] for name in ("late", "k", "city")] == ["0.0000", "", ""]


def test_the_change_is_told_by_rows_new_columns_and_how_many_moved() -> None:
    section = change_section(NEXT)
    assert section.title == "Changed against all rows in version 3"
    rows, new, moved = section.items
    assert rows == "rows: 100, before 100"
    assert new == "columns that version 3 lacks: `city`, `known_at`"
    assert moved.startswith("2 of 3 columns have a PSI above ")
    assert moved.endswith("most of all `since`, by 2.63")


def test_a_sample_is_said_to_be_one() -> None:
    assert "exact" in columns_section(FIRST).sentences[0]
    sampled = replace(FIRST, now=replace(NOW, rows=1_000_000))
    assert "100 taken at random" in columns_section(sampled).sentences[0]
