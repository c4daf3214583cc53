"""The demo's model of delay: Arrow tables in, the probability of a late arrival out. No Spark."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import ThreadpoolController

Floats = NDArray[np.float64]

MOST_CATEGORIES = 255
"""The model's limit for a categorical column: a text column with more values (tail numbers) is not used."""

# Beside other work scikit-learn's threads wait for one another, a hundred times longer than one of them works.
THREADS = ThreadpoolController()

SERVED_MODEL = "DEMO_MODEL"
"""The environment variable with the place of the model that `score` loads."""


@dataclass(frozen=True)
class DelayModel:
    """A fitted gradient boosting with the columns that it takes and the values that its text columns had."""

    columns: tuple[str, ...]
    categories: Mapping[str, pa.Array]
    estimator: Any

    def scores(self, table: pa.Table) -> Floats:
        """The probability of a late arrival, a number a row; null, NaN and unknown text count as missing."""
        rows = matrix_of(table, self.columns, self.categories)
        with THREADS.limit(limits=1, user_api="openmp"):
            found: Floats = self.estimator.predict_proba(rows)[:, 1]
        return found

    def save(self, file: Path) -> None:
        """Write the model where `load` and `score` find it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(self))

    @staticmethod
    def load(file: Path) -> DelayModel:
        """The model in a file that `save` wrote."""
        model = pickle.loads(file.read_bytes())
        assert isinstance(model, DelayModel), "the file holds a model"
        return model


def score(table: pa.Table) -> Floats:
    """The scores of the served model, in the file that DEMO_MODEL names: for `--model jobs.demo.model:score`."""
    return DelayModel.load(Path(os.environ[SERVED_MODEL])).scores(table)


def fitted(
    table: pa.Table,
    is_late: NDArray[np.bool_],
    columns: Sequence[str],
    categories: Mapping[str, pa.Array],
) -> DelayModel:
    """The same model each time: no early stopping, because its held-out rows would be chosen at random."""
    estimator = HistGradientBoostingClassifier(
        max_iter=100,
        categorical_features=[name in categories for name in columns],
        early_stopping=False,
        random_state=0,
    )
    with THREADS.limit(limits=1, user_api="openmp"):
        estimator.fit(matrix_of(table, columns, categories), is_late)
    return DelayModel(tuple(columns), dict(categories), estimator)


def usable_columns(table: pa.Table, exclude: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns that the model can take: numbers, booleans, and text of at most 255 different values."""
    fields = [field for field in table.schema if field.name not in exclude]
    return tuple(
        field.name
        for field in fields
        if _is_number(field.type) or _is_category(table[field.name], field.type)
    )


def categories_of(tables: Sequence[pa.Table], columns: Sequence[str]) -> dict[str, pa.Array]:
    """The sorted values of each text column, of all tables together: one code means one value in each."""
    texts = [name for name in columns if _is_text(tables[0].schema.field(name).type)]
    values = {
        name: pa.chunked_array([part for each in tables for part in each[name].chunks]) for name in texts
    }
    return {name: column.drop_null().unique().sort() for name, column in values.items()}


def matrix_of(table: pa.Table, columns: Sequence[str], categories: Mapping[str, pa.Array]) -> Floats:
    """One row of doubles a flight; null is NaN, which the model takes as missing."""
    coded = {
        name: pc.index_in(table[name].cast(values.type), value_set=values)
        for name, values in categories.items()
    }
    return np.column_stack([floats_of(coded.get(name, table[name])) for name in columns])


def floats_of(column: pa.ChunkedArray) -> Floats:
    """A column of numbers or booleans as doubles; null is NaN."""
    floats: Floats = column.cast(pa.float64()).to_numpy()
    return floats


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
