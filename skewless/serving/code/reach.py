"""What a feature function's value depends on inside its own package: the definitions that it reaches.

From the function on, over any number of steps: functions and classes that are called, constants that are read,
names in annotations and defaults, through imports within the same top-level package. What comes from outside,
the standard library or skewless itself, counts by its name alone.
"""

from __future__ import annotations

import ast
import builtins
import sys
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from skewless.serving.code.modules import ModuleCode, imports_of, is_library, loaded, module_code
from skewless.serving.code.tree import Reference, references, uses


class Piece(NamedTuple):
    """A reached definition: where it is, its name there, and the statement that makes it."""

    code: ModuleCode
    name: str
    node: ast.AST


class Reach(NamedTuple):
    """Everything that a function reaches: its pieces, the imports from outside by the name that they bind
    (`module:name` → dotted name), and values that have no source (`module:name` → value)."""

    pieces: tuple[Piece, ...]
    outside: dict[str, str]
    values: dict[str, object]


class Sources:
    """Source texts read while a set is looked at, each once."""

    def __init__(self) -> None:
        self._found: dict[str, ModuleCode | None] = {}

    def of_function(self, function: FunctionType) -> ModuleCode | None:
        """The text in which a function is defined."""
        file = function.__code__.co_filename
        if file not in self._found:
            self._found[file] = module_code(function.__module__, file, function.__globals__)
        return self._found[file]

    def of_module(self, name: str) -> ModuleCode | None:
        """The text of a module."""
        module = loaded(name)
        file = getattr(module, "__file__", None)
        if module is None or file is None:
            return None
        if file not in self._found:
            self._found[file] = module_code(name, file, vars(module))
        return self._found[file]


def reach(function: FunctionType, sources: Sources) -> Reach | None:
    """What a function reaches, None where its own source is not to be had."""
    walk = _Walk(sources, function.__module__.partition(".")[0])
    return walk.reach if walk.enter_function(function) else None


class _Walk:
    """A walk over the definitions of one package; `reach` is what it has come by."""

    def __init__(self, sources: Sources, package: str) -> None:
        self._sources, self._package = sources, package
        self._pieces: dict[tuple[str, str, int], Piece] = {}
        self._followed: set[tuple[str, Reference]] = set()
        self._outside: dict[str, str] = {}
        self._values: dict[str, object] = {}

    @property
    def reach(self) -> Reach:
        return Reach(tuple(self._pieces.values()), self._outside, self._values)

    def enter_function(self, function: FunctionType) -> bool:
        """Reach a function by its place in its source; False where it has none."""
        code = self._sources.of_function(function)
        if code is None:
            return False
        node = code.function(function.__code__.co_name, function.__code__.co_firstlineno)
        if node is None:
            return False
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        around = {name: cell.cell_contents for name, cell in cells}
        self._enter(code, function.__name__, node, around)
        return True

    def _enter(
        self, code: ModuleCode, name: str, node: ast.AST, around: dict[str, Any] | None = None
    ) -> None:
        key = (code.file, name, getattr(node, "lineno", 0))
        if key in self._pieces:
            return
        self._pieces[key] = Piece(code, name, node)
        for reference in sorted(references(node)):
            if around and reference[0] in around:
                self._value(code, reference, around[reference[0]])
            else:
                self._name(code, reference)
        for inner in ast.walk(node):
            for bound, module, member in imports_of(inner, code.package):
                for taken in uses(node, bound) or {()}:
                    self._import(code, bound, module, member, taken)

    def _name(self, code: ModuleCode, reference: Reference) -> None:
        """Follow a name of a module's top level, and what is taken of it."""
        name = reference[0]
        if (code.file, reference) in self._followed:  # modules may import each other
            return
        self._followed.add((code.file, reference))
        statements = code.bindings.get(name)
        if statements is None:
            if name in code.namespace:
                self._value(code, reference, code.namespace[name])
            return
        for statement in statements:
            imported = imports_of(statement, code.package)
            for bound, module, member in imported:
                if bound == name:
                    self._import(code, name, module, member, reference[1:])
            if not imported:
                self._enter(code, name, statement)

    def _import(self, code: ModuleCode, name: str, module: str, member: str | None, taken: Reference) -> None:
        self._outside[f"{code.name}:{name}"] = module if member is None else f"{module}.{member}"
        if self._is_own(module):
            self._member(module, taken if member is None else (member, *taken))

    def _member(self, module: str, taken: Reference) -> None:
        """Follow what is taken of a module of the package: all of it where the module itself is passed around."""
        code = self._sources.of_module(module)
        if code is None:
            return
        if not taken or taken[0] == "*":
            for name in code.bindings:
                self._name(code, (name,))
        elif taken[0] not in code.bindings and loaded(f"{module}.{taken[0]}") is not None:
            if self._is_own(f"{module}.{taken[0]}"):
                self._member(f"{module}.{taken[0]}", taken[1:])
        else:
            self._name(code, taken)

    def _value(self, code: ModuleCode, reference: Reference, value: Any) -> None:
        """Follow a live object that no statement here binds: of a closure, a star import, another cell."""
        name = reference[0]
        home = getattr(value, "__module__", None)
        if isinstance(value, ModuleType):
            self._import(code, name, value.__name__, None, reference[1:])
        elif isinstance(value, FunctionType) and self._is_own(value.__module__):
            self.enter_function(value)
        elif isinstance(value, type) or callable(value):
            self._import(code, name, str(home), getattr(value, "__name__", type(value).__name__), ())
        else:
            self._values[f"{code.name}:{name}"] = value

    def _is_own(self, module: str) -> bool:
        return module.partition(".")[0] == self._package and not is_library(module)


def outside_name(code: ModuleCode, reference: Reference, sources: Sources) -> str | None:
    """The dotted name that a reference has outside the package, of a builtin too; None for one inside.

    `dt.datetime.now` under `import datetime as dt` is `datetime.datetime.now`.
    """
    for _ in range(20):  # a chain of imports through modules of the package; it may be a circle
        name, taken = reference[0], reference[1:]
        imported = code.imported(name)
        if not imported:
            is_builtin = name not in code.bindings and name not in code.namespace and hasattr(builtins, name)
            return ".".join(("builtins", *reference)) if is_builtin else None
        module, member = imported[0]
        module, target = _submodule(module, taken if member is None else (member, *taken), sources)
        is_own = module.partition(".")[0] == code.name.partition(".")[0] and not is_library(module)
        inner = sources.of_module(module) if is_own else None
        if inner is None or not target:
            return ".".join((module, *target))
        code, reference = inner, target
    return None


def _submodule(module: str, taken: Reference, sources: Sources) -> tuple[str, Reference]:
    """The deepest module that a dotted path leads to, and what is taken of it."""
    while taken and f"{module}.{taken[0]}" in sys.modules:
        code = sources.of_module(module)
        if code is not None and taken[0] in code.bindings:
            break
        module, taken = f"{module}.{taken[0]}", taken[1:]
    return module, taken
