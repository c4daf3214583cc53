"""What can happen to one input of a feature function before the function sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skewless.skew.causes.clocks import Clock, Move, moves
from skewless.skew.causes.value_tests import TEXT_FORMS, rounded_forms
from skewless.skew.causes.values import Floats

TIMES = (7, 12, 24, 60, 1_440, 3_600, 86_400)
SIZES = (10, 100, 1_000, 1_024, 1_000_000)
MEASURES = (0.3048, 0.45359237, 0.514444, 1.609344, 1.852, 2.54, 3.6, 4.184, 28.349523125)
FACTORS = (*SIZES, *TIMES, *MEASURES)
"""What units differ by; tried both ways."""

CONSTANTS: dict[str, tuple[Any, ...]] = {
    "number": (0, -1, 1, -999, 999, -9999),
    "text": ("", "unknown", "UNKNOWN", "None", "nan", "null", "NA", "missing"),
    "truth": (False, True),
}


class InputChange(NamedTuple):
    """The cause that a change is, what it does in words, and the changed column."""

    cause: str
    detail: str
    apply: Callable[[pa.Array], pa.Array]


def input_changes(column: pa.Array, clocks: Sequence[Clock]) -> Iterator[InputChange]:
    """Every change of a column of this type."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        for move in moves(list(clocks)):
            yield InputChange("timezone_shift", move.detail, _on_instants(move))
        return
    constants = CONSTANTS.get(_kind(kind), ())
    for constant in constants:
        yield from _with_constant(constant, has_nulls=column.null_count > 0)
    if pa.types.is_string(kind):
        for detail, form in TEXT_FORMS.items():
            yield InputChange("text_normalization", f"in {detail}", _on_texts(form))
    if pa.types.is_floating(kind):
        yield InputChange(
            "float32", "in 32 bits", lambda given: given.cast(pa.float32(), safe=False).cast(kind)
        )
        for place, (detail, _) in enumerate(rounded_forms(np.zeros(1))):
            yield InputChange("rounding", detail, _rounded(place))
    if _kind(kind) == "number":
        for factor in FACTORS:
            yield InputChange("unit_scale", f"times {factor:g}", _scaled(factor, times=True))
            yield InputChange("unit_scale", f"divided by {factor:g}", _scaled(factor, times=False))


def _with_constant(constant: Any, *, has_nulls: bool) -> Iterator[InputChange]:
    as_text = repr(constant)
    if has_nulls:
        yield InputChange("null_handling", f"{as_text} for null", lambda given: _filled(given, constant))
    yield InputChange("null_handling", f"null for {as_text}", lambda given: _without(given, constant))
    yield InputChange("constant_default", f"always {as_text}", lambda given: _always(given, constant))


def _filled(given: pa.Array, constant: Any) -> pa.Array:
    return pa.array([constant if each is None else each for each in given.to_pylist()], given.type)


def _without(given: pa.Array, constant: Any) -> pa.Array:
    return pa.array([None if each == constant else each for each in given.to_pylist()], given.type)


def _always(given: pa.Array, constant: Any) -> pa.Array:
    """The constant where there is a value: a null that becomes one is another cause."""
    return pa.array([None if each is None else constant for each in given.to_pylist()], given.type)


def _on_texts(form: Callable[[str], str]) -> Callable[[pa.Array], pa.Array]:
    return lambda given: pa.array(
        [None if each is None else form(each) for each in given.to_pylist()], given.type
    )


def _on_instants(move: Move) -> Callable[[pa.Array], pa.Array]:
    def apply(given: pa.Array) -> pa.Array:
        micros = given.cast(pa.timestamp("us", given.type.tz)).view(pa.int64())
        moved = move(pc.fill_null(micros, 0).to_numpy(zero_copy_only=False))
        mask = given.is_null().to_numpy(zero_copy_only=False)
        plain = pa.array(moved, mask=mask).cast(pa.timestamp("us"))
        return plain.cast(pa.timestamp("us", given.type.tz)) if given.type.tz else plain

    return apply


def _rounded(place: int) -> Callable[[pa.Array], pa.Array]:
    def rounded(numbers: Floats) -> Floats:
        return next(form for at, (_, form) in enumerate(rounded_forms(numbers)) if at == place)

    return _on_doubles(rounded)


def _on_doubles(change: Callable[[Floats], Floats]) -> Callable[[pa.Array], pa.Array]:
    def apply(given: pa.Array) -> pa.Array:
        numbers = pc.fill_null(given, 0).cast(pa.float64()).to_numpy(zero_copy_only=False)
        mask = given.is_null().to_numpy(zero_copy_only=False)
        return pa.array(change(numbers), mask=mask).cast(given.type, safe=False)

    return apply


def _scaled(factor: float, *, times: bool) -> Callable[[pa.Array], pa.Array]:
    """Numbers by a factor; integers stay integers where the result is one, else they become doubles."""

    def scaled(value: Any) -> Any:
        by = Decimal(str(factor)) if isinstance(value, Decimal) else factor
        return value * by if times else value / by

    def apply(given: pa.Array) -> pa.Array:
        found = [None if each is None else scaled(each) for each in given.to_pylist()]
        if pa.types.is_integer(given.type):
            is_whole = all(each is None or float(each).is_integer() for each in found)
            return (
                pa.array([None if each is None else int(each) for each in found])
                if is_whole
                else pa.array(found)
            )
        return pa.array(found)

    return apply


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_boolean(kind):
        return "truth"
    return "text" if pa.types.is_string(kind) else "other"
