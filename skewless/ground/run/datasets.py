"""What a run reads and writes, for whoever keeps track of where data comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Field(NamedTuple):
    """A column and its type, as Spark writes it."""

    name: str
    type: str


@dataclass(frozen=True)
class Dataset:
    """A table, store or folder that a run takes from, or gives to where `is_output`.

    `uri` is where it lies, `location` what the configuration or an option calls it; the version read, or made, and the
    `fields` are known of tables, `rows` of what was written.
    """

    uri: str
    location: str
    is_output: bool
    version: int | None = None
    fields: tuple[Field, ...] = ()
    rows: int | None = None
