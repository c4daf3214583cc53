"""Importable modules as feature definitions, with every problem found among them."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from skewless.serving.definitions.definition import FeatureDefinition, read_module
from skewless.serving.errors import FeatureError, kind_of
from skewless.serving.sets.importing import imported


def read_modules(modules: Iterable[str]) -> tuple[list[FeatureDefinition], list[str]]:
    """The features of modules, module by module, in the order of definition, and every problem, a line each.

    Among the problems are public objects that are no plain functions and might have been meant as features, and what is
    impure about features, unless they say `@feature(allow=…)`.
    """
    definitions: list[FeatureDefinition] = []
    problems: list[str] = []
    read: list[ModuleType] = []
    for name in dict.fromkeys(modules):
        if not isinstance(name, str):
            problems.append(f"feature modules: expected the name of a module, found {kind_of(name)}")
            continue
        try:
            module = imported(name)
        except FeatureError as error:
            problems.extend(error.problems)
        else:
            found, wrong = read_module(module)
            read.append(module)
            definitions.extend(found)
            problems.extend(wrong)
    if read:
        # Here, since sets made of functions need no syntax trees.
        from skewless.serving.code.purity import purity_problems
        from skewless.serving.code.reach import Sources
        from skewless.serving.sets.objects import object_problems

        sources = Sources()
        problems.extend(problem for module in read for problem in object_problems(module, sources))
        problems.extend(purity_problems(definitions, sources))
    return definitions, problems
