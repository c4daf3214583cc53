"""The names of result columns and the help given for a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from skewless.serving import errors

EVENT_TIMESTAMP = "event_timestamp"
"""The input of feature functions that is always T, whatever the label events call their column."""

EVENT_DATE = "event_date"
"""The partition column of a training set: the UTC date of T, null for a null T."""


UNWRITABLE = frozenset(" ,;{}()\n\t=")
"""What no name of a Delta table has in it, unless its columns are mapped, which other readers cannot follow."""

LOGGED_FEATURES = "logged_features"
"""The column of a training set with a log that names, for each row, the columns whose value is the logged one."""


Unit = Literal["day", "week", "month"]
UNITS: tuple[Unit, ...] = ("day", "week", "month")
"""What `--each` cuts a range into."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known spelling that a reader most likely meant, as serving finds it, or None where nothing is near.

    >>> nearest("max_agee", ["delay", "max_age"])
    'max_age'
    """
    return errors.nearest(name, list(known))


def unknown(name: str, known: Iterable[str]) -> str:
    """The end of a refusal: the nearest spelling, else everything there is.

    >>> unknown("tmep", ["temp", "wind"])
    "did you mean 'temp'?"
    >>> unknown("x", ["temp", "wind"])
    'it has temp, wind'
    """
    candidates = sorted(set(known))
    match = nearest(name, candidates)
    return f"did you mean {match!r}?" if match else f"it has {', '.join(candidates) or 'nothing'}"


def writable(name: str) -> str:
    """A name as it can be written, near to the one that is given.

    >>> writable("First Name"), writable("price (EUR)")
    ('First_Name', 'price_EUR')
    """
    parted = "".join(" " if character in UNWRITABLE else character for character in name)
    return "_".join(parted.split()) or "unnamed"


def collisions(names: Iterable[str]) -> list[str]:
    """Names that occur more than once when case is ignored, each as first written.

    >>> collisions(["a", "B", "b", "c"])
    ['B']
    """
    first: dict[str, str] = {}
    twice: dict[str, str] = {}
    for name in names:
        folded = name.casefold()
        if folded in first:
            twice.setdefault(folded, first[folded])
        first.setdefault(folded, name)
    return list(twice.values())
