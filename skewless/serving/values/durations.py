"""Lengths of time as configuration writes them: text → microseconds, and back to the shortest text."""

from __future__ import annotations

import datetime as dt
import re

MICROSECOND = dt.timedelta(microseconds=1)
LONGEST_DAYS = 1_000_000

_FORMS = "write an integer and one of s m h d, such as 90m, or ISO-8601, such as PT36H"
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SHORT = re.compile(r"([0-9]+)([smhd])")
_BARE = re.compile(r"[0-9]+")
_CALENDAR = re.compile(r"P(?:[0-9.,]+[YMWD])*[0-9.,]+[YM](?:[0-9.,]+[WD])*(?:T.*)?")
_NUMBER = r"([0-9]+(?:[.,][0-9]+)?)"
_ISO = re.compile(
    rf"P(?=[0-9]|T[0-9])(?:{_NUMBER}W|(?:{_NUMBER}D)?(?:T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)"
)
_ISO_SECONDS = (7 * 86_400, 86_400, 3_600, 60, 1)


def microseconds(value: object) -> int:
    """The length of time that a configuration value means, in microseconds.

    An integer and one of `s m h d`, or ISO-8601 of weeks, or of days, hours, minutes and seconds, the last of
    which may have decimals down to a microsecond; a timedelta is taken as it is. From zero to 1,000,000 days.

    Raises ValueError, with what was found and the remedy, for anything else: negative, without a unit, or in
    years or months, which have no fixed length.

    >>> microseconds("90m"), microseconds("PT0.5S"), microseconds("P1DT12H") == microseconds("36h")
    (5400000000, 500000, True)
    >>> microseconds("7")
    Traceback (most recent call last):
        ...
    ValueError: '7' has no unit; write an integer and one of s m h d, such as 90m, or ISO-8601, such as PT36H
    """
    if isinstance(value, dt.timedelta):
        length = value // MICROSECOND
    elif isinstance(value, str) and len(value) <= 100:
        length = _short(value) if _SHORT.fullmatch(value) else _iso(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit; {_FORMS}")
    else:
        raise ValueError(f"{value!r} is not a duration; {_FORMS}")
    if length < 0:
        raise ValueError(f"'{value}' is negative; a duration is never negative")
    if length > LONGEST_DAYS * 86_400_000_000:
        raise ValueError(f"'{value}' is longer than {LONGEST_DAYS} days, the longest duration")
    return length


def shortest(length: int) -> str:
    """The shortest text that `microseconds` reads back as the same length; zero is `0s`.

    >>> shortest(129_600_000_000), shortest(500_000)
    ('36h', 'PT0.5S')
    """
    if counted := in_one_unit(length):
        return "{}{}".format(*counted)
    seconds, rest = divmod(length, 1_000_000)
    return f"PT{seconds}.{f'{rest:06d}'.rstrip('0')}S"


def in_one_unit(length: int) -> tuple[int, str] | None:
    """How many of the longest of `s m h d` that divides it; None where even seconds do not.

    >>> in_one_unit(129_600_000_000), in_one_unit(500_000), in_one_unit(0)
    ((36, 'h'), None, (0, 's'))
    """
    seconds, rest = divmod(length, 1_000_000)
    if rest:
        return None
    unit = next(unit for unit in reversed(_SECONDS) if seconds % _SECONDS[unit] == 0) if seconds else "s"
    return seconds // _SECONDS[unit], unit


def _short(text: str) -> int:
    return int(text[:-1]) * _SECONDS[text[-1]] * 1_000_000


def _iso(text: str) -> int:
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(_refusal(text))
    numbers: tuple[str | None, ...] = match.groups()
    written = [(n, unit) for n, unit in zip(numbers, _ISO_SECONDS, strict=True) if n is not None]
    if not all(number.isdecimal() for number, _ in written[:-1]):
        raise ValueError(f"'{text}' has decimals before its last part; only the last may have them")
    return sum(_scaled(number, unit * 1_000_000, text) for number, unit in written)


def _scaled(number: str, unit: int, text: str) -> int:
    whole, _, decimals = number.replace(",", ".").partition(".")
    divisor: int = 10 ** len(decimals)
    length, rest = divmod(int(whole + decimals) * unit, divisor)
    if rest:
        raise ValueError(f"'{text}' is finer than a microsecond; round it")
    return length


def _refusal(text: str) -> str:
    if text.startswith("-") or "-" in text[:3]:
        return f"'{text}' is negative; a duration is never negative"
    if _BARE.fullmatch(text):
        return f"'{text}' has no unit; {_FORMS}"
    if _CALENDAR.fullmatch(text):
        return f"'{text}' counts years or months, which have no fixed length; write days"
    return f"'{text}' is not a duration; {_FORMS}"
