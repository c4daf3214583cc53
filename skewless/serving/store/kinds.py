"""The kinds of columns of a stored value, by their codes, and its first bytes."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from skewless.serving.store.nested import (
    decimal_text,
    decoded_value,
    encoded_value,
    instant_of,
    wall_micros,
    wall_of,
)
from skewless.serving.values.instants import micros

PLAIN, DEFLATED = 1, 2
"""The versions of the format."""

HEAD = struct.Struct("<BIH")
"""Version, rows, bytes of the header."""


class Kind(NamedTuple):
    """How values of one code are written and read; `fixed` is how `struct` spells them, None for texts."""

    fixed: str | None
    write: Callable[[Any], Any] | None
    read: Callable[[Any], Any] | None


KINDS: dict[str, Kind] = {
    "b": Kind("?", None, None),
    "q": Kind("q", None, None),
    "d": Kind("d", None, None),
    "i": Kind("i", dt.date.toordinal, dt.date.fromordinal),
    "t": Kind("q", micros, instant_of),
    "w": Kind("q", wall_micros, wall_of),
    "s": Kind(None, str.encode, bytes.decode),
    "y": Kind(None, None, None),
    "D": Kind(None, decimal_text, lambda text: Decimal(text.decode())),
    "v": Kind(None, encoded_value, decoded_value),
}
