"""Lengths of time as configuration writes them: text → timedelta, and back to the shortest text."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction

LONGEST = timedelta(days=1_000_000)

_FORMS = "write an integer and one of s m h d, such as 90m, or ISO-8601, such as PT36H"
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SHORT = re.compile(r"([0-9]+)([smhd])")
_BARE = re.compile(r"[0-9]+")
_NUMBER = r"([0-9]+(?:[.,][0-9]+)?)"
_ISO = re.compile(rf"P(?:{_NUMBER}W|(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)")
_ISO_SECONDS = (7 * 86_400, 86_400, 3_600, 60, 1)
_CALENDAR = re.compile(r"P(?:[0-9.,]+[YMWD])*[0-9.,]+[YM](?:[0-9.,]+[WD])*(?:T.*)?")


def parse(value: object) -> timedelta:
    """The length of time that a configuration value means.

    An integer and one of `s m h d`, or ISO-8601 of weeks, or of days, hours, minutes and seconds, the last of
    which may have decimals down to a microsecond; a timedelta is taken as it is. From zero to 1,000,000 days.

    Raises ValueError, with what was found and the remedy, for anything else: negative, without a unit, or in
    years or months, which have no fixed length.

    >>> parse("90m"), parse("PT36H")
    (datetime.timedelta(seconds=5400), datetime.timedelta(days=1, seconds=43200))
    """
    length = value if isinstance(value, timedelta) else timedelta(microseconds=_microseconds(value))
    if length < timedelta(0):
        raise ValueError(f"{value} is negative; a duration is never negative")
    return length


def shortest(length: timedelta) -> str:
    """The shortest text that `parse` reads back as the same length; zero is `0s`.

    >>> shortest(timedelta(hours=36)), shortest(timedelta(milliseconds=500))
    ('36h', 'PT0.5S')
    """
    microseconds = length // timedelta(microseconds=1)
    if microseconds % 1_000_000:
        decimals = f"{microseconds % 1_000_000:06d}".rstrip("0")
        return f"PT{microseconds // 1_000_000}.{decimals}S"
    seconds = microseconds // 1_000_000
    fitting = (unit for unit in reversed(_SECONDS) if seconds % _SECONDS[unit] == 0)
    unit = next(fitting) if seconds else "s"
    return f"{seconds // _SECONDS[unit]}{unit}"


def _microseconds(value: object) -> int:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit; {_FORMS}")
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration; {_FORMS}")
    seconds = _short(value) if _SHORT.fullmatch(value) else _iso(value)
    if seconds > LONGEST // timedelta(seconds=1):
        raise ValueError(f"'{value}' is longer than 1000000 days; leave the key out for no limit")
    if (seconds * 1_000_000).denominator != 1:
        raise ValueError(f"'{value}' is finer than a microsecond; round it")
    return int(seconds * 1_000_000)


def _short(text: str) -> Fraction:
    return Fraction(text[:-1]) * _SECONDS[text[-1]]


def _iso(text: str) -> Fraction:
    match = _ISO.fullmatch(text)
    numbers = match.groups() if match else ()
    written = [number for number in numbers if number is not None]
    if not written or text.endswith("T"):
        raise ValueError(_refusal(text))
    if not all(number.isdecimal() for number in written[:-1]):
        raise ValueError(f"'{text}' has decimals before its last part; only the last may have them")
    parts = zip(numbers, _ISO_SECONDS, strict=True)
    return sum((Fraction(n.replace(",", ".")) * unit for n, unit in parts if n is not None), Fraction(0))


def _refusal(text: str) -> str:
    if text.startswith("-") or "-" in text[:3]:
        return f"'{text}' is negative; a duration is never negative"
    if _BARE.fullmatch(text):
        return f"'{text}' has no unit; {_FORMS}"
    if _CALENDAR.fullmatch(text):
        return f"'{text}' counts years or months, which have no fixed length; write days"
    return f"'{text}' is not a duration; {_FORMS}"
