"""The price of leakage: two joins of the same label events → what a model seems to score, and what it would.

No Spark: Arrow tables in, three areas under the ROC curve out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from jobs.pit.columns import unknown
from jobs.pit.errors import InputError

ORIGIN_ZONE = "America/New_York"
LAST_TRAINING_MONTH = 10
MOST_CATEGORIES = 255
"""The model's limit for a categorical column: a text column with more values (tail numbers) is not used."""


@dataclass(frozen=True)
class LeakagePrice:
    """Three areas under the ROC curve, of models trained and tested on the same flights."""

    auc_naive: float
    """Trained and tested on the naive join: what the notebook promises."""
    auc_naive_served: float
    """Trained on the naive join, tested on point-in-time rows: what that model gets when it is served."""
    auc_point_in_time: float
    """Trained and tested on point-in-time rows."""
    train_rows: int
    test_rows: int
    test_late_share: float
    features: tuple[str, ...]
    differing_rows: int
    """Label events of which at least one used column differs between the joins."""


def price_of_leakage(
    naive: pa.Table,
    point_in_time: pa.Table,
    features: Sequence[str] | None = None,
    *,
    key: str = "flight_id",
    label: str = "late",
    departure: str = "sched_dep_at",
) -> LeakagePrice:
    """Trains on flights of January to October on the origin's clock and tests on November and December.

    Both tables hold the same keys, each once, in any order. Without `features` these are the number, boolean
    and text columns that `usable_columns` finds in the point-in-time table. Rows without a label count for
    nothing.

    Raises InputError for a missing column, other keys, or months that hold no flight of either outcome.
    """
    used = tuple(features) if features is not None else usable_columns(point_in_time, exclude=(key, label))
    for name, table in (("naive join", naive), ("point-in-time join", point_in_time)):
        _require(table, name, [key, label, departure, *used])
    naive, point_in_time = (_labelled(table, key, label) for table in (naive, point_in_time))
    if not naive[key].equals(point_in_time[key]):
        raise InputError(
            f"leakage: the joins hold different values of {key!r}; build both from the same labels"
        )
    is_late = _floats(point_in_time[label]) > 0
    is_train = _months(point_in_time[departure]) <= LAST_TRAINING_MONTH
    _require_both_outcomes(is_late, is_train)
    encodings = _encodings(point_in_time, naive, used)
    leaky, honest = (_matrix(table, used, encodings) for table in (naive, point_in_time))
    leaky_model, honest_model = (_fit(rows, is_late, is_train, used, encodings) for rows in (leaky, honest))
    return LeakagePrice(
        auc_naive=_auc(leaky_model, leaky, is_late, is_train),
        auc_naive_served=_auc(leaky_model, honest, is_late, is_train),
        auc_point_in_time=_auc(honest_model, honest, is_late, is_train),
        train_rows=int(is_train.sum()),
        test_rows=int((~is_train).sum()),
        test_late_share=float(is_late[~is_train].mean()),
        features=used,
        differing_rows=int((~np.isclose(leaky, honest, rtol=0, atol=0, equal_nan=True)).any(axis=1).sum()),
    )


def usable_columns(table: pa.Table, exclude: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns that the model can take: numbers, booleans, and text of at most 255 different values."""
    fields = [field for field in table.schema if field.name not in exclude]
    return tuple(
        field.name
        for field in fields
        if _is_number(field.type) or _is_category(table[field.name], field.type)
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_category(column: pa.ChunkedArray, kind: pa.DataType) -> bool:
    return _is_text(kind) and bool(pc.count_distinct(column).as_py() <= MOST_CATEGORIES)


def _require(table: pa.Table, name: str, columns: Sequence[str]) -> None:
    problems = [
        f"{name}: no column {column!r}; {unknown(column, table.column_names)}"
        for column in columns
        if column not in table.column_names
    ]
    if problems:
        raise InputError(problems)


def _labelled(table: pa.Table, key: str, label: str) -> pa.Table:
    return table.filter(pc.is_valid(table[label])).sort_by(key).combine_chunks()


def _require_both_outcomes(is_late: NDArray[np.bool_], is_train: NDArray[np.bool_]) -> None:
    for months, rows in (("January to October", is_train), ("November and December", ~is_train)):
        if len(np.unique(is_late[rows])) < 2:
            raise InputError(f"leakage: {months} need late and punctual flights; build the whole year")


def _months(departures: pa.ChunkedArray) -> NDArray[np.int64]:
    local = departures.cast(pa.timestamp("us", tz=ORIGIN_ZONE))
    months: NDArray[np.int64] = pc.month(local).to_numpy()
    return months


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    floats: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return floats


def _encodings(left: pa.Table, right: pa.Table, columns: Sequence[str]) -> dict[str, pa.Array]:
    """The sorted values of each text column, of both tables together: one code means one value in both."""
    texts = [name for name in columns if _is_text(left.schema.field(name).type)]
    values = {name: pa.chunked_array([*left[name].chunks, *right[name].chunks]) for name in texts}
    return {name: column.drop_null().unique().sort() for name, column in values.items()}


def _matrix(table: pa.Table, columns: Sequence[str], encodings: dict[str, pa.Array]) -> NDArray[np.float64]:
    """One row of doubles a flight; null is NaN, which the model takes as missing."""
    coded = {name: pc.index_in(table[name], value_set=values) for name, values in encodings.items()}
    return np.column_stack([_floats(coded.get(name, table[name])) for name in columns])


def _fit(
    rows: NDArray[np.float64],
    is_late: NDArray[np.bool_],
    is_train: NDArray[np.bool_],
    columns: Sequence[str],
    encodings: dict[str, pa.Array],
) -> Any:
    """The same model each time: no early stopping, because its held-out rows would be chosen at random."""
    model = HistGradientBoostingClassifier(
        max_iter=100,
        categorical_features=[name in encodings for name in columns],
        early_stopping=False,
        random_state=0,
    )
    return model.fit(rows[is_train], is_late[is_train])


def _auc(
    model: Any, rows: NDArray[np.float64], is_late: NDArray[np.bool_], is_train: NDArray[np.bool_]
) -> float:
    scores = model.predict_proba(rows[~is_train])[:, 1]
    return float(roc_auc_score(is_late[~is_train], scores))
