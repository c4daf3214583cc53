"""A training set's definition → an entry a feature: what it is, what it is made of, who holds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from skewless.runs.published.catalog.known_table import KnownTable

COLUMN, WINDOW, FUNCTION = "column", "window", "function"


@dataclass(frozen=True)
class Holder:
    """A training set that has the feature, and what is known of it there.

    `versions` are the published ones that hold a column of the name. The null share and the bounds are those of the
    rows that stand; None is not known. `is_current` says whether the newest version was built by the same code, None
    for what is no function or is not published.
    """

    training_set: str
    versions: Sequence[int] = ()
    null_share: float | None = None
    least: Any = None
    greatest: Any = None
    is_current: bool | None = None


@dataclass(frozen=True)
class Entry:
    """A feature. `inputs` are what it is made of directly: names of other features, or columns of tables as
    `table.column`; `columns` are the columns of tables at the end of all of them. `kind` is one of three: a joined
    column, a window, a function.
    """

    name: str
    kind: str
    type: str | None
    description: str
    computed: str
    owner: str
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    holders: tuple[Holder, ...] = ()

    def to_json(self) -> dict[str, Any]:
        document = asdict(self)
        holders = document.pop("holders")
        return {**document, "training_sets": holders}


def merged(entries: Sequence[Entry]) -> list[Entry]:
    """Entries that are the same but for who holds them as one: two training sets that share a module share features."""
    found: dict[Entry, list[Holder]] = {}
    for entry in entries:
        found.setdefault(replace(entry, holders=()), []).extend(entry.holders)
    return [replace(entry, holders=tuple(holders)) for entry, holders in found.items()]


def holder_of(name: str, published: KnownTable, column: str, fingerprint: str | None = None) -> Holder:
    """What a published training set says of a column; `fingerprint` is that of the function as it is now."""
    versions = [each for each in published.versions if column in each.manifest["columns"]]
    known = published.statistics.get(column)
    if known is None or known.nulls is None or not known.rows:
        holder = Holder(name, tuple(each.version for each in versions))
    else:
        share = known.nulls / known.rows
        numbers = tuple(each.version for each in versions)
        holder = Holder(name, numbers, share, known.least, known.greatest)
    if fingerprint is None or not versions:
        return holder
    built = versions[-1].manifest.get("feature_fingerprints", {}).get(column)
    return replace(holder, is_current=None if built is None else built == fingerprint)


def columns_behind(name: str, inputs: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """The columns of tables at the end of a feature's inputs; circles are refused before anything is asked."""
    for each in inputs[name]:
        if each in inputs:
            yield from columns_behind(each, inputs)
        else:
            yield each
