"""A set of features compiled to a list of calls over numbered slots.

An input that functions declare differently has a slot for each type, so that it is checked once a row
and type however many functions take it; `T` and `T | None` share one, since null is left to each function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from skewless.serving.definitions.annotations import ValueType
from skewless.serving.definitions.definition import FeatureDefinition
from skewless.serving.errors import FeatureError, failure, raised
from skewless.serving.values.checks import Check, Refused, input_check, result_check

Calling = Callable[[int, Callable[..., Any], Sequence[Any]], Any]
"""What calls a function: (place of the feature, the function, its inputs) → its value."""


class Read(NamedTuple):
    """One input taken from outside, by name, into a slot; values of the type `exact` need no check."""

    name: str
    slot: int
    exact: type | None
    accept: Callable[[Any], Any]
    check: Check


class Step(NamedTuple):
    """One call: take the argument slots, put the result where it belongs.

    The function is called only where no required slot is null. A step without a definition widens a
    feature's ints for functions that take them as floats; it cannot fail.
    """

    function: Callable[..., Any]
    arguments: tuple[int, ...]
    required: tuple[int, ...]
    exact: type | None
    accept: Callable[[Any], Any]
    nullable: bool
    slot: int
    check: Check
    definition: FeatureDefinition | None

    def takes_for_null(self, error: BaseException | str) -> bool:
        """Whether `on_error="null"` makes a failure null: not one that is the machine's or the process's and not the
        inputs', since another process would give a value."""
        is_own = isinstance(error, (str, Exception)) and not isinstance(error, MemoryError)
        return is_own and self.definition is not None and self.definition.on_error == "null"

    def failed(
        self,
        error: BaseException | str,
        values: Sequence[Any],
        label_event: Mapping[str, object] | None,
        nulled: dict[str, int],
    ) -> None:
        """Count a failure that `on_error="null"` turns into null, or raise it."""
        definition = self.definition
        if definition is None:
            raise AssertionError(str(error))
        if self.takes_for_null(error):
            nulled[definition.name] = nulled.get(definition.name, 0) + 1
            return
        names = (parameter.name for parameter in definition.parameters)
        inputs = dict(zip(names, (values[argument] for argument in self.arguments), strict=True))
        problem = error if isinstance(error, str) else _result_problem(definition, error)
        cause = None if isinstance(error, str) else error
        raise failure(definition.name, problem, inputs, label_event) from cause


class Program(NamedTuple):
    """Inputs to read, steps in evaluation order, and the slot of each result in definition order."""

    slots: int
    reads: tuple[Read, ...]
    steps: tuple[Step, ...]
    outputs: tuple[tuple[str, int], ...]


def compile_program(ordered: Sequence[FeatureDefinition], names: Sequence[str]) -> Program:
    """The program of features given in evaluation order, with results in the order of names."""
    slots: dict[tuple[str, ValueType], int] = {}
    reads: list[Read] = []
    steps: list[Step] = []
    produced = {definition.name: definition.returns.present for definition in ordered}
    for definition in ordered:
        for name, declared in definition.parameters:
            if (name, declared.present) in slots:
                continue
            slot = slots[name, declared.present] = len(slots)
            check = input_check(declared)
            if name in produced:
                source = (slots[name, produced[name]],)
                steps.append(
                    Step(check.one, source, source, check.exact, check.one, False, slot, check, None)
                )
            else:
                reads.append(Read(name, slot, check.exact, check.one, check))
        slot = slots[definition.name, produced[definition.name]] = len(slots)
        steps.append(_step(definition, slot, slots))
    outputs = tuple((name, slots[name, produced[name]]) for name in names)
    return Program(len(slots), tuple(reads), tuple(steps), outputs)


def called_by(program: Program, names: Sequence[str], call: Calling) -> Program:
    """The program with the functions of features called through something else; names give their places."""
    steps = [
        step
        if step.definition is None
        else step._replace(function=_through(call, names.index(step.definition.name), step.function))
        for step in program.steps
    ]
    return program._replace(steps=tuple(steps))


def _through(call: Calling, place: int, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: call(place, function, values)


def missing_input(
    program: Program, row: Mapping[str, object], label_event: Mapping[str, object] | None
) -> FeatureError:
    """The error of the first feature, in evaluation order, with inputs that the row does not have."""
    absent = {read.name for read in program.reads if read.name not in row}
    definitions = (step.definition for step in program.steps if step.definition is not None)
    definition = next(
        definition for definition in definitions if absent & {name for name, _ in definition.parameters}
    )
    names = [parameter.name for parameter in definition.parameters]
    missing = ", ".join(f"'{name}'" for name in names if name in absent)
    given = {name: row[name] for name in names if name in row}
    return failure(definition.name, f"missing input {missing}", given, label_event)


def input_problem(name: str, error: Exception) -> str:
    """What is wrong with the value of an input."""
    return f"input '{name}': {error if isinstance(error, Refused) else raised(error)}"


def _step(definition: FeatureDefinition, slot: int, slots: Mapping[tuple[str, ValueType], int]) -> Step:
    arguments = tuple(slots[name, declared.present] for name, declared in definition.parameters)
    required = tuple(
        argument
        for argument, parameter in zip(arguments, definition.parameters, strict=True)
        if not parameter.type.nullable
    )
    check = result_check(definition.returns)
    return Step(
        function=definition.positional,
        arguments=arguments,
        required=required,
        exact=check.exact,
        accept=check.one,
        nullable=definition.returns.nullable,
        slot=slot,
        check=check,
        definition=definition,
    )


def _result_problem(definition: FeatureDefinition, error: BaseException) -> str:
    if not isinstance(error, Refused):
        return raised(error)
    remedy = f"; declare it '{definition.returns} | None' if null is meant" if error.found_none else ""
    return f"result: {error}{remedy}"
