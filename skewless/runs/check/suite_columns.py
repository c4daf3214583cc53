"""The columns that a suite names, held against what the files alone say of a training set's columns.

Columns that pass through from the label events, and those of a table without `columns`, are known to Spark only:
a build refuses them before it computes anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from skewless.config import Suite

NEAR = 0.85
"""How like a known name another has to be to be taken for a slip. Lower, and honest columns of labels are warned of."""


@dataclass(frozen=True)
class KnownColumns:
    """Result columns by where they come from: `computed` ones are spelt as here, others as in their tables.

    `named` are those of label events or tables that something else asks for. `joined` are those of each joined table
    that declares its columns, by its name in the result; `tables` are the names of all joined tables.
    """

    computed: Sequence[str]
    named: Sequence[str]
    joined: Mapping[str, Sequence[str]]
    tables: Sequence[str]

    @property
    def names(self) -> list[str]:
        return [*self.named, *(name for names in self.joined.values() for name in names), *self.computed]


class Judged(NamedTuple):
    """Columns that there cannot be, and those that label events or open tables could have but that look like a slip."""

    problems: list[str]
    warnings: list[str]


def judged_columns(suite: Suite, known: KnownColumns) -> Judged:
    """What is said of each column that the suite names and the files do not."""
    judged = Judged([], [])
    by_tables = {name.casefold() for name in known.names if name not in known.computed}
    for column in suite.columns:
        name = column.name.partition(".")[0]  # of a field of a struct, the struct
        if name in known.computed or name.casefold() in by_tables:
            continue
        table = _table_of(name, known.tables)
        if table is not None and table in known.joined:
            judged.problems.append(suite.unknown_column(column, known.joined[table]))
        elif name.casefold() in {each.casefold() for each in known.computed}:
            judged.problems.append(suite.unknown_column(column, known.computed))
        elif near := get_close_matches(name, known.names, n=1, cutoff=NEAR):
            text = f"nothing else names a column '{name}'; did you mean '{near[0]}'?"
            judged.warnings.append(suite.problem(column.keys, f"{column.expectation}: {text}"))
    return judged


def _table_of(name: str, tables: Sequence[str]) -> str | None:
    """The joined table that a result column of this name is of; of tables that begin alike the longer name."""
    of = [table for table in tables if name.casefold().startswith(f"{table}__".casefold())]
    return max(of, key=len, default=None)
