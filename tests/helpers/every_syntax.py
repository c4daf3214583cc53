"""A feature that uses whatever Python 3.10 has to write, for fingerprints: its text must not change."""

# ruff: noqa
# fmt: off

from __future__ import annotations

import math as m
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

BIG, SMALL, RAW, NOTHING = 10**20, -1.5e-7, b"\x00\xff", None
TEXT = "na\u00efve \U0001f6eb and more"
TABLE: dict[str, tuple[int, ...]] = {**{"a": (1, 2)}, "b": (3,)}
SETS = frozenset({1, 2j, ...})
_TWICE = lambda x, /, *rest, y=2, **others: (x * y, *rest)  # noqa: E731


class Kind(str, Enum):
    """Documented."""

    HOT = "hot"
    COLD = "cold"


@dataclass(frozen=True)
class Reading:
    value: float
    tags: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.value!r:>{8}.2f} {self.value=} {'nested'!s} {{}}"


def _walk(items: Iterable[Any], *, depth: int = 0) -> Any:
    for place, (key, *rest) in enumerate(items):
        if place % 2:
            continue
        elif depth > 3:
            break
        else:
            yield key, rest
    else:
        yield from ()
    while (half := depth // 2) > 0:
        depth -= half
    try:
        with _nothing() as one, _nothing():
            assert one is None, "none"
    except (ValueError, KeyError) as error:
        raise RuntimeError(str(error)) from error
    finally:
        del items


class _nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def _kind(value: Any) -> str:
    match value:
        case {"kind": str(name), **rest} if rest:
            return name
        case [first, *_] | (first, _):
            return str(first)
        case Reading(value=0.0) | None | True:
            return "empty"
        case other:
            return f"{other}"


def every(x: float | None, when: datetime, cost: Decimal, tags: list[str | None], flag: bool) -> float:
    """A docstring."""
    total: float = 0.0
    total += x if x is not None else ~1 + (not flag)
    pairs = {a: b for a in tags for b in (1, 2) if a is not None and b != 1}
    unique = set(tags) | {*pairs}
    matrix = [[row[::2], row[-1:], row[0]] for row in [[1, 2, 3]]]
    late = when - timedelta(hours=1) < when <= when and 1 < 2 != 3
    reading = Reading(m.floor(3.7) @ 1 if False else 2.5)
    steps = list(_walk(TABLE.items(), depth=len(unique) ^ 1 | 2 & 3 << 1 >> 1))
    text = f"{total:.3f}{when:%Y-%m}{reading.label}{Kind.HOT}{TEXT}"
    return (
        total
        + float(cost)
        + len(matrix)
        + late
        + len(steps)
        + len(text)
        + len(_kind(pairs))
        + _TWICE(1)[0]
        + BIG * SMALL
    )
