"""The types of a table's columns, as a serving plan spells them: Spark's `simpleString`, read into a tree."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import NamedTuple

from skewless.serving.definitions.annotations import ValueType

INTEGERS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
"""The integer types and their bits."""

TIMES = ("timestamp", "timestamp_ntz", "date")
"""The types that a time column may have."""

PADDED = "is a char, which Spark pads for each comparison and serving does not; make it a string (rtrim)"
"""What is wrong with a CHAR column in a predicate."""

_ATOMS = (*INTEGERS, *TIMES, "float", "double", "string", "binary", "boolean")
_NO_KEYS = ("float", "double", "array", "map", "struct", "other")
_DECIMAL = re.compile(r"decimal\(([0-9]+),([0-9]+)\)")
_CHAR = re.compile(r"char\(([0-9]+)\)")
_WORD = re.compile(r"[a-z_]+")
_FIELD = re.compile(r"([^:,<>]+):")
_VALUE_KINDS: dict[str, type] = {
    **dict.fromkeys(INTEGERS, int),
    "float": float,
    "double": float,
    "decimal": Decimal,
    "string": str,
    "binary": bytes,
    "boolean": bool,
    "date": dt.date,
    "timestamp": dt.datetime,
}
_FAMILIES = {**dict.fromkeys(INTEGERS, "integer"), "float": "double"}
_SPELLINGS = {int: "bigint", float: "double", Decimal: "decimal(38,18)"}


class ColumnType(NamedTuple):
    """A column's type. `kind` is its name without arguments, `other` for a type that rows cannot carry.

    `precision` and `scale` are a decimal's; `width` is that of a `char`, which is a string padded with blanks;
    `parts` are the element of an array, the key and the value of a map, or the fields of a struct, whose names are
    `fields`.
    """

    kind: str
    text: str
    precision: int = 0
    scale: int = 0
    parts: tuple[ColumnType, ...] = ()
    fields: tuple[str, ...] = ()
    width: int = 0

    @property
    def family(self) -> str:
        """The name that predicates and aggregations give the type: integers and floats of all widths are one."""
        return _FAMILIES.get(self.kind, self.kind)

    @property
    def key_kind(self) -> str | None:
        """What two key columns must share to be compared, or None for a type that is no key (J8).

        Integers of every width are one kind. Floats are none, since keys match by equality.

        A `char` and a string differ: one is padded with blanks, and never equal to the same text without them.

        >>> [column_type(text).key_kind for text in ("smallint", "decimal(9,2)", "double", "char(5)")]
        ['integer', 'decimal(9,2)', None, 'char(5)']
        """
        if self.kind in _NO_KEYS:
            return None
        return "integer" if self.kind in INTEGERS else self.text

    @property
    def is_known(self) -> bool:
        """Whether rows can carry values of the type, which no `other` inside of it allows."""
        return self.kind != "other" and all(part.is_known for part in self.parts)

    @property
    def value_type(self) -> ValueType | None:
        """The type that feature functions see, None where they cannot take such a column."""
        if self.kind == "array":
            element = self.parts[0].value_type
            return element and ValueType(list, True, element._replace(nullable=False))
        kind = _VALUE_KINDS.get(self.kind)
        return None if kind is None else ValueType(kind, True)


def column_type(text: str) -> ColumnType:
    """The type that a text spells; one that is not known is of the kind `other`.

    >>> column_type("array<decimal(10,2)>").parts[0].scale
    2
    >>> column_type("struct<a:int,b:map<string,double>>").fields
    ('a', 'b')
    >>> column_type("interval day").kind
    'other'
    """
    read = _read(text, 0)
    return read[0] if read is not None and read[1] == len(text) else ColumnType("other", text)


def spelling(declared: ValueType) -> str:
    """The column type of a feature that is declared like this.

    >>> from skewless.serving.definitions.annotations import value_type
    >>> spelling(value_type(list[float] | None)), spelling(value_type(bool))
    ('array<double>', 'boolean')
    """
    if declared.element is not None:
        return f"array<{spelling(declared.element)}>"
    known = {kind: name for name, kind in _VALUE_KINDS.items()}
    return _SPELLINGS.get(declared.kind, known[declared.kind])


def _read(text: str, start: int) -> tuple[ColumnType, int] | None:
    """The type that begins at a place of the text, and the place behind it; None where none does."""
    number = _DECIMAL.match(text, start)
    if number is not None:
        precision, scale = int(number[1]), int(number[2])
        is_possible = scale <= precision <= 38 and precision > 0
        return (ColumnType("decimal", number[0], precision, scale), number.end()) if is_possible else None
    char = _CHAR.match(text, start)
    if char is not None:
        return ColumnType("string", char[0], width=int(char[1])), char.end()
    word = _WORD.match(text, start)
    if word is None:
        return None
    if word[0] in _ATOMS:
        return ColumnType(word[0], word[0]), word.end()
    wanted = {"array": 1, "map": 2, "struct": 0}.get(word[0])
    if wanted is None or text[word.end() : word.end() + 1] != "<":
        return None
    return _read_parts(text, start, word, wanted)


def _read_parts(text: str, start: int, word: re.Match[str], wanted: int) -> tuple[ColumnType, int] | None:
    parts: list[ColumnType] = []
    fields: list[str] = []
    place = word.end()
    while text[place : place + 1] in ("<", ","):
        place += 1
        if not wanted:
            name = _FIELD.match(text, place)
            if name is None:
                return None
            fields.append(name[1])
            place = name.end()
        part = _read(text, place)
        if part is None:
            return None
        parts.append(part[0])
        place = part[1]
    if text[place : place + 1] != ">" or (wanted and len(parts) != wanted):
        return None
    return ColumnType(word[0], text[start : place + 1], 0, 0, tuple(parts), tuple(fields)), place + 1
