"""Public objects of a feature module that are no plain functions, where a feature may have been meant (F1).

A partial, a callable instance or what a decorator has left of a function makes no feature. Left out in silence, it
would be missing from the training set and from serving alike.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import GenericAlias, ModuleType, UnionType

from skewless.serving.code.modules import ModuleCode, imports_of, loaded
from skewless.serving.code.reach import Sources
from skewless.serving.definitions.definition import PLAIN_FUNCTION, is_own_function, object_named

Import = tuple[str, str, str | None]
"""The name that an import binds, the module, and the member of it or None."""

_TYPING = ("typing", "typing_extensions")


def object_problems(module: ModuleType, sources: Sources) -> Iterator[str]:
    """A line for each public object that looks like a feature and is none.

    What is imported is a helper, and so is a value that nothing calls: a constant, a class, a module, a name for a
    type, a logger.
    """
    code = sources.of_module(module.__name__)
    imports = None if code is None else _imports(code)
    for name, value in vars(module).items():
        if name.startswith("_") or is_own_function(value, module):
            continue
        subject = f"{module.__name__}.{name}: "
        is_defined = code is not None and _is_defined(code, name)
        if not (is_defined or _acts(value)) or _is_imported(module, imports, name, value):
            continue
        if is_defined:
            remedy = "a feature is a plain function, remove the decorator"
            yield f"{subject}a decorator made it {object_named(value)}; {remedy}"
        else:
            remedy = f"{PLAIN_FUNCTION}, or rename it _{name} if it is a helper"
            yield f"{subject}{object_named(value)}, no plain function; {remedy}"


def _acts(value: object) -> bool:
    """Whether a value is called, or makes what is called, as the descriptors property and partialmethod do."""
    if isinstance(value, (type, ModuleType, GenericAlias, UnionType)) or type(value).__module__ in _TYPING:
        return False
    return callable(value) or hasattr(type(value), "__get__")


def _is_defined(code: ModuleCode, name: str) -> bool:
    """Whether a `def` of this name is what binds it in the end, under an `if` perhaps."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    last = code.bindings.get(name, ())[-1:]
    nodes = (node for statement in last for node in ast.walk(statement))
    return any(isinstance(node, functions) and node.name == name for node in nodes)


def _imports(code: ModuleCode) -> list[Import]:
    return [each for node in ast.walk(code.tree) for each in imports_of(node, code.package)]


def _is_imported(module: ModuleType, imports: list[Import] | None, name: str, value: object) -> bool:
    """Whether an import brought the very object, or, of a module without a source, whether its home is elsewhere."""
    if imports is None:
        return getattr(value, "__module__", module.__name__) != module.__name__
    return any(
        getattr(loaded(source), name if member == "*" else member or "", None) is value
        for bound, source, member in imports
        if bound in (name, "*")
    )
