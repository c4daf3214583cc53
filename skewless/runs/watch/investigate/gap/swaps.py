"""The swap test: online rows scored again with recomputed values in the place of logged ones, alone and together.

With a model that can be called this is exact. Without one, on rows that the offline side scored too, the whole change
of the score is known, and is shared among the features that differ in the row; on other rows, and for the shares, a
surrogate of the scores has to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from skewless.runs.watch.investigate.gap.codes import can_be_coded, coded
from skewless.runs.watch.investigate.gap.measures import Floats, Ints, Mask
from skewless.runs.watch.investigate.gap.predictions import Predictions
from skewless.runs.watch.investigate.gap.surrogate import fitted, link, unlink

Model = Callable[[pa.Table], Floats]


@dataclass(frozen=True)
class Sides:
    """The rows that features are known of: offline ones recomputed, online ones as logged and recomputed.

    The three tables have the same columns; of what was not logged, `logged` has the recomputed values. `compared` and
    `mismatched` are of logged features alone. `same` are places of the same rows on both sides.
    """

    offline: Predictions
    online: Predictions
    offline_features: pa.Table
    logged: pa.Table
    recomputed: pa.Table
    compared: Mapping[str, Mask]
    mismatched: Mapping[str, Mask]
    same: tuple[Ints, Ints]

    @property
    def differing(self) -> list[str]:
        """The features that were logged otherwise than they are recomputed."""
        return [name for name, places in self.mismatched.items() if places.any()]


class Swaps(NamedTuple):
    """Scores of the online rows: with logged features, with one feature recomputed, with all, and as offline has them.

    `as_offline` is `together` where offline did not score the row. `fit` is of the surrogate, None with a model.
    """

    as_logged: Floats
    alone: Mapping[str, Floats]
    together: Floats
    as_offline: Floats
    fit: float | None


def swapped_in_model(sides: Sides, model: Model) -> Swaps:
    """The swap test with the model itself."""
    alone = {name: model(_with(sides.logged, sides.recomputed, [name])) for name in sides.differing}
    as_logged = model(sides.logged)
    together = model(_with(sides.logged, sides.recomputed, sides.differing)) if sides.differing else as_logged
    return Swaps(as_logged, alone, together, together, None)


def swapped_without_model(sides: Sides) -> Swaps:
    """The swap test by rows that both sides scored, and by a surrogate."""
    is_logit = bool(min(s.min() for s in _scores(sides)) >= 0 and max(s.max() for s in _scores(sides)) <= 1)
    changes, fit = _by_surrogate(sides, is_logit)
    here = link(sides.online.score, is_logit)
    at_offline, at_online = sides.same
    if changes and len(at_online):
        known = link(sides.offline.score[at_offline], is_logit) - here[at_online]
        _share_out(changes, sides, at_online, known)
    moved = here + sum(changes.values(), np.zeros(len(here)))
    as_offline = moved.copy()
    # Where the model itself has scored the row, its score counts; the surrogate only fills in the others.
    as_offline[at_online] = link(sides.offline.score[at_offline], is_logit)
    return Swaps(
        sides.online.score,
        {name: unlink(here + change, is_logit) for name, change in changes.items()},
        unlink(moved, is_logit),
        unlink(as_offline, is_logit),
        fit,
    )


def _scores(sides: Sides) -> tuple[Floats, Floats]:
    return sides.offline.score, sides.online.score


def _with(logged: pa.Table, recomputed: pa.Table, names: list[str]) -> pa.Table:
    table = logged
    for name in names:
        table = table.set_column(table.column_names.index(name), name, recomputed[name])
    return table


def _by_surrogate(sides: Sides, is_logit: bool) -> tuple[dict[str, Floats], float]:
    """Feature that differs → what its recomputed values add to each online row's score; and the surrogate's fit.

    Offline rows show it what the model makes of recomputed values, online rows what it makes of logged ones.
    """
    codes: dict[str, list[Ints]] = {}
    for name in sides.logged.column_names:
        tables = (sides.offline_features, sides.logged, sides.recomputed)
        columns = [table[name].combine_chunks() for table in tables]
        if can_be_coded(columns):
            codes[name] = coded(columns)
    both = [np.concatenate([offline, logged]) for offline, logged, _ in codes.values()]
    sizes = [int(max(own.max(initial=0) for own in three)) + 1 for three in codes.values()]
    surrogate = fitted(both, sizes, np.concatenate(_scores(sides)), is_logit)
    changes = {name: np.zeros(len(sides.online)) for name in sides.differing}
    for place, (name, (_, logged, recomputed)) in enumerate(codes.items()):
        if name in changes:
            change = surrogate.change(place, logged, recomputed)
            changes[name] = np.where(sides.mismatched[name], change, 0.0)
    return changes, surrogate.fit


def _share_out(changes: dict[str, Floats], sides: Sides, at: Ints, known: Floats) -> None:
    """On rows that both sides scored, the known change instead, shared as the surrogate does among what differs."""
    names = list(changes)
    differs = np.array([sides.mismatched[name][at] for name in names])
    size = np.abs(np.array([changes[name][at] for name in names])) * differs
    total = size.sum(axis=0)
    even = differs / np.maximum(1, differs.sum(axis=0))
    share = np.where(total > 0, size / np.where(total > 0, total, 1.0), even)
    for place, name in enumerate(names):
        changes[name][at] = share[place] * known
