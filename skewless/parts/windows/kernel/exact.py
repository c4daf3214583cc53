"""Sums of integers and decimals that are exact at any size: prefix sums of their 32-bit digits, put together again."""

from __future__ import annotations

from decimal import Context, Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skewless.ground.order.codes import Codes
from skewless.ground.order.time_order import Ints
from skewless.parts.windows.kernel.view import Windows

LIMB = 32
LOW = np.int64(2**LIMB - 1)
# The default context rounds to 28 digits, and a decimal has up to 38.
_EXACT = Context(prec=80)


def limb_sums(windows: Windows) -> list[Ints]:
    """The sums of integers as 32-bit digits, the last one signed: differences of prefix sums, exact in 64 bits."""
    starts = windows.stream.keys.starts
    sums = []
    for before in windows.stream.prepare("prefixes", lambda: _prefixes(windows.values)):
        total = np.zeros(windows.size, dtype=np.int64)
        for run in windows.runs:
            start = starts[windows.key[run.which]]
            total[run.which] += before[start + np.maximum(run.end, run.first)] - before[start + run.first]
        sums.append(total)
    return sums


def whole_numbers(limbs: list[Ints]) -> NDArray[np.object_]:
    """The integers that sums of digits stand for."""
    whole: NDArray[np.object_] = limbs[0].astype(object)
    for place, limb in enumerate(limbs[1:], start=1):
        whole = whole + (limb.astype(object) << (LIMB * place))
    return whole


def _prefixes(values: Codes) -> list[Ints]:
    return [np.concatenate(([0], np.cumsum(limb))) for limb in _limbs(values)]


def _limbs(values: Codes) -> list[Ints]:
    if pa.types.is_integer(values.data_type):
        return [values.codes & LOW, values.codes >> LIMB]
    known = values.decode(np.arange(values.codes.max(initial=-1) + 1)).to_pylist()
    unscaled = [int(_EXACT.scaleb(value, values.data_type.scale)) for value in known]
    digits = [[(whole >> (LIMB * place)) & int(LOW) for whole in unscaled] for place in range(3)]
    digits.append([whole >> (LIMB * 3) for whole in unscaled])
    return [np.array(digit, dtype=np.int64)[values.codes] for digit in digits]


def decimals(totals: NDArray[np.object_], windows: Windows, kind: pa.DataType) -> pa.Array:
    limit = 10**kind.precision
    values = [
        None if empty else _EXACT.scaleb(Decimal(total), -kind.scale)
        for total, empty in zip(totals, windows.is_empty, strict=True)
    ]
    if any(abs(total) >= limit for total in totals):
        raise ArithmeticError(f"a sum does not fit in {kind}")
    return pa.array(values, kind)
