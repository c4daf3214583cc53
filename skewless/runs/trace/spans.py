"""Lengths of time as a person reads them."""

from __future__ import annotations

UNITS = (
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1000),
    ("µs", 1),
)


def span(micros: int) -> str:
    """A length in microseconds by its two greatest units, rounded down.

    >>> span(7_500_000_000), span(1), span(0), span(-90_000_000)
    ('2h 5m', '1µs', '0s', '-1m 30s')
    """
    if micros < 0:
        return f"-{span(-micros)}"
    for place, (name, size) in enumerate(UNITS):
        if micros >= size:
            whole, rest = divmod(micros, size)
            smaller, smaller_size = UNITS[min(place + 1, len(UNITS) - 1)]
            more = rest // smaller_size
            return f"{whole}{name} {more}{smaller}" if more else f"{whole}{name}"
    return "0s"
