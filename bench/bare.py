"""What one would write instead of a `FeatureSet`: the functions in a loop, with the null rule and no checks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple, get_type_hints


class Step(NamedTuple):
    """A function and the names of what it takes; `required` is what it is not called without."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[str, ...]
    required: tuple[str, ...]


def steps_of(module: ModuleType) -> list[Step]:
    """The public functions of a module; each has to come after those that it takes."""
    steps = []
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not name.startswith("_"):
            hints = get_type_hints(function)
            hints.pop("return")
            required = tuple(
                parameter for parameter, kind in hints.items() if type(None) not in _options(kind)
            )
            steps.append(Step(name, function, tuple(hints), required))
    return sorted(steps, key=lambda step: step.function.__code__.co_firstlineno)


def of_row(steps: list[Step], row: dict[str, Any]) -> dict[str, Any]:
    values = dict(row)
    for name, function, parameters, required in steps:
        called = all(values[parameter] is not None for parameter in required)
        values[name] = function(*[values[parameter] for parameter in parameters]) if called else None
    return {step.name: values[step.name] for step in steps}


def of_columns(steps: list[Step], columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """A plain loop over the rows of columns, each function with its arguments from lists."""
    values = dict(columns)
    for name, function, parameters, required in steps:
        places = [parameters.index(parameter) for parameter in required]
        results = []
        for arguments in zip(*[values[parameter] for parameter in parameters], strict=True):
            called = True
            for place in places:
                if arguments[place] is None:
                    called = False
                    break
            results.append(function(*arguments) if called else None)
        values[name] = results
    return {step.name: values[step.name] for step in steps}


def _options(kind: Any) -> tuple[Any, ...]:
    return getattr(kind, "__args__", ())
