"""A serving plan's document, read and checked as a whole; whether it is what was exported is not asked here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from skewless.serving.errors import FeatureError, shown
from skewless.serving.plan.document import reading as read
from skewless.serving.plan.document.plan import FORMAT
from skewless.serving.plan.document.result_columns import feature_columns
from skewless.serving.plan.serve.tables import JoinedTable, LabelEvents, read_labels, read_table

_FUNCTION_KEYS: dict[str, read.Reader] = {
    "name": read.text,
    "module": read.text,
    "inputs": read.mapping,
    "returns": read.text,
    "on_error": read.text,
    "fingerprint": read.text,
}
_FEATURES_KEYS: dict[str, read.Reader] = {
    "modules": read.list_of(read.text),
    "functions": read.list_of(lambda value: read.read_object("features", value, _FUNCTION_KEYS)),
}
_KEYS: dict[str, read.Reader] = {
    "format": read.whole_number,
    "training_set": read.text,
    "version": read.optional(read.whole_number),
    "fingerprint": read.text,
    "parts": read.mapping,
    "label_events": read.mapping,
    "feature_tables": read.list_of(read.mapping),
    "features": lambda value: read.read_object("features", value, _FEATURES_KEYS),
    "columns": read.list_of(read.text),
}


class Layout(NamedTuple):
    """A document that can be run: the document itself, and what it says. `functions`: name → fingerprint."""

    document: Mapping[str, Any]
    training_set: str
    version: int | None
    fingerprint: str
    labels: LabelEvents
    tables: tuple[JoinedTable, ...]
    modules: tuple[str, ...]
    functions: Mapping[str, str]


def read_layout(document: object) -> Layout:
    """The layout of a document, or FeatureError with every problem."""
    try:
        return _layout(document)
    except FeatureError as error:
        raise FeatureError(*(f"serving plan: {problem}" for problem in error.problems)) from None


def _layout(document: object) -> Layout:
    if isinstance(document, Mapping) and document.get("format", FORMAT) != FORMAT:
        raise FeatureError(
            f"format {shown(document['format'])}, this version reads format {FORMAT}; install the version of "
            "skewless that exported it, or export the plan again"
        )
    values = read.read_object("document", document, _KEYS)
    labels = read_labels(values["label_events"])
    tables: list[JoinedTable] = []
    problems: list[str] = []
    for table in values["feature_tables"]:
        try:
            tables.append(read_table(table, labels))
        except FeatureError as error:
            problems += error.problems
    if problems:
        raise FeatureError(*problems)
    functions = {each["name"]: each["fingerprint"] for each in values["features"]["functions"]}
    _refuse_other_columns(values["columns"], feature_columns((table.schema for table in tables), functions))
    return Layout(
        dict(document) if isinstance(document, Mapping) else {},
        values["training_set"],
        values["version"],
        values["fingerprint"],
        labels,
        tuple(tables),
        values["features"]["modules"],
        functions,
    )


def _refuse_other_columns(written: tuple[str, ...], expected: list[str]) -> None:
    if list(written) == expected:
        return
    unknown_names = [f"'{name}' is none of them" for name in written if name not in expected]
    missing = [f"'{name}' is missing" for name in expected if name not in written]
    found = ", ".join([*unknown_names, *missing]) or "they come in another order or twice"
    raise FeatureError(
        f"columns: not those that its tables and functions give: {found}; export the plan again"
    )
