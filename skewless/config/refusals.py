"""What a spec refuses → problems with file, line, key, what was expected, what was found and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from skewless.config.documents import Document, Keys, Problem
from skewless.config.specs.base import IN_MEMORY, Spec
from skewless.config.specs.feature_table import FeatureTable
from skewless.config.specs.labels import Labels
from skewless.config.specs.log import FromLog
from skewless.config.specs.log_mapping import LogMapping
from skewless.config.specs.monitoring import Monitoring, Watched, Webhook
from skewless.config.specs.reconciling import Reconcile
from skewless.config.specs.table_join import TableJoin
from skewless.config.specs.training_set import Sample, TrainingSet
from skewless.ground.names import unknown

SpecT = TypeVar("SpecT", FeatureTable, TrainingSet, LogMapping, Monitoring)

_SECTIONS: Mapping[str, type[Spec]] = {
    "labels": Labels,
    "sample": Sample,
    "feature_tables": TableJoin,
    "reconcile": Reconcile,
    "log": FromLog,
    "features": Watched,
    "webhook": Webhook,
}
# Keys of a mapping that may be written as that value alone.
_SHORTHAND = (("table",), ("source",))
_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}


def spec_of(
    document: Document, model: type[SpecT], in_memory: bool = False
) -> tuple[SpecT | None, list[Problem]]:
    """The spec that a document holds, None if anything is wrong with it, and everything that is.

    Of a value with an unset variable nothing more is said than that.
    """
    if document.problems and document.content is None:
        return None, list(document.problems)
    try:
        spec = model.model_validate(document.content, context=IN_MEMORY if in_memory else None)
    except ValidationError as error:
        refused = [_problem(document, model, detail) for detail in error.errors(include_url=False)]
        return None, document.problems + [problem for problem in refused if problem]
    return (None if document.problems else spec), list(document.problems)


def _problem(document: Document, model: type[Spec], error: ErrorDetails) -> Problem | None:
    keys = _written_keys(document, error["loc"])
    if document.is_unresolved(keys):
        return None
    return document.problem(keys, _text(document, model, error, keys))


def _written_keys(document: Document, loc: Keys) -> Keys:
    keys = loc[:-1] if loc and loc[-1] == "[key]" else loc
    is_shorthand = keys[-1:] in _SHORTHAND and keys[:-1] in document.written
    return keys[:-1] if is_shorthand else keys


def _text(document: Document, model: type[Spec], error: ErrorDetails, keys: Keys) -> str:
    kind, found = error["type"], error["input"]
    if kind == "missing":
        return "missing; add it"
    if kind == "extra_forbidden":
        return _unknown_key(model, error["loc"])
    if kind in _EXPECTED:
        return _wrong_type(_EXPECTED[kind], found, document.written.get(keys))
    return error["msg"] + _as_read(found, document.written.get(keys))


def _unknown_key(model: type[Spec], loc: Keys) -> str:
    sections = [key for key in loc[:-1] if isinstance(key, str)]
    owner = next((_SECTIONS[key] for key in reversed(sections) if key in _SECTIONS), model)
    known = [field.alias or name for name, field in owner.model_fields.items()]
    return f"unknown key; {unknown(str(loc[-1]), known)}"


def _wrong_type(expected: str, found: Any, written: str | None) -> str:
    text = f"expected {expected}, found {_described(found)}"
    if expected == "text" and written:
        return f"{text}; put it in quotes: '{written}'"
    if expected == "a list" and isinstance(found, str):
        return f"{text}; write [{found}]"
    if expected in ("true or false", "a number", "a whole number") and isinstance(found, str):
        return f"{text}; write it without quotes and variables"
    return text + _as_read(found, written)


def _as_read(found: Any, written: str | None) -> str:
    is_reread = written is not None and not isinstance(found, str) and written != str(found)
    return f" (YAML reads {written} so; text goes in quotes)" if is_reread and written else ""


def _described(found: Any) -> str:
    if found is None:
        return "nothing"
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, (int, float)):
        return f"the number {found}"
    if isinstance(found, date):
        return f"the date {found}"
    if isinstance(found, str):
        return f"'{found}'" if len(found) <= 60 else f"'{found[:57]}…'"
    return "a mapping" if isinstance(found, Mapping) else "a list"
