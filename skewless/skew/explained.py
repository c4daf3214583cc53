"""Compared records → per feature that differs the likely cause, how far it is off, and examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pyspark.sql import DataFrame

from skewless.skew.causes.judging import Verdict
from skewless.skew.causes.search import find_causes
from skewless.skew.causes.what_if import WhatIf
from skewless.skew.compare import Compared
from skewless.skew.mismatch_examples import Example, differences, examples
from skewless.skew.sample import collect_sample, event_numbers, sampled
from skewless.skew.spine import LogSpine
from skewless.training_set.opened import OpenedTrainingSet

UNSAMPLED = "the mismatches were not sampled"


class Explained(NamedTuple):
    """Why a feature differs, how far it is off in quantiles, and examples; nothing of one that does not differ."""

    verdict: Verdict | None = None
    differences: tuple[float, ...] | None = None
    examples: tuple[Example, ...] = ()


def explained(
    spine: LogSpine,
    features: Sequence[Compared],
    compared: DataFrame,
    rows: int,
    mismatched: Mapping[int, int],
) -> dict[str, Explained]:
    """Feature → cause, quantiles of the difference, and examples, of those that differ, from a sample."""
    if not mismatched:
        return {}
    sample, table, histories = collect_sample(spine, features, compared, rows, mismatched)
    what_if = WhatIf(sample, histories, spine.opened.features, _zones(spine.opened))
    features_sampled = [sampled(table, features[place], place) for place in mismatched]
    verdicts = find_causes(features_sampled, what_if, event_numbers(sample))
    return {
        each.name: Explained(
            verdicts.get(each.name, Verdict("unknown", 0.0, UNSAMPLED)),
            differences(each),
            examples(each, sample, what_if),
        )
        for each in features_sampled
    }


def _zones(opened: OpenedTrainingSet) -> list[str]:
    """The zones that the training set declares anywhere."""
    found = [opened.labels.timezone, *(side.timezone for side in opened.sides)]
    found += [window.zone.key for each in opened.reductions.values() for window in each.calendars]
    return [zone for zone in dict.fromkeys(found) if zone]
