"""Pictures: one SVG element each, nothing fetched, the content as text too."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from xml.etree import ElementTree

import pytest

from skewless.parts.page.plots import (
    CalibrationPoint,
    TimelineRow,
    calibration,
    match_rates,
    paired_histogram,
    timeline,
    trend,
)

T = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
HOSTILE = '<b>\\1 & "it"\''
DAYS = ["2024-01-01", "2024-01-02", "2024-01-03"]
POINT = CalibrationPoint(0.2, 0.25, 1000)
WEATHER = TimelineRow("weather", T - timedelta(hours=1), T + timedelta(minutes=5), False, "late")
PICTURES: dict[str, Callable[[], str]] = {
    "histogram": lambda: paired_histogram(
        HOSTILE, ["null", HOSTILE, "> 5"], [0.1, 0.2, 0.7], [0.5, 0.25, 0.25]
    ),
    "trend": lambda: trend(
        HOSTILE, DAYS, {HOSTILE: [0.1, None, 0.3], "other": [0.2, 0.2, 0.2]}, threshold=0.25
    ),
    "calibration": lambda: calibration([POINT], [CalibrationPoint(0.3, 0.1, 20)]),
    "match rates": lambda: match_rates({HOSTILE: 0.5, "planes": 0.99}),
    "timeline": lambda: timeline(T, [WEATHER, TimelineRow(HOSTILE, T, T, True, "used")]),
}


@cache
def drawn(name: str) -> str:
    """Drawn when first asked for: the renderer takes a second to start."""
    return PICTURES[name]()


def text_of(picture: str) -> str:
    return ElementTree.fromstring(picture).attrib["aria-label"]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_one_element_that_refers_to_nothing_and_is_named(name: str) -> None:
    picture = drawn(name)
    assert ElementTree.fromstring(picture).attrib["role"] == "img"
    assert "http" not in picture
    assert "<b>" not in picture
    assert not re.search(r"<script|<image|@font-face|href", picture)


@pytest.mark.parametrize("name", PICTURES)
def test_clip_paths_of_two_pictures_never_meet(name: str) -> None:
    ids = set(re.findall(r'id="([^"]+)"', drawn(name)))
    others = {
        each for other in PICTURES if other != name for each in re.findall(r'id="([^"]+)"', drawn(other))
    }
    assert not ids & others


def test_the_content_is_told_as_text() -> None:
    assert "null 10.0% and 50.0%" in text_of(drawn("histogram"))
    assert "other starts at 0.2, ends at 0.2, at most 0.2; the dashed line is 0.25" in text_of(drawn("trend"))
    assert "offline 20.0% predicted, 25.0% observed of 1,000" in text_of(drawn("calibration"))
    assert "planes 99.0%" in text_of(drawn("match rates"))
    assert "weather, event 2024-07-01T11:00:00Z, available 2024-07-01T12:05:00Z, not used: late" in text_of(
        drawn("timeline")
    )


def test_bars_are_as_long_as_what_they_show() -> None:
    bars = re.findall(
        r'd="M0,[\d.]+h([\d.]+)v[^"]*" fill="var\(--first', match_rates({"half": 0.5, "all": 1.0})
    )
    half, whole = map(float, bars)
    assert half / whole == pytest.approx(0.5)


def test_a_series_without_any_value_is_drawn_and_told() -> None:
    assert "temp has no value" in text_of(trend("PSI", DAYS, {"temp": [None, None, None]}))


def test_calibration_draws_no_group_of_fewer_than_ten_rows() -> None:
    picture = calibration([POINT, CalibrationPoint(0.4, 1.0, 9)], [CalibrationPoint(0.3, 0.1, 10)])
    assert "40.0% predicted" not in picture
    assert "30.0% predicted" in picture


def test_calibration_of_small_groups_alone_is_no_picture() -> None:
    assert calibration([CalibrationPoint(0.4, 1.0, 9)], []) == ""


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_no_two_ticks_of_a_date_axis_have_one_name(count: int) -> None:
    days = [f"2024-01-0{day + 1}" for day in range(count)]
    names = re.findall(r">(\d\d Jan 2024)<", trend("PSI", days, {"temp": [0.1] * count}))
    assert names
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "span",
    [
        *(timedelta(milliseconds=700), timedelta(seconds=2), timedelta(seconds=6), timedelta(minutes=9)),
        *(timedelta(minutes=12), timedelta(hours=30), timedelta(days=3, hours=23), timedelta(days=4)),
        *(timedelta(days=40), timedelta(days=366), timedelta(days=40_000)),
    ],
    ids=str,
)
def test_no_two_ticks_of_a_timeline_have_one_name(span: timedelta) -> None:
    picture = timeline(T, [TimelineRow("used", T - span, T - span / 2, True, "")])
    axis = picture.partition(">UTC</text>")[0]
    names = re.findall(r'text-anchor="(?:start|middle|end)"[^>]*>(\d[^<]*)</text>', axis)
    assert len(names) > 1
    assert len(names) == len(set(names))
