"""The price of leakage: two joins of the same label events → what a model seems to score, and what it would.

No Spark: Arrow tables in, three areas under the ROC curve out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from jobs.demo.model import DelayModel, categories_of, fitted, floats_of, matrix_of, usable_columns
from skewless.ground.errors import InputError
from skewless.ground.names import unknown

ORIGIN_ZONE = "America/New_York"
LAST_TRAINING_MONTH = 10


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
    is_late = floats_of(point_in_time[label]) > 0
    is_train = _months(point_in_time[departure]) <= LAST_TRAINING_MONTH
    _require_both_outcomes(is_late, is_train)
    categories = categories_of((point_in_time, naive), used)
    leaky_model, honest_model = (
        fitted(table.filter(pa.array(is_train)), is_late[is_train], used, categories)
        for table in (naive, point_in_time)
    )
    leaky, honest = (matrix_of(table, used, categories) for table in (naive, point_in_time))
    return LeakagePrice(
        auc_naive=_auc(leaky_model, naive, is_late, is_train),
        auc_naive_served=_auc(leaky_model, point_in_time, is_late, is_train),
        auc_point_in_time=_auc(honest_model, point_in_time, is_late, is_train),
        train_rows=int(is_train.sum()),
        test_rows=int((~is_train).sum()),
        test_late_share=float(is_late[~is_train].mean()),
        features=used,
        differing_rows=int((~np.isclose(leaky, honest, rtol=0, atol=0, equal_nan=True)).any(axis=1).sum()),
    )


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


def _auc(
    model: DelayModel, table: pa.Table, is_late: NDArray[np.bool_], is_train: NDArray[np.bool_]
) -> float:
    scores = model.scores(table.filter(pa.array(~is_train)))
    return float(roc_auc_score(is_late[~is_train], scores))
