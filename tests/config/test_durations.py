from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.config.durations import LONGEST, parse, shortest


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", timedelta(0)),
        ("45s", timedelta(seconds=45)),
        ("10m", timedelta(minutes=10)),
        ("36h", timedelta(hours=36)),
        ("7d", timedelta(days=7)),
        ("PT36H", timedelta(hours=36)),
        ("P1D", timedelta(days=1)),
        ("P1DT2H30M", timedelta(days=1, hours=2, minutes=30)),
        ("P2W", timedelta(weeks=2)),
        ("PT0.5S", timedelta(milliseconds=500)),
        ("PT1,5H", timedelta(minutes=90)),
        ("1000000d", timedelta(days=1_000_000)),
    ],
)
def test_a_duration_is_read(text: str, length: timedelta) -> None:
    assert parse(text) == length


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (600, "600 has no unit"),
        ("600", "'600' has no unit"),
        (1.5, "1.5 has no unit"),
        ("-10m", "'-10m' is negative"),
        ("-PT1H", "'-PT1H' is negative"),
        ("PT-1H", "'PT-1H' is negative"),
        (timedelta(seconds=-1), "is negative"),
        (timedelta(days=1_000_000, microseconds=1), "longer than 1000000 days"),
        (timedelta.max, "longer than 1000000 days"),
        ("P1Y", "counts years or months, which have no fixed length"),
        ("P1M", "counts years or months, which have no fixed length"),
        ("P1Y2M3DT4H", "counts years or months, which have no fixed length"),
        ("PT1.5H30M", "decimals before its last part"),
        ("PT0.0000001S", "finer than a microsecond"),
        ("1000001d", "longer than 1000000 days"),
        ("99999999999999999999d", "longer than 1000000 days"),
        ("9" * 5_000 + "d", "is not a duration"),
        ("P", "is not a duration"),
        ("PT", "is not a duration"),
        ("P1DT", "is not a duration"),
        ("P1WT1H", "is not a duration"),
        ("10 m", "is not a duration"),
        ("10M", "is not a duration"),
        ("1w", "is not a duration"),
        ("10m\n", "is not a duration"),
        ("1\u0660m", "is not a duration"),
        ("", "is not a duration"),
        (True, "is not a duration"),
        ([], "is not a duration"),
    ],
)
def test_anything_else_is_refused_with_the_reason(value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(value)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(minutes=90), "90m"),
        (timedelta(hours=24), "1d"),
        (timedelta(hours=36), "36h"),
        (timedelta(seconds=1, microseconds=10), "PT1.00001S"),
    ],
)
def test_the_shortest_text_is_in_the_largest_unit_that_fits(length: timedelta, text: str) -> None:
    assert shortest(length) == text


@given(st.timedeltas(min_value=timedelta(0), max_value=LONGEST))
def test_the_shortest_text_of_a_duration_reads_back_as_the_same_length(length: timedelta) -> None:
    assert parse(shortest(length)) == length
