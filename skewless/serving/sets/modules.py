"""Importable modules as feature definitions, with every problem found among them."""

from __future__ import annotations

from collections.abc import Iterable

from skewless.serving.definitions.definition import FeatureDefinition, read_module
from skewless.serving.errors import FeatureError, kind_of
from skewless.serving.sets.importing import imported


def read_modules(modules: Iterable[str]) -> tuple[list[FeatureDefinition], list[str]]:
    """The features of modules, module by module, in the order of definition, and every problem, a line each.

    What is impure about them is among the problems, unless they say `@feature(allow=…)`.
    """
    definitions: list[FeatureDefinition] = []
    problems: list[str] = []
    for name in dict.fromkeys(modules):
        if not isinstance(name, str):
            problems.append(f"feature modules: expected the name of a module, found {kind_of(name)}")
            continue
        try:
            found, wrong = read_module(imported(name))
        except FeatureError as error:
            problems.extend(error.problems)
        else:
            definitions.extend(found)
            problems.extend(wrong)
    if definitions:
        from skewless.serving.code.purity import (
            purity_problems,  # here, since sets made of functions need no syntax trees
        )

        problems.extend(purity_problems(definitions))
    return definitions, problems
