"""What JSON Schema says of the kinds of value that specs are made of.

A pattern lets a text with a `${NAME}` pass: what it stands for is known only when the file is read.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

JsonSchema = dict[str, Any]

NULL: JsonSchema = {"type": "null"}

_DOLLAR = r"\$(?!\{)"
_VARIABLE = rf"\$\{{[A-Za-z_][A-Za-z0-9_]*(?::-(?:[^}}$]|{_DOLLAR})*)?\}}"
_SOUND = rf"(?:[^$]|{_DOLLAR}|{_VARIABLE})*$"  # each ${ begins a variable
# Beyond ASCII the \w of JavaScript, which editors use, says less than Python's: every such letter passes.
_BEYOND = r"\u0080-\uffff"
_LETTER, _LETTERS = rf"[A-Za-z_{_BEYOND}]", rf"[\w{_BEYOND}]"
_MODULE = rf"(?!(?:{'|'.join(keyword.kwlist)})(?:\.|$)){_LETTER}{_LETTERS}*"
_CATALOG = rf"(?:{_LETTERS}+|`(?:[^`]|``)+`)"
_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
# Some number has to be there, and only the last one may have decimals.
_ISO = (
    r"P(?=[0-9]|T[0-9])(?!.*[.,][0-9]+[WDHM].*[0-9])"
    rf"(?:{_NUMBER}W|(?:{_NUMBER}D)?(?:T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)"
)

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
NOT_BLANK = r"[\s\S]*\S[\s\S]*"
LOCATION = rf".*[/:].*|{_CATALOG}(?:\.{_CATALOG})*"
MODULE = rf"{_MODULE}(?:\.{_MODULE})*"
DURATION = rf"[0-9]+[smhd]|{_ISO}"
SOME_TIME = rf"(?=.*[1-9])(?:{DURATION})"
WEB_ADDRESS = r"(?:https?://.*)?"


@dataclass(frozen=True)
class Shape:
    """Beside a type: its JSON Schema is what `of` makes of the one that pydantic gives it."""

    of: Callable[[JsonSchema], JsonSchema]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        return self.of(handler(schema))


@dataclass(frozen=True)
class Bounded:
    """Beside the type of a number: it lies within these bounds, which the refusal calls `expected`.

    NaN lies within none.
    """

    expected: str
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        bounds = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "exclusiveMinimum": self.above,
            "exclusiveMaximum": self.below,
        }
        return handler(schema) | {key: bound for key, bound in bounds.items() if bound is not None}

    def _checked(self, number: float) -> float:
        is_within = (
            (self.minimum is None or number >= self.minimum)
            and (self.maximum is None or number <= self.maximum)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )
        if not is_within:
            found = f"{number:g}" if isinstance(number, float) else str(number)
            raise PydanticCustomError("rule", "{text}", {"text": f"expected {self.expected}, found {found}"})
        return number


def text(title: str, pattern: str) -> JsonSchema:
    """A text of which all is of that pattern, or which has a variable in it."""
    whole = rf"^(?={_SOUND})(?:(?:{pattern})$|[\s\S]*{_VARIABLE})"
    return {"type": "string", "title": title, "pattern": whole, "patternErrorMessage": f"this is no {title}"}


def word(title: str, words: Iterable[str | None]) -> JsonSchema:
    """One of these words (None is a null of YAML), or a text with a variable in it."""
    return {"title": title, "anyOf": [{"enum": list(words)}, {"type": "string", "pattern": _VARIABLE}]}


def mapping(keys: str, values: JsonSchema) -> JsonSchema:
    """A mapping of texts of that pattern; in keys no variable is replaced."""
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^(?:{keys})$"},
        "additionalProperties": values,
    }


def distinct(inner: JsonSchema) -> JsonSchema:
    return inner | {"uniqueItems": True}


def some(inner: JsonSchema) -> JsonSchema:
    """At least one item, or one key."""
    return inner | {"minItems": 1, "minProperties": 1}


def or_null(schema: JsonSchema) -> JsonSchema:
    return {"anyOf": [schema, NULL]}


def replaced(schema: JsonSchema) -> Shape:
    """Beside a type: its JSON Schema is this one."""
    return Shape(lambda _: dict(schema))


def given(*keys: str) -> JsonSchema:
    """An object in which these keys are written, and not null."""
    return {"required": list(keys), "properties": {key: {"not": NULL} for key in keys}}


def case(condition: JsonSchema, then: JsonSchema, otherwise: JsonSchema) -> JsonSchema:
    return {"if": condition, "then": then, "else": otherwise}
