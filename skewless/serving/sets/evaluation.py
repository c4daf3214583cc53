"""Running a program over one row or over columns, to the same values and errors (F3, F4, F6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import compress, repeat, starmap
from typing import Any, NamedTuple

from skewless.serving.sets.program import Program, Step, input_problem, missing_input
from skewless.serving.values.checks import Column

_MISSING = object()
LabelEventAt = Callable[[int], Mapping[str, object]]


class FeatureBatch(NamedTuple):
    """Features as columns, in the order of their definition and with a value a row.

    `nulled` holds, for each feature that `on_error="null"` made null anywhere, in how many rows.
    """

    columns: dict[str, list[Any]]
    nulled: dict[str, int]


def evaluate_row(
    program: Program,
    row: Mapping[str, object],
    label_event: Mapping[str, object] | None,
    nulled: dict[str, int],
) -> dict[str, Any]:
    """The features of one row; failures that become null are added to `nulled`.

    A missing input is an error before any other. Then feature by feature: a wrong input is an error
    even where another input is null; where a required input is null, the function is not called.
    """
    values: list[Any] = [None] * program.slots
    has_nulls, faults = _read_inputs(program, row, label_event, values)
    for step in program.steps:
        function, arguments, required, exact, accept, nullable, slot, _, _ = step
        if faults:
            fault = next((faults[argument] for argument in arguments if argument in faults), None)
            if fault is not None:
                step.failed(fault, values, label_event, nulled)
                has_nulls = True
                continue
        if has_nulls and any(values[argument] is None for argument in required):
            continue
        try:
            result = function(*[values[argument] for argument in arguments])
            if type(result) is exact:
                values[slot] = result
            elif result is None and nullable:
                has_nulls = True
            else:
                values[slot] = accept(result)
        except KeyboardInterrupt:  # whoever stops the process means it, and not the feature
            raise
        except BaseException as error:  # a function that exits is one that fails
            step.failed(error, values, label_event, nulled)
            has_nulls = True
    return {name: values[slot] for name, slot in program.outputs}


def _read_inputs(
    program: Program,
    row: Mapping[str, object],
    label_event: Mapping[str, object] | None,
    values: list[Any],
) -> tuple[bool, dict[int, str]]:
    """Fill the input slots; whether any is null, and what is wrong with the slots that are."""
    has_nulls = False
    faults: dict[int, str] = {}
    for name, slot, exact, accept, _ in program.reads:
        value = row.get(name, _MISSING)
        if type(value) is exact:
            values[slot] = value
        elif value is None:
            has_nulls = True
        else:
            try:
                values[slot] = accept(value)
            except Exception as error:
                if value is _MISSING:
                    raise missing_input(program, row, label_event) from None
                values[slot] = value
                faults[slot] = input_problem(name, error)
    return has_nulls, faults


def evaluate_columns(
    program: Program, columns: Mapping[str, list[Any]], size: int, label_event: LabelEventAt | None
) -> FeatureBatch:
    """The features of `size` rows given as columns of that length.

    Columns are checked whole and functions mapped over them. Where that fails, the rows are gone through
    one at a time, so that the error is that of the first row which fails, as it would be alone. A column
    that is not there is an error even of no rows.
    """
    if size == 0 and any(read.name not in columns for read in program.reads):
        raise missing_input(program, columns, None)
    try:
        return _by_column(program, columns, size)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return _by_row(program, columns, size, label_event)


def _by_column(program: Program, columns: Mapping[str, list[Any]], size: int) -> FeatureBatch:
    slots: list[Column] = [Column([], False)] * program.slots
    nulled: dict[str, int] = {}
    for name, slot, _, _, check in program.reads:
        slots[slot] = check.column(columns[name])
    for step in program.steps:
        slots[step.slot] = _step_column(step, slots, size, nulled)
    return FeatureBatch({name: slots[slot].values for name, slot in program.outputs}, nulled)


def _by_row(
    program: Program, columns: Mapping[str, list[Any]], size: int, label_event: LabelEventAt | None
) -> FeatureBatch:
    results: dict[str, list[Any]] = {name: [] for name, _ in program.outputs}
    nulled: dict[str, int] = {}
    for position in range(size):
        row = {name: values[position] for name, values in columns.items()}
        event = label_event(position) if label_event else None
        for name, value in evaluate_row(program, row, event, nulled).items():
            results[name].append(value)
    return FeatureBatch(results, nulled)


def _step_column(step: Step, slots: list[Column], size: int, nulled: dict[str, int]) -> Column:
    """One feature's column; its function is called only for rows in which all that it requires is there."""
    arguments = [slots[argument].values for argument in step.arguments]
    called = _rows_to_call([slots[argument] for argument in step.required])
    if called is not None:
        arguments = [list(compress(values, called)) for values in arguments]
        size = sum(called)
    try:
        results = _call_whole(step, arguments, size)
    except BaseException as error:
        if step.definition is None or not step.takes_for_null(error):
            raise
        results, nulled[step.definition.name] = _call_each(step, arguments, size)
    if called is None:
        return results
    following = iter(results.values)
    return Column([next(following) if call else None for call in called], True)


def _rows_to_call(required: list[Column]) -> list[bool] | None:
    """Per row, whether no required value is null; None where that holds for every row."""
    masks = [[value is not None for value in values] for values, has_nulls in required if has_nulls]
    return list(map(all, zip(*masks, strict=True))) if masks else None


def _calls(arguments: list[list[Any]], size: int) -> Iterable[tuple[Any, ...]]:
    return zip(*arguments, strict=True) if arguments else repeat((), size)


def _call_whole(step: Step, arguments: list[list[Any]], size: int) -> Column:
    results = list(starmap(step.function, _calls(arguments, size)))
    if len(results) != size:
        raise RuntimeError("StopIteration from a feature function ended the iteration over its rows")
    column = step.check.column(results)
    if column.has_nulls and not step.nullable:
        step.accept(None)
    return column


def _call_each(step: Step, arguments: list[list[Any]], size: int) -> tuple[Column, int]:
    """The column of a function some of whose calls fail, null where they do, and how many did."""
    values: list[Any] = []
    failed = 0
    for call in _calls(arguments, size):
        try:
            result = step.function(*call)
            values.append(None if result is None and step.nullable else step.accept(result))
        except BaseException as error:
            if not step.takes_for_null(error):
                raise
            values.append(None)
            failed += 1
    return Column(values, True), failed


CALLERS = frozenset(function.__code__ for function in (evaluate_row, _call_whole, _call_each))
"""The code that calls functions, by which a call is known on a stack."""
