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

VERSION = 0x10
"""The version of the format, in the high bits of a value's first byte; in the low ones:"""

MANY, WIDE, DEFLATED = 1, 2, 4
"""Rows are not one but counted, texts have lengths of four bytes and not of one, and what is behind is deflated."""

SECOND = 1_000_000
"""In microseconds."""

COUNT = struct.Struct("<I")
"""How many rows there are, where it is not one."""

HAS_NULLS = 0x80
"""Set in the code of a column that has a null among many values."""


class Kind(NamedTuple):
    """How values of one code are written and read; `fixed` is how `struct` spells them, None for texts."""

    fixed: str | None
    write: Callable[[Any], Any] | None
    read: Callable[[Any], Any] | None


NOTHING = "n"
"""The code of a column of nulls alone, which takes no more bytes."""

FEW = "e"
"""The code of texts of which there are few: their places among those, which are written once."""

SECONDS = "T"
"""The code of the only row's instant where it is of a whole second, from 1970 to 2106."""

INTEGERS = {"1": 8, "2": 16, "4": 32, "8": 64}
"""Codes of integers, narrow ones first, and their bits."""

KINDS: dict[str, Kind] = {
    "b": Kind("?", None, None),
    "1": Kind("b", None, None),
    "2": Kind("h", None, None),
    "4": Kind("i", None, None),
    "8": Kind("q", None, None),
    "d": Kind("d", None, None),
    "i": Kind("i", dt.date.toordinal, dt.date.fromordinal),
    "t": Kind("q", micros, instant_of),
    SECONDS: Kind("I", lambda moment: micros(moment) // SECOND, lambda seconds: instant_of(seconds * SECOND)),
    "w": Kind("q", wall_micros, wall_of),
    FEW: Kind("B", None, None),
    "s": Kind(None, str.encode, bytes.decode),
    "y": Kind(None, None, None),
    "D": Kind(None, decimal_text, lambda text: Decimal(text.decode())),
    "v": Kind(None, encoded_value, decoded_value),
}
