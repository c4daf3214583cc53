"""What a person is shown of a feature's mismatches: how far they are off, and the worst with the rows behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from skewless.ground.arrow_values import python_list
from skewless.ground.instants import utc
from skewless.skew.causes.clocks import Ints
from skewless.skew.causes.table_replay import Sample
from skewless.skew.causes.values import Sampled, values_of
from skewless.skew.causes.what_if import WhatIf

SHOWN = 5
QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)
LONGEST = 80


@dataclass(frozen=True)
class Example:
    """One mismatch: what the record is about, both values as text, and the feature rows behind the recomputed one."""

    record: str
    logged: str
    recomputed: str
    rows: tuple[str, ...]


def differences(feature: Sampled) -> tuple[float, ...] | None:
    """Quantiles of logged less recomputed over the sampled mismatches; None for what is no number."""
    logged, recomputed = values_of(feature.logged), values_of(feature.recomputed)
    if not (logged.is_number and recomputed.is_number):
        return None
    both = feature.mismatched & ~logged.null & ~recomputed.null
    with np.errstate(invalid="ignore"):
        apart = (logged.data - recomputed.data)[both]
    apart = apart[np.isfinite(apart)]
    return tuple(float(each) for each in np.quantile(apart, QUANTILES)) if len(apart) else None


def examples(feature: Sampled, sample: Sample, what_if: WhatIf) -> tuple[Example, ...]:
    """A few sampled mismatches, those that are furthest off first."""
    logged, recomputed = python_list(feature.logged), python_list(feature.recomputed)
    return tuple(
        Example(
            ", ".join(_record(sample, place)),
            shown(logged[place]),
            shown(recomputed[place]),
            tuple(what_if.behind(feature.name, place)),
        )
        for place in _worst(feature).tolist()
    )


def _worst(feature: Sampled) -> Ints:
    places = np.flatnonzero(feature.mismatched)
    logged, recomputed = values_of(feature.logged), values_of(feature.recomputed)
    if not (logged.is_number and recomputed.is_number):
        return places[:SHOWN]
    with np.errstate(invalid="ignore"):
        apart = np.nan_to_num(np.abs(logged.data - recomputed.data)[places], nan=np.inf, posinf=np.inf)
    apart[(logged.null | recomputed.null)[places]] = -1
    return places[np.argsort(-apart, kind="stable")][:SHOWN]


def _record(sample: Sample, place: int) -> Iterator[str]:
    """T, then what is known of the label event, then every key and id of the record, whether a join takes it or not."""
    yield f"T = {utc(int(sample.at[place]))}"
    told = set()
    for name, column in (*sample.label.items(), *sample.named.items()):
        value = column[place].as_py()
        if value is not None and name.casefold() not in told:
            told.add(name.casefold())
            yield f"{name} = {shown(value)}"


def shown(value: Any) -> str:
    """A value as text of bounded length."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
