"""Fingerprints of feature functions (S3): equal where the code means the same, on every version of Python.

A function's fingerprint is the SHA-256 of the syntax trees of all that it reaches inside the top-level package
that defines it, of the names of what it takes from outside, and of its `on_error`. Comments, docstrings, formatting
and the place of a definition in its file change nothing; a constant, an annotation, an operator or a helper does.
skewless itself is left out: what its own functions do is covered by the format number of the serving plan.
"""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import FunctionType
from typing import Any

from skewless.serving.code.reach import Piece, Reach, Sources, outside_name, reach
from skewless.serving.code.recorded import digest
from skewless.serving.code.tree import canonical, chain
from skewless.serving.definitions.definition import FeatureDefinition
from skewless.serving.errors import FeatureError

_NUMBERS = (bool, int, float, complex, Decimal)
_CONTAINERS = (list, tuple, dict, set, frozenset)
_TEXTS = (str, bytes, dt.date, dt.timedelta, type(None))


def fingerprints(definitions: Iterable[FeatureDefinition]) -> dict[str, str]:
    """Feature → fingerprint; FeatureError names every function whose source is not to be had."""
    sources = Sources()
    found: dict[str, str] = {}
    problems: list[str] = []
    for definition in definitions:
        function = definition.function
        reached = reach(function, sources) if isinstance(function, FunctionType) else None
        if reached is None:
            problems.append(
                f"feature '{definition.name}': no source of {definition.qualified_name}, so no fingerprint; "
                "define it in a module that is installed with its .py file"
            )
        elif stale := _stale(reached):
            problems.append(
                f"feature '{definition.name}': the source of {stale} is not what this process runs; it changed since "
                "it was imported, start the process again"
            )
        else:
            found[definition.name] = digest(_content(definition, reached, sources))
    if problems:
        raise FeatureError(*problems)
    return found


def _stale(reached: Reach) -> str | None:
    """The first function reached whose source was changed behind this process's back."""
    for piece in reached.pieces:
        live = piece.code.namespace.get(piece.name)
        if not isinstance(live, FunctionType) or not isinstance(piece.node, ast.FunctionDef):
            continue
        if live.__code__.co_filename == piece.code.file and not piece.code.is_running(live):
            return f"{piece.code.name}.{piece.name}"
    return None


def _content(definition: FeatureDefinition, reached: Reach, sources: Sources) -> object:
    pieces = [
        [piece.code.name, piece.name, _tree(piece, sources), _computed(piece)] for piece in reached.pieces
    ]
    return {
        "on_error": definition.on_error,
        "pieces": sorted(pieces, key=repr),
        "outside": reached.outside,
        "values": {name: plain(value) for name, value in reached.values.items()},
    }


def _tree(piece: Piece, sources: Sources) -> Any:
    """A definition without `@feature`: its on_error counts by itself, its description decides nothing."""
    node = piece.node
    if not isinstance(node, ast.FunctionDef):
        return canonical(node)
    kept = [each for each in node.decorator_list if not _is_mark(each, piece, sources)]
    tree = canonical(node)
    tree[1].pop("decorator_list", None)
    return [*tree, canonical(kept)]


def _is_mark(decorator: ast.expr, piece: Piece, sources: Sources) -> bool:
    reference = chain(decorator.func if isinstance(decorator, ast.Call) else decorator)
    name = reference and outside_name(piece.code, reference, sources)
    return name in ("skewless.feature", "skewless.serving.definitions.definition.feature")


def _computed(piece: Piece) -> Any:
    """The value of a constant that a call computed, as far as it is numbers and containers of plain values.

    A table that is read from a file beside the module decides values, and its syntax tree does not show it. Texts
    are left out, since a path differs from one machine to the other.
    """
    node = piece.node
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or piece.name in piece.code.changed:
        return None
    if not any(isinstance(each, ast.Call) for each in ast.walk(node)):
        return None
    value = piece.code.namespace.get(piece.name)
    return plain(value) if type(value) in (*_NUMBERS, *_CONTAINERS) else None


def plain(value: object) -> Any:
    """A value of numbers, texts and containers as what JSON can write; of any other object its type.

    >>> plain({"b": {2, 1}, "a": 0.5}) == plain({"a": 0.5, "b": {1, 2}})
    True
    """
    kind = type(value).__name__
    if isinstance(value, Mapping):
        return [kind, sorted(([plain(key), plain(entry)] for key, entry in value.items()), key=repr)]
    if isinstance(value, (set, frozenset)):
        return [kind, sorted((plain(entry) for entry in value), key=repr)]
    if isinstance(value, (list, tuple)):
        return [kind, [plain(entry) for entry in value]]
    if type(value) is int:
        return [kind, hex(value)]
    return [kind, ascii(value)] if type(value) in (*_NUMBERS, *_TEXTS, dt.datetime) else [kind]
