"""How the features of a set lean on each other, and what they need from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter

from skewless.serving.definitions.annotations import ValueType
from skewless.serving.definitions.definition import FeatureDefinition
from skewless.serving.errors import nearest


def evaluation_order(definitions: Sequence[FeatureDefinition]) -> tuple[FeatureDefinition, ...]:
    """The definitions with every feature behind those it takes; they must be free of cycles."""
    by_name = {definition.name: definition for definition in definitions}
    return tuple(by_name[name] for name in TopologicalSorter(_edges(definitions)).static_order())


def needed(definitions: Sequence[FeatureDefinition], names: Iterable[str]) -> set[str]:
    """The named features and, over any number of steps, those they take."""
    edges = _edges(definitions)
    found: set[str] = set()
    open_names = list(names)
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names.extend(edges[name])
    return found


def external_inputs(definitions: Sequence[FeatureDefinition]) -> dict[str, ValueType]:
    """Every input that is no feature of the set, in the order of appearance, with the type that all its
    readers take; nullable where any of them sees nulls."""
    features = {definition.name for definition in definitions}
    inputs: dict[str, ValueType] = {}
    for definition in definitions:
        for name, declared in definition.parameters:
            if name not in features:
                known = inputs.get(name, declared)
                narrower = known if declared.takes(known) else declared
                inputs[name] = narrower._replace(nullable=known.nullable or declared.nullable)
    return inputs


def set_problems(definitions: Sequence[FeatureDefinition]) -> list[str]:
    """What keeps definitions from making a set: equal names, cycles, and types that do not meet."""
    problems = _duplicates(definitions) + _cycles(definitions)
    by_name = {definition.name: definition for definition in definitions}
    readers: dict[str, tuple[FeatureDefinition, ValueType]] = {}
    for definition in definitions:
        for name, declared in definition.parameters:
            source = by_name.get(name)
            if source is not None:
                if not declared.takes(source.returns):
                    problems.append(
                        f"feature '{definition.name}': takes '{name}' as {declared}, "
                        f"but {source.qualified_name} gives {source.returns}"
                    )
                continue
            other, known = readers.setdefault(name, (definition, declared))
            if not (declared.takes(known) or known.takes(declared)):
                problems.append(
                    f"feature '{definition.name}': takes input '{name}' as {declared}, "
                    f"feature '{other.name}' as {known}; no value is both"
                )
    return problems


def name_problems(definitions: Sequence[FeatureDefinition], available: Iterable[str]) -> list[str]:
    """Inputs that are neither available nor a feature, and features named like something available.

    Inputs are matched exactly, since serving passes them by key; features collide whatever their case.
    """
    columns = list(available)
    by_folded = {column.casefold(): column for column in columns}
    known = [*columns, *(definition.name for definition in definitions)]
    problems = []
    for definition in definitions:
        column = by_folded.get(definition.name.casefold())
        if column is not None:
            problems.append(
                f"feature '{definition.name}': there is a column '{column}' already; "
                f"rename the function {definition.qualified_name}"
            )
        for parameter in definition.parameters:
            if parameter.name not in known:
                problems.append(_unknown_input(definition, parameter.name, known))
    return problems


def _unknown_input(definition: FeatureDefinition, name: str, known: list[str]) -> str:
    guess = nearest(name, [spelling for spelling in known if spelling != definition.name])
    remedy = f"did you mean '{guess}'?" if guess else f"there are {', '.join(sorted(known)) or 'none'}"
    return f"feature '{definition.name}': unknown input '{name}'; {remedy}"


def _edges(definitions: Sequence[FeatureDefinition]) -> dict[str, list[str]]:
    features = {definition.name for definition in definitions}
    return {
        definition.name: [name for name, _ in definition.parameters if name in features]
        for definition in definitions
    }


def _duplicates(definitions: Sequence[FeatureDefinition]) -> list[str]:
    first: dict[str, FeatureDefinition] = {}
    problems = []
    for definition in definitions:
        other = first.setdefault(definition.name.casefold(), definition)
        if other is not definition:
            problems.append(
                f"feature '{definition.name}': defined by {other.qualified_name} and by "
                f"{definition.qualified_name} (names compare case-insensitively); rename one"
            )
    return problems


def _cycles(definitions: Sequence[FeatureDefinition]) -> list[str]:
    edges = _edges(definitions)
    problems = []
    while True:
        try:
            TopologicalSorter(edges).prepare()
        except CycleError as error:
            cycle = _from_first_defined(error.args[1], list(edges))
            problems.append(f"features take each other in a circle: {' -> '.join(cycle)}")
            edges = {name: [] if name in cycle else taken for name, taken in edges.items()}
        else:
            return problems


def _from_first_defined(cycle: list[str], order: list[str]) -> list[str]:
    """The same cycle, `[a, b, a]`, started at the member defined first, each feeding the next."""
    members = cycle[:-1]
    start = members.index(min(members, key=order.index))
    members = members[start:] + members[:start]
    return [*members, members[0]]
