"""Two sides' predictions, and the features behind samples of them → what the gap is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from skewless.runs.watch.investigate.gap.calibration import calibration
from skewless.runs.watch.investigate.gap.findings import (
    FEATURES,
    POPULATION,
    RUNTIME,
    SIGNIFICANT,
    UNEXPLAINED,
    Arm,
    Cause,
    Investigation,
    Measured,
    Origin,
    Part,
)
from skewless.runs.watch.investigate.gap.measures import Estimate, Floats, contrast, total
from skewless.runs.watch.investigate.gap.population import (
    drifts,
    effective_share,
    margins_of,
    raked,
    roots,
)
from skewless.runs.watch.investigate.gap.predictions import Predictions, by_rows_where_few, matched, value_of
from skewless.runs.watch.investigate.gap.suspicion import Case, holm, mismatch_rates, suspects_of
from skewless.runs.watch.investigate.gap.swaps import (
    Model,
    Sides,
    Swaps,
    swapped_in_model,
    swapped_without_model,
)

LEAST_OVERLAP = 0.1
LEAST_FIT = 0.5


class Question(NamedTuple):
    """What is asked: of which training set, by which metric, with which model if it can be called.

    `causes` and `origins` are what is known of features that differ; `drifting` ones can be called drifted, None for
    all; `notes` come before the investigation's own.
    """

    training_set: str
    metric: str
    model: Model | None = None
    rate_allowed: Callable[[str], float] = lambda name: 0.0
    causes: Mapping[str, Cause] = {}
    drifting: tuple[str, ...] | None = None
    any_score: bool = False
    notes: tuple[str, ...] = ()
    origins: Mapping[str, Origin] = {}


class Features(NamedTuple):
    """The features of samples of both sides; see `Sides`, which they become."""

    offline: Predictions
    online: Predictions
    offline_features: pa.Table
    logged: pa.Table
    recomputed: pa.Table
    compared: Mapping[str, Any]
    mismatched: Mapping[str, Any]


def inquire(
    question: Question, offline: Predictions, online: Predictions, features: Features
) -> Investigation:
    """The gap over all rows, its parts over the sampled ones, and the suspects."""
    metric = question.metric
    offline, online, few_units = by_rows_where_few(offline, online)
    gap = contrast(offline.measured(metric), online.measured(metric))
    sides, ambiguous = _sides(features)
    swaps = swapped_in_model(sides, question.model) if question.model else swapped_without_model(sides)
    margins = margins_of(_shown(sides.offline_features, question), _shown(sides.recomputed, question))
    moved = drifts(margins, sides.offline.unit, sides.online.unit)
    leading = roots(margins, moved)
    weight = raked([margins[name] for name in leading]) if leading else np.ones(len(sides.offline))
    parts, sampled_gap = _parts(metric, sides, swaps, weight)
    case = Case(
        metric,
        sides,
        swaps,
        sampled_gap,
        gap.p_value < SIGNIFICANT,
        margins,
        moved,
        leading,
        question.rate_allowed,
        question.causes,
    )
    return Investigation(
        training_set=question.training_set,
        metric=metric,
        offline=Measured(value_of(offline, metric), len(offline)),
        online=Measured(value_of(online, metric), len(online)),
        gap=gap,
        matched=len(matched(offline, online)[0]),
        same_rows=_same_rows(metric, offline, online),
        sampled_gap=sampled_gap,
        sampled_rows=(len(sides.offline), len(sides.online)),
        parts=parts,
        suspects=suspects_of(case),
        differing=mismatch_rates(sides),
        together=_together(metric, sides, swaps),
        arms=tuple(_arms(metric, offline, online)),
        settled=_settled(metric, online),
        calibrations={} if question.any_score else {s.side: calibration(s) for s in (offline, online)},
        notes=(*question.notes, *_notes(offline, online, sides, swaps, weight, few_units, ambiguous)),
        origins=question.origins,
    )


def _sides(features: Features) -> tuple[Sides, int]:
    offline, online, _ = by_rows_where_few(features.offline, features.online)
    at_offline, at_online, ambiguous = matched(offline, online)
    rest = features[2:]
    return Sides(offline, online, *rest, same=(at_offline, at_online)), ambiguous


def _shown(table: pa.Table, question: Question) -> pa.Table:
    return table if question.drifting is None else table.select(list(question.drifting))


def _parts(metric: str, sides: Sides, swaps: Swaps, weight: Floats) -> tuple[tuple[Part, ...], Estimate]:
    """Offline → offline weighted → online as offline scores it → with logged features → as it was scored."""
    offline, online = sides.offline, sides.online
    start, likely = offline.measured(metric), offline.expected(metric)
    before, after = likely.measured(metric), likely.measured(metric, weight=weight)
    served, logged, together, known = (
        online.measured(metric, score) for score in (None, swaps.as_logged, swaps.together, swaps.as_offline)
    )
    has_model = swaps.fit is None
    is_known = has_model or len(sides.same[0]) > 0
    runtime = contrast(logged, served) if has_model else contrast(known, together)
    left = total([(1.0, start), (-1.0, known), (-1.0, before), (1.0, after)])
    parts = (
        Part(
            POPULATION, contrast(before, after), "other rows: offline rows weighted to the online population"
        ),
        Part(
            FEATURES, contrast(together, logged), "logged features against recomputed ones, on the same rows"
        ),
        Part(RUNTIME, runtime if is_known else None, "other scores for the same features: model or runtime"),
        Part(UNEXPLAINED, left, "labels, what no feature tells, and chance"),
    )
    return parts, contrast(start, served)


def _together(metric: str, sides: Sides, swaps: Swaps) -> Estimate | None:
    if not sides.differing:
        return None
    repaired, logged = (sides.online.measured(metric, score) for score in (swaps.together, swaps.as_logged))
    return contrast(repaired, logged)


def _same_rows(metric: str, offline: Predictions, online: Predictions) -> Estimate | None:
    """The gap on the rows that both sides scored, by the online labels; None where they are too few."""
    at_offline, at_online, _ = matched(offline, online)
    there = online.take(at_online)
    if not len(there) or not there.can_tell(metric):
        return None
    return contrast(there.measured(metric, offline.score[at_offline]), there.measured(metric))


def _arms(metric: str, offline: Predictions, online: Predictions) -> Iterator[Arm]:
    """Each arm against the offline rows of that arm, where they say so, else against all of them."""
    if online.arm is None:
        return
    found = {}
    for name in sorted(set(online.arm), key=str):
        own = online.take(_of_arm(online, name))
        base = offline if offline.arm is None else offline.take(_of_arm(offline, name))
        if own.can_tell(metric) and base.can_tell(metric):
            gap = contrast(base.measured(metric), own.measured(metric))
            found[str(name)] = Arm(str(name), len(own), value_of(own, metric), gap, None)
        else:
            found[str(name)] = Arm(str(name), len(own), None, None, None)
    adjusted = holm({name: arm.gap.p_value for name, arm in found.items() if arm.gap})
    for name, arm in found.items():
        yield Arm(arm.name, arm.rows, arm.online, arm.gap, adjusted.get(name))


def _of_arm(side: Predictions, name: str | None) -> Any:
    return np.array([each == name for each in side.arm or ()], dtype=bool)


def _settled(metric: str, online: Predictions) -> tuple[Estimate, int] | None:
    if online.settled is None or online.settled.all():
        return None
    old = online.take(online.settled)
    return (value_of(old, metric), len(old)) if old.can_tell(metric) else None


def _notes(
    offline: Predictions,
    online: Predictions,
    sides: Sides,
    swaps: Swaps,
    weight: Floats,
    few_units: bool,
    ambiguous: int,
) -> Iterator[str]:
    for side in (offline, online):
        if side.unlabelled:
            share = side.unlabelled / (side.unlabelled + len(side) + side.unscored)
            yield f"{side.side}: {side.unlabelled:,} rows ({share:.1%}) without a label known by then are left out"
        if side.unscored:
            yield f"{side.side}: {side.unscored:,} rows without a score are left out"
    at_offline, at_online, _ = matched(offline, online)
    differ = int(np.count_nonzero(offline.label[at_offline] != online.label[at_online]))
    if differ:
        yield f"{differ:,} of {len(at_online):,} rows on both sides have another label online than offline"
    if ambiguous:
        yield f"{ambiguous:,} online rows match several rows, and so count as matched with none"
    if few_units:
        yield "too few entities to tell how rows of one are alike: rows count as independent"
    sampled = len(sides.offline) < len(offline) or len(sides.online) < len(online)
    if sampled:
        yield (
            f"features are looked at in a sample by hash: {len(sides.offline):,} offline and "
            f"{len(sides.online):,} online rows"
        )
    if effective_share(weight) < LEAST_OVERLAP:
        yield "offline rows hardly overlap with the online population; what its move costs is uncertain"
    if swaps.fit is not None and sides.differing and swaps.fit < LEAST_FIT and not len(sides.same[0]):
        yield (
            f"without --model the effect of features is that of a surrogate, which explains {swaps.fit:.0%} of the "
            "scores' variance: too little to rely on"
        )
