"""What is no dict, no list of dicts, no name of a module is named at the door, whatever library it is of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from skewless import FeatureError, FeatureSet, ServingPlan, windows

NOW = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
FRAME = pd.DataFrame({"event_timestamp": [NOW], "x": [1.0]})
GIVEN: dict[str, Any] = {
    "pandas.DataFrame": FRAME,
    "pyarrow.Table": pa.Table.from_pandas(FRAME),
    "None": None,
    "dict": {"event_timestamp": NOW},
    "str": "events",
    "int": 3,
}


def test_kinds_of_events() -> None:
    for name, given in GIVEN.items():
        with pytest.raises(FeatureError, match=f"events: expected a list of dicts, found {name}$"):
            windows.count(given, window="7d", at=NOW)
    with pytest.raises(FeatureError, match="events: expected a list of dicts, found int among them"):
        windows.sum([{"event_timestamp": NOW, "x": 1}, 3], window="7d", at=NOW, column="x")  # type: ignore[list-item]


@pytest.mark.parametrize("given", [None, [1.0], "x", 3])
def test_kinds_of_rows(given: Any) -> None:
    with pytest.raises(FeatureError, match="expected a dict of input name to value, found "):
        FeatureSet.from_functions([]).compute(given)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: FeatureSet.from_module(3), "expected the name of a module, found int"),  # type: ignore[arg-type]
        (lambda: FeatureSet.from_modules([pd]), "expected the name of a module, found module"),
        (lambda: FeatureSet.from_modules("features.flights"), r"found text; write \['features.flights'\]"),
        (lambda: ServingPlan.load(3), "serving plan: expected a path or an open file, found int"),  # type: ignore[arg-type]
    ],
)
def test_kinds_of_modules_and_files(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(FeatureError, match=said):
        call()
