"""Syntax trees as plain lists that are equal wherever the code means the same, on every version of Python.

Places, docstrings, comments and type comments are left out, and so are fields that hold nothing: later versions
of Python add such fields to old nodes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

_WITHOUT_MEANING = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_OWN_SCOPES = (*_FUNCTIONS, ast.Lambda, *_COMPREHENSIONS)

Reference = tuple[str, ...]
"""A name and the attributes taken of it: `dt.datetime.now` is ("dt", "datetime", "now")."""


def canonical(node: Any) -> Any:
    """A node, a list of nodes or a value in a node as what JSON can write.

    >>> one, other = (ast.parse(text) for text in ("x  = (1.0+ 2)  # sum", "'text'; x=1.0+2"))
    >>> canonical(one) == canonical(other), canonical(one) == canonical(ast.parse("x = 1 + 2"))
    (True, False)
    """
    if isinstance(node, ast.Constant):
        return ["Constant", type(node.value).__name__, _constant(node.value)]
    if isinstance(node, ast.JoinedStr):
        return ["JoinedStr", _joined(node.values)]
    if isinstance(node, ast.AST):
        fields = {
            name: canonical(value)
            for name, value in ast.iter_fields(node)
            if name not in _WITHOUT_MEANING and value is not None and value != []
        }
        return [type(node).__name__, fields]
    if isinstance(node, list):
        kept = [item for item in node if not _is_text(item)]
        return [canonical(item) for item in kept] or ([["Pass", {}]] if node else [])
    return node if isinstance(node, (str, bool)) or node is None else _constant(node)


def references(node: ast.AST) -> set[Reference]:
    """The names that a node takes from around it, each with the attributes taken of it.

    Annotations written as text are read, and so are names that a function declares `global`.

    >>> sorted(references(ast.parse("def f(x: 'T'): y = dt.date.min; return [g(z, y) for z in x]").body[0]))
    [('T',), ('dt', 'date', 'min'), ('g',)]
    """
    found: set[Reference] = set()
    _collect(node, frozenset(), found)
    return found


def bound_names(statements: Sequence[ast.AST]) -> set[str]:
    """The names that statements bind in their own scope."""
    names: set[str] = set()
    foreign: set[str] = set()
    for node in _own_nodes(statements):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            foreign.update(node.names)
        else:
            names.update(_bound(node))
    return names - foreign


def uses(node: ast.AST, name: str) -> set[Reference]:
    """What is taken of a name anywhere in a node: `h.rate(h)` takes ("rate",) and () of h."""
    found: set[Reference] = set()
    inner: set[int] = set()
    for each in ast.walk(node):  # an expression comes before its parts
        reference = chain(each) if id(each) not in inner else None
        if reference is not None and reference[0] == name:
            found.add(reference[1:])
            inner.update(map(id, ast.walk(each)))
    return found


def scoped(node: ast.AST, local: frozenset[str]) -> Iterator[tuple[ast.AST, frozenset[str]]]:
    """A node and all below it, each with the names that are local where it stands."""
    yield node, local
    if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
        local |= parameters(node.args) | bound_names(
            node.body if isinstance(node.body, list) else [node.body]
        )
    elif isinstance(node, _COMPREHENSIONS):
        local |= bound_names([generator.target for generator in node.generators])
    for child in ast.iter_child_nodes(node):
        yield from scoped(child, local)


def parameters(arguments: ast.arguments) -> set[str]:
    """The names of a function's parameters."""
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    return {argument.arg for argument in every if argument is not None}


def chain(node: ast.AST) -> Reference | None:
    """The reference that an expression is, None for one that does not begin with a name."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else None


def _bound(node: ast.AST) -> list[str]:
    """The names that a node binds by itself."""
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return [node.name] if node.name else []
    return [node.rest] if isinstance(node, ast.MatchMapping) and node.rest else []


def _own_nodes(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a scope; of functions and classes inside of it only themselves."""
    for node in statements:
        yield node
        if isinstance(node, (*_OWN_SCOPES, ast.ClassDef)):
            # A name that an inner comprehension binds with := is bound out here.
            yield from (each.target for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
        else:
            yield from _own_nodes(list(ast.iter_child_nodes(node)))


def _collect(node: ast.AST, local: frozenset[str], found: set[Reference]) -> None:
    if isinstance(node, (ast.Attribute, ast.Name)):
        reference = chain(node)
        if reference is not None:
            if reference[0] not in local and isinstance(node.ctx, ast.Load):
                found.add(reference)
            return
    if isinstance(node, ast.Global):
        found.update((name,) for name in node.names)
    if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
        _collect_function(node, local, found)
        return
    if isinstance(node, _COMPREHENSIONS):
        local |= bound_names([generator.target for generator in node.generators])
    for child in ast.iter_child_nodes(node):
        _collect(child, local, found)


def _collect_function(node: Any, local: frozenset[str], found: set[Reference]) -> None:
    arguments: ast.arguments = node.args
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg) and argument.annotation is not None:
            _collect_annotation(argument.annotation, local, found)
    for outside in (*arguments.defaults, *arguments.kw_defaults, *getattr(node, "decorator_list", ())):
        if outside is not None:
            _collect(outside, local, found)
    if getattr(node, "returns", None) is not None:
        _collect_annotation(node.returns, local, found)
    body = node.body if isinstance(node.body, list) else [node.body]
    inner = local | parameters(arguments) | bound_names(body)
    for statement in body:
        _collect(statement, inner, found)


def _collect_annotation(node: ast.expr, local: frozenset[str], found: set[Reference]) -> None:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            try:
                _collect(ast.parse(part.value, mode="eval"), local, found)
            except SyntaxError:
                continue
    _collect(node, local, found)


def _joined(parts: list[ast.expr]) -> list[Any]:
    """The parts of an f-string, its pieces of text put together as some versions of Python do not."""
    merged: list[Any] = []
    for part in map(canonical, parts):
        if part[0] == "Constant" and merged and merged[-1][0] == "Constant":
            merged[-1] = ["Constant", "str", merged[-1][2] + part[2]]
        elif part != ["Constant", "str", ""]:
            merged.append(part)
    return merged


def _constant(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").hex() if not value.isascii() else value
    return hex(value) if type(value) is int else repr(value)


def _is_text(node: Any) -> bool:
    """Whether a statement is a bare text, a docstring for instance, which does nothing."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
