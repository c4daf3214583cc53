"""Feature functions have to be pure (F5): what is impure about one, or about what it reaches, found before it runs.

The check reads the source: it finds what is called by name. It sees no call through a value (`clock()` of a
parameter), and nothing outside the package that defines the function.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import NamedTuple

from skewless.serving.code.modules import ModuleCode, changes, imports_of
from skewless.serving.code.reach import Piece, Sources, outside_name, reach
from skewless.serving.code.tree import Reference, bound_names, chain, scoped
from skewless.serving.definitions.definition import FeatureDefinition
from skewless.serving.definitions.impurities import REMEDIES, VERBS, impurity

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Finding(NamedTuple):
    """Something impure: the allowance that it needs, what it does, and the line."""

    kind: str
    what: str
    line: int


def purity_problems(definitions: Iterable[FeatureDefinition], sources: Sources) -> list[str]:
    """What is impure about features and about what they reach in their own package, a line each.

    Functions whose source is not to be had are passed over.
    """
    problems: list[str] = []
    for definition in definitions:
        reached = (
            reach(definition.function, sources) if isinstance(definition.function, FunctionType) else None
        )
        for piece in reached.pieces if reached is not None else ():
            for finding in _findings(piece, sources):
                if finding.kind not in definition.allow:
                    problems.append(_worded(definition, piece, finding))
    return list(dict.fromkeys(problems))


def _worded(definition: FeatureDefinition, piece: Piece, finding: Finding) -> str:
    through = "" if piece.name == definition.name else f" in {piece.name}"
    return (
        f"{definition.qualified_name}: {finding.what} ({piece.code.file}:{finding.line}{through}); "
        f'{REMEDIES[finding.kind]}, or say @feature(allow=("{finding.kind}",))'
    )


def _findings(piece: Piece, sources: Sources) -> Iterator[Finding]:
    is_constant = isinstance(piece.node, (ast.Assign, ast.AnnAssign, ast.AugAssign))
    yield from (
        finding
        for finding in _calls(piece.code, piece.node, sources)
        # A table read from a file when the module is imported is a constant; its fingerprint holds the values.
        if not (is_constant and finding.kind == "files")
    )
    if isinstance(piece.node, (*_FUNCTIONS, ast.ClassDef)):
        yield from _writes(piece.code, piece.node)
        yield from _changed_defaults(piece.node)
    yield from _changing_globals(piece)


def _calls(code: ModuleCode, node: ast.AST, sources: Sources) -> Iterator[Finding]:
    """Names from outside the package that are not pure."""
    inside = {
        bound: (module, member)
        for each in ast.walk(node)
        for bound, module, member in imports_of(each, code.package)
    }
    seen: set[int] = set()
    for each, local in scoped(node, frozenset()):
        reference = (
            chain(each) if id(each) not in seen and isinstance(each, (ast.Name, ast.Attribute)) else None
        )
        if reference is None or (reference[0] in local and reference[0] not in inside):
            continue
        seen.update(id(part) for part in ast.walk(each))
        name = _outside(code, reference, inside, sources)
        kind = None if name is None else impurity(name)
        if name is not None and kind is not None:
            said = name.removeprefix("builtins.")
            yield Finding(kind, f"{VERBS[kind]}: {said}", getattr(each, "lineno", 0))


def _outside(
    code: ModuleCode, reference: Reference, inside: dict[str, tuple[str, str | None]], sources: Sources
) -> str | None:
    if reference[0] not in inside:
        return outside_name(code, reference, sources)
    module, member = inside[reference[0]]
    return ".".join((module, *(() if member is None else (member,)), *reference[1:]))


def _writes(code: ModuleCode, node: ast.AST) -> Iterator[Finding]:
    """Changes of what the module binds, and of what an enclosing function does."""
    for name, place in changes(node):
        if isinstance(place, ast.Global) or _is_value(code, name):
            yield Finding("globals", f"changes the global '{name}'", place.lineno)
    if isinstance(node, _FUNCTIONS):
        for statement in node.body:
            if isinstance(statement, ast.Nonlocal):
                yield Finding(
                    "globals", f"changes '{statement.names[0]}' of the function around it", statement.lineno
                )


def _changed_defaults(node: ast.AST) -> Iterator[Finding]:
    """A default value that lasts from one call to the next, and is changed."""
    for function in (each for each in ast.walk(node) if isinstance(each, _FUNCTIONS)):
        arguments = function.args
        named = [*arguments.posonlyargs, *arguments.args]
        defaults = [
            *zip(reversed(named), reversed(arguments.defaults), strict=False),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        lasting = {argument.arg for argument, default in defaults if _is_container(default)}
        for statement in function.body:
            for name, place in changes(statement):
                if name in lasting and not isinstance(place, ast.Global):
                    yield Finding("globals", f"changes the default of '{name}', which lasts", place.lineno)


def _changing_globals(piece: Piece) -> Iterator[Finding]:
    """Globals that are read here and changed by some function of their module."""
    if piece.name in piece.code.changed and not isinstance(piece.node, (*_FUNCTIONS, ast.ClassDef)):
        function, line = piece.code.changed[piece.name]
        if _is_value(piece.code, piece.name):
            yield Finding("globals", f"reads the global '{piece.name}', which {function} changes", line)


def _is_value(code: ModuleCode, name: str) -> bool:
    """Whether a module binds a name to a value of its own, by an assignment and not by an import or a def."""
    return any(
        isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.If, ast.Try, ast.With, ast.For))
        and name in bound_names([statement])
        for statement in code.bindings.get(name, ())
    )


def _is_container(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Call):
        return (chain(node.func) or ("",))[-1] in ("list", "dict", "set", "defaultdict", "deque", "Counter")
    return isinstance(node, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp))
