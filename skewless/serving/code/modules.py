"""Modules of feature code as syntax trees: which statements bind a name, and what an import leads to."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from skewless.serving.code.tree import Reference, bound_names, chain, scoped

_MUTATORS = """
    add append appendleft clear difference_update discard extend extendleft insert intersection_update
    pop popitem popleft remove reverse rotate setdefault sort symmetric_difference_update update
"""
MUTATORS = frozenset(_MUTATORS.split())
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def is_library(module: str) -> bool:
    """Whether a module is skewless's own: what it does is covered by the plan's format number."""
    return module.partition(".")[0] == "skewless"


class ModuleCode:
    """One source text with the namespace that its functions see."""

    def __init__(
        self, name: str, file: str, tree: ast.Module, source: str | bytes, namespace: Mapping[str, Any]
    ) -> None:
        self.name, self.file, self.tree, self.namespace = name, file, tree, namespace
        self._source = source

    @cached_property
    def bindings(self) -> dict[str, list[ast.stmt]]:
        """Name → the top-level statements that bind or change it, in their order."""
        found: dict[str, list[ast.stmt]] = {}
        for statement in self.tree.body:
            if not is_for_type_checkers(statement):
                names = bound_names([statement])
                if not isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
                    names |= {name for name, _ in changes(statement)}
                for name in names:
                    found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def changed(self) -> dict[str, tuple[str, int]]:
        """Name → the function that changes what the module binds to it, and the line where it does."""
        found: dict[str, tuple[str, int]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, _FUNCTIONS):
                for name, place in changes(node):
                    found.setdefault(name, (node.name, place.lineno))
        return {name: who for name, who in found.items() if name in self.bindings}

    def imported(self, name: str) -> list[tuple[str, str | None]]:
        """What an import binds to a name: (module, member of it or None), for each import of it at the top level."""
        nodes = (node for statement in self.bindings.get(name, ()) for node in ast.walk(statement))
        found = [each for node in nodes for each in imports_of(node, self.package)]
        return [(module, member) for bound, module, member in found if bound == name]

    @property
    def package(self) -> str:
        """The package against which relative imports count."""
        written = self.namespace.get("__package__")
        return written if isinstance(written, str) else self.name.rpartition(".")[0]

    @property
    def as_bytes(self) -> bytes:
        """The text as a file holds it."""
        return self._source.encode() if isinstance(self._source, str) else self._source

    @cached_property
    def compiled(self) -> dict[tuple[str, int], CodeType]:
        """(name, first line) → the code of every function of the text, as this Python compiles it."""
        found: dict[tuple[str, int], CodeType] = {}
        queue = [compile(self._source, self.file, "exec", dont_inherit=True)]
        while queue:
            code = queue.pop()
            found[code.co_name, code.co_firstlineno] = code
            queue += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        return found

    def is_running(self, function: FunctionType) -> bool:
        """Whether a function that was imported from this text still is what the text says."""
        running = function.__code__
        written = self.compiled.get((running.co_name, running.co_firstlineno))
        return written is not None and _is_same(running, written, function.__doc__)

    def function(self, name: str, line: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The definition that begins in a line, decorators included."""
        for node in ast.walk(self.tree):
            if isinstance(node, _FUNCTIONS) and node.name == name and _first_line(node) == line:
                return node
        return None


def module_code(name: str, file: str, namespace: Mapping[str, Any]) -> ModuleCode | None:
    """The code of a file, of a module in an archive or of a cell of a notebook, None where it is not to be had."""
    source = _source(name, file, namespace)
    try:
        return None if source is None else ModuleCode(name, file, ast.parse(source), source, namespace)
    except (SyntaxError, ValueError):
        return None


def _source(name: str, file: str, namespace: Mapping[str, Any]) -> str | bytes | None:
    if file.startswith("<"):  # a cell of a notebook, or an example of a docstring
        import linecache

        return "".join(linecache.getlines(file)) or None
    try:
        return Path(file).read_bytes()
    except OSError:
        pass
    try:
        found: str | None = namespace["__loader__"].get_source(name)
    except Exception:  # a loader of any sort, or none
        return None
    return found


def loaded(name: str) -> ModuleType | None:
    """A module by its name; imported where only a function's body imports it."""
    if name not in sys.modules:
        from importlib import import_module
        from importlib.util import find_spec

        try:
            if find_spec(name) is not None:
                import_module(name)
        except (
            Exception,
            SystemExit,
        ):  # a module runs whatever is in it; what cannot be imported has no code
            return None
    return sys.modules.get(name)


def imports_of(node: ast.AST, package: str) -> list[tuple[str, str, str | None]]:
    """(name bound, module, member of it or None) of an import statement, relative names made absolute."""
    if isinstance(node, ast.Import):
        return [
            (alias.asname, alias.name, None)
            if alias.asname
            else (alias.name.partition(".")[0],) * 2 + (None,)
            for alias in node.names
        ]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    module = ".".join([*base, *([node.module] if node.module else [])])
    return [(alias.asname or alias.name, module, alias.name) for alias in node.names]


def changes(node: ast.AST) -> list[tuple[str, Any]]:
    """(name, node) of whatever a statement changes in place, or rebinds as `global`, of names from around it."""
    found: list[tuple[str, Any]] = []
    for inner, local in scoped(node, frozenset()):
        for target in _changed(inner):
            reference = _root(target)
            if reference is not None and reference[0] not in local:
                found.append((reference[0], inner))
        if isinstance(inner, ast.Global):
            found += [(name, inner) for name in inner.names]
    return found


def _is_same(one: CodeType, other: CodeType, doc: str | None) -> bool:
    """Whether two compiled functions do the same, docstrings aside."""
    if (one.co_code, one.co_names, one.co_varnames) != (other.co_code, other.co_names, other.co_varnames):
        return False
    if len(one.co_consts) != len(other.co_consts):
        return False
    return all(
        mine == doc or _is_equal(mine, its) for mine, its in zip(one.co_consts, other.co_consts, strict=True)
    )


def _is_equal(mine: object, its: object) -> bool:
    """Whether two constants of compiled code are the same, 1 and 1.0 apart; sets come in any order."""
    if isinstance(mine, CodeType) and isinstance(its, CodeType):
        return _is_same(mine, its, None)
    return mine == its if isinstance(mine, frozenset) else ascii(mine) == ascii(its)


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _changed(node: ast.AST) -> list[ast.expr]:
    """The expressions whose value a node changes."""
    if isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
        return [node.value]
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in MUTATORS:
            return [called.value]
        if isinstance(called, ast.Name) and called.id == "next" and node.args:
            return [node.args[0]]
    return []


def _root(node: ast.expr) -> Reference | None:
    while isinstance(node, ast.Subscript):
        node = node.value
    return chain(node)


def is_for_type_checkers(node: ast.stmt) -> bool:
    """Whether a statement runs nowhere: `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and (chain(node.test) or ("",))[-1] == "TYPE_CHECKING"
