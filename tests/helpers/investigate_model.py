"""The model of the tests of `investigate`: a null wind raises the odds, a measured one hardly counts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def score(features: pa.Table) -> np.ndarray:
    wind = features["weather__wind"]
    odds = pc.if_else(pc.is_null(wind), 2.5, pc.multiply(pc.fill_null(wind, 0.0), 0.05))
    return 1 / (1 + np.exp(-(np.asarray(odds) + 0.08 * np.asarray(features["weather__temp"]) - 1)))


def half(features: pa.Table) -> np.ndarray:
    return score(features)[: features.num_rows // 2]


def broken(features: pa.Table) -> np.ndarray:
    return np.asarray(features["weather__nothing"])
