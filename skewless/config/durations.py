"""Lengths of time as configuration writes them, as timedeltas: the same texts and the same refusals as serving's."""

from __future__ import annotations

from datetime import timedelta

from skewless.serving.values import durations
from skewless.serving.values.durations import LONGEST_DAYS, MICROSECOND

LONGEST = timedelta(days=LONGEST_DAYS)


def parse(value: object) -> timedelta:
    """The length of time that a configuration value means; ValueError where it means none.

    >>> parse("90m"), parse("PT36H")
    (datetime.timedelta(seconds=5400), datetime.timedelta(days=1, seconds=43200))
    """
    return timedelta(microseconds=durations.microseconds(value))


def shortest(length: timedelta) -> str:
    """The shortest text that `parse` reads back as the same length; zero is `0s`.

    >>> shortest(timedelta(hours=36)), shortest(timedelta(milliseconds=500))
    ('36h', 'PT0.5S')
    """
    return durations.shortest(length // MICROSECOND)
