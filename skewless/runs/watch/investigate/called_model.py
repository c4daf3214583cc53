"""`package.module:function` → a model that scores Arrow tables, its answers checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa

from skewless.ground.errors import InputError
from skewless.runs.watch.investigate.gap import Model

Function = Callable[[pa.Table], Any]


def called_model(name: str, function: Function, others: pa.Table, is_probability: bool) -> Model:
    """The model over tables of features; `others` are columns that it may take too, of the same rows.

    Errors: InputError where it fails or answers wrongly, when it is called.
    """

    def score(features: pa.Table) -> np.typing.NDArray[np.float64]:
        table = features
        for column in others.column_names:
            if column not in features.column_names:
                table = table.append_column(column, others[column])
        try:
            answer = function(table)
        except Exception as error:  # whatever the user's code raises
            raise InputError(
                f"--model {name} failed: {type(error).__name__}: {error}; it was given {_some(table.column_names)}"
            ) from error
        return _checked(name, answer, table.num_rows, is_probability)

    return score


def imported_function(name: str) -> Function:
    """What `package.module:function` names; InputError where there is no such function."""
    module, separator, attribute = name.partition(":")
    if not separator or not module or not attribute:
        raise InputError(f"--model {name}: expected package.module:function")
    try:
        found = import_module(module)
    except (Exception, SystemExit) as error:  # the module runs as it is imported
        raise InputError(
            f"--model {name}: cannot import {module}: {type(error).__name__}: {error}"
        ) from error
    function = getattr(found, attribute, None)
    if not callable(function):
        raise InputError(f"--model {name}: {module} has no function '{attribute}'")
    return function  # type: ignore[no-any-return]


def _checked(name: str, answer: Any, rows: int, is_probability: bool) -> np.typing.NDArray[np.float64]:
    if isinstance(answer, (pa.Array, pa.ChunkedArray)):
        answer = (
            answer.to_numpy()
            if isinstance(answer, pa.ChunkedArray)
            else answer.to_numpy(zero_copy_only=False)
        )
    try:
        scores = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"--model {name}: its answer is no array of numbers: {error}") from error
    if scores.shape != (rows,):
        raise InputError(
            f"--model {name}: gave {scores.shape} scores for {rows:,} rows; expected one for each"
        )
    if not np.all(np.isfinite(scores)):
        raise InputError(f"--model {name}: {int((~np.isfinite(scores)).sum()):,} scores are NaN or infinite")
    if is_probability and (scores.min() < 0 or scores.max() > 1):
        raise InputError(f"--model {name}: scores from {scores.min():g} to {scores.max():g}; expected [0, 1]")
    return scores


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
