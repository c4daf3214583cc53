"""A table as far as it can be known without reading a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from skewless.ground.run.commits import Published
from skewless.lake.delta_rs import ColumnStatistics


class KnownColumn(NamedTuple):
    """A column as its table has it: its name, its type as Spark spells it, and its comment."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class KnownTable:
    """A table's columns; of a training set also its published versions, oldest first, and statistics of what stands."""

    columns: Sequence[KnownColumn] = ()
    versions: Sequence[Published] = ()
    statistics: Mapping[str, ColumnStatistics] = field(default_factory=dict)

    def column(self, name: str) -> KnownColumn | None:
        """The column of a name, whatever its case, as Spark looks names up."""
        folded = name.casefold()
        return next((each for each in self.columns if each.name.casefold() == folded), None)
