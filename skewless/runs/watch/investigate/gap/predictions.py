"""One side's predictions: scores, labels, and which rows and entities they are of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import isotonic_regression

from skewless.ground.errors import InputError
from skewless.runs.watch.investigate.gap.measures import (
    OF_CLASSES,
    Estimate,
    Floats,
    Ints,
    Mask,
    Measure,
    interval,
    measure,
)

FEWEST_ROWS = 20
FEWEST_OF_A_CLASS = 5
"""Below these no interval is worth the name."""

FEWEST_UNITS = 30
"""With fewer entities than this a variance between entities means nothing; rows then count as independent."""

NOBODY = -1
"""The number of a row that can be matched with none."""


@dataclass(frozen=True)
class Predictions:
    """Rows whose label is known. `unit` numbers entities, `row` what a row is matched by (NOBODY for nothing), both
    the same way on both sides.

    `arm` is the arm of a test, or None; `settled` says of each row whether labels of its age are all but complete, or
    is None where that cannot be told. `unlabelled` and `unscored` rows are left out.
    """

    side: str
    score: Floats
    label: Floats
    unit: Ints
    row: Ints
    arm: tuple[str | None, ...] | None = None
    settled: Mask | None = None
    unlabelled: int = 0
    unscored: int = 0

    def __len__(self) -> int:
        return len(self.score)

    def take(self, which: Mask | Ints) -> Predictions:
        places = np.flatnonzero(which) if which.dtype == bool else which
        return Predictions(
            self.side,
            self.score[places],
            self.label[places],
            self.unit[places],
            self.row[places],
            None if self.arm is None else tuple(self.arm[place] for place in places.tolist()),
            None if self.settled is None else self.settled[places],
        )

    def measured(self, metric: str, score: Floats | None = None, weight: Floats | None = None) -> Measure:
        """The metric, of other scores for the same rows or with weights if they are given."""
        return measure(metric, self.score if score is None else score, self.label, self.unit, weight)

    def expected(self, metric: str) -> Predictions:
        """The same rows, each with the label that its score stands for: the isotonic regression of labels on scores.

        Without the chance that is in single labels, a metric of other weights is told much more exactly
        (confidence-based estimation). Labels that are no classes stay as they are.
        """
        if metric not in OF_CLASSES:
            return self
        _, place, rows = np.unique(self.score, return_inverse=True, return_counts=True)
        share = np.bincount(place, self.label) / rows
        return replace(self, label=isotonic_regression(share, weights=rows).x[place])

    def can_tell(self, metric: str) -> bool:
        return next(self._shortfalls(metric), None) is None

    def refusals(self, metric: str, any_score: bool) -> Iterator[str]:
        """Why these cannot be investigated, a line each."""
        bad = np.flatnonzero(~np.isfinite(self.score))
        if len(bad):
            yield f"{self.side}: score is NaN or infinite in {len(bad):,} rows; a score is a finite number"
        if metric in OF_CLASSES:
            yield from self._beyond(metric, any_score)
            unknown = self.label[(self.label != 0) & (self.label != 1)]
            if len(unknown):
                yield (
                    f"{self.side}: label is {unknown[0]:g} in a row, and neither 0 nor 1 in {len(unknown):,}; "
                    f"{metric} takes two classes; give --metric rmse or mae for numbers"
                )
                return
        elif not np.all(np.isfinite(self.label)):
            yield f"{self.side}: label is NaN or infinite in {int((~np.isfinite(self.label)).sum()):,} rows"
        yield from self._shortfalls(metric)

    def _beyond(self, metric: str, any_score: bool) -> Iterator[str]:
        beyond = self.score[(self.score < 0) | (self.score > 1)]
        if len(beyond) and not (any_score and metric == "auc"):
            remedy = "; give --any-score if scores are no probabilities" if metric == "auc" else ""
            yield (
                f"{self.side}: score is {beyond[0]:g} in a row, and outside [0, 1] in {len(beyond):,} of "
                f"{len(self):,}{remedy}"
            )

    def _shortfalls(self, metric: str) -> Iterator[str]:
        if len(self) < FEWEST_ROWS:
            yield (
                f"{self.side}: {len(self):,} rows with score and label{self._left_out()}, expected at least "
                f"{FEWEST_ROWS}; fewer can tell nothing"
            )
            return
        if metric not in OF_CLASSES:
            return
        positives = int(np.count_nonzero(self.label > 0))
        counts = {1: positives, 0: len(self) - positives}
        for label, count in counts.items():
            if count < FEWEST_OF_A_CLASS:
                other = "every label is" if not count else f"only {count} labels are {label}, the others"
                yield (
                    f"{self.side}: {other} {1 - label} in {len(self):,} rows; {metric} needs both classes, at least "
                    f"{FEWEST_OF_A_CLASS} rows of each"
                )

    def _left_out(self) -> str:
        left_out = [
            f"{count:,} {what}"
            for count, what in (
                (self.unlabelled, "without a known label"),
                (self.unscored, "without a score"),
            )
            if count
        ]
        return f" ({' and '.join(left_out)} left out)" if left_out else ""


def refuse_unfit(sides: tuple[Predictions, ...], metric: str, any_score: bool) -> None:
    """InputError with everything that keeps the sides from being compared."""
    problems = [line for side in sides for line in side.refusals(metric, any_score)]
    if problems:
        raise InputError(problems)


def by_rows_where_few(offline: Predictions, online: Predictions) -> tuple[Predictions, Predictions, bool]:
    """The sides, with rows instead of entities as units where there are too few entities; and whether it is so.

    Matched rows stay one unit, since their errors go together.
    """
    if min(len(np.unique(side.unit)) for side in (offline, online)) >= FEWEST_UNITS:
        return offline, online, False
    sides = []
    for number, side in enumerate((offline, online)):
        alone = -2 - 2 * np.arange(len(side), dtype=np.int64) - number
        sides.append(replace(side, unit=np.where(side.row == NOBODY, alone, side.row)))
    return sides[0], sides[1], True


def matched(offline: Predictions, online: Predictions) -> tuple[Ints, Ints, int]:
    """Places of the same rows on both sides; and how many online rows were left because a number was not unique."""
    one, one_at, one_count = np.unique(offline.row, return_index=True, return_counts=True)
    other, other_at, other_count = np.unique(online.row, return_index=True, return_counts=True)
    both, at_one, at_other = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    is_there = both != NOBODY
    once = is_there & (one_count[at_one] == 1) & (other_count[at_other] == 1)
    ambiguous = int(other_count[at_other][is_there & ~once].sum())
    return one_at[at_one[once]], other_at[at_other[once]], ambiguous


def value_of(side: Predictions, metric: str) -> Estimate:
    """The side's metric with its interval, cut off where the metric ends."""
    estimate = interval(side.measured(metric))
    high = min(estimate.high, 1.0) if metric == "auc" else estimate.high
    return estimate._replace(low=max(estimate.low, 0.0), high=high)
