"""Feature modules → the sources that they import of their own packages, and the packages of others that they need."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from typing import Any

from skewless.serving.code.modules import imports_of, is_for_type_checkers, is_library, loaded
from skewless.serving.code.reach import Sources
from skewless.serving.errors import FeatureError
from skewless.serving.plan.bundle.contents import Bundle
from skewless.serving.sets.importing import imported


def bundle_of(plan: Mapping[str, Any]) -> Bundle:
    """The plan with the code of its modules as this process has them; whether that is the plan's is not asked here.

    Errors: FeatureError for a module that is not there, or whose source is not to be had.
    """
    modules = plan["features"]["modules"]
    tops = {_top(name) for name in modules}
    code: dict[str, bytes] = {}
    outside: set[str] = set()
    sources, seen = Sources(), set[str]()
    queue = [imported(name).__name__ for name in modules]
    while queue:
        name = queue.pop()
        if name in seen or (module := loaded(name)) is None:
            continue
        seen.add(name)
        if parent := name.rpartition(".")[0]:
            queue.append(parent)
        is_package = hasattr(module, "__path__")
        text = sources.of_module(name)
        if text is None:
            if not is_package:
                raise FeatureError(f"feature module '{name}': no source to bundle; give it a .py file")
            continue
        code[name.replace(".", "/") + ("/__init__.py" if is_package else ".py")] = text.as_bytes
        for target in _targets(text.tree, text.package):
            if _top(target) in tops:
                queue.append(target)
            else:
                outside.add(_top(target))
    return Bundle(plan, code, _requirements(outside))


def _targets(tree: ast.AST, package: str) -> Iterator[str]:
    """Every module that code imports, wherever it does; of `from a import b` both a and a.b, which may be a module."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.stmt) and is_for_type_checkers(node):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        for _, module, member in imports_of(node, package) if isinstance(node, ast.ImportFrom) else ():
            yield module
            yield f"{module}.{member}"
        yield from _targets(node, package)


def _requirements(tops: Iterable[str]) -> dict[str, str]:
    """Module → what to install for it; those that are not installed here either are optional, and left out."""
    others = [top for top in sorted(tops) if top not in sys.stdlib_module_names and not is_library(top)]
    known = packages_distributions()
    found = {}
    for top in others:
        if find_spec(top) is not None:
            names = known.get(top)
            found[top] = f"{names[0]}=={version(names[0])}" if names else top
    return found


def _top(name: str) -> str:
    return name.partition(".")[0]
