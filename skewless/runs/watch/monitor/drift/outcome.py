"""What a monitoring found: the `--json` object, what reports print of a feature, and the rows of its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, NamedTuple

from skewless.ground.run.manifest import WrittenDefinition
from skewless.parts.profile.divergence import shares
from skewless.runs.watch.monitor.drift.judging import Finding
from skewless.runs.watch.monitor.drift.lineage import NO_LINEAGE, Lineage
from skewless.runs.watch.monitor.drift.match_rates import MatchShift
from skewless.runs.watch.monitor.drift.measures import DISTRIBUTION, NANS, NEW, NULLS, ZEROS
from skewless.runs.watch.monitor.profile.profile import EVERYTHING, Group, Reference

FAINTEST = 1e-300
"""Smaller p-values are written as this, which every reader of doubles has."""


@dataclass(frozen=True)
class FeatureDrift:
    """The contract's object of one feature; None where a side has no values."""

    psi: float | None
    kl: float | None
    js: float | None
    null_rate_reference: float | None
    null_rate_current: float | None
    alert: bool
    reason: str


@dataclass(frozen=True)
class FeatureShares:
    """One feature's values in training and now: the share of each bin that either side uses, by the bin's label.

    `min_psi` is the least that matters, None where it was not asked; `unlogged` records do not have the feature.
    """

    kind: str
    min_psi: float | None
    unlogged: int
    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]


class Volume(NamedTuple):
    """The median of rows a day of the training set, and the records of each day of the log."""

    training: int | None
    days: Mapping[str, int]


@dataclass(frozen=True)
class Monitored:
    """A log held against its training set: findings of all records and of segments, and of single days.

    `foreign_records` are records of another feature set, left out; `missing` are features that the log does not have.
    `span` says which T, None for all. `definitions` are those of the training set's rows, where there are several.
    `lineage` says where columns come from, and `shifts` are the tables whose match rate explains some of the drift.
    """

    training_set: str
    span: str | None
    reference: Reference
    rows: int
    foreign_records: int
    findings: tuple[Finding, ...]
    days: tuple[Finding, ...]
    missing: tuple[str, ...]
    definitions: Sequence[WrittenDefinition] = ()
    lineage: Lineage = NO_LINEAGE
    shifts: tuple[MatchShift, ...] = ()

    @property
    def whole(self) -> tuple[Finding, ...]:
        """The findings of all records, feature by feature."""
        return tuple(finding for finding in self.findings if finding.group == EVERYTHING)

    @property
    def alerting(self) -> tuple[str, ...]:
        """The features with an alert, in all records or in a segment; the greatest PSI first."""
        size: dict[str, float] = {}
        for finding in self.findings:
            if finding.is_alert:
                size[finding.feature] = max(size.get(finding.feature, 0), finding.psi)
        return tuple(sorted(size, key=lambda name: (-size[name], name)))

    def to_json(self) -> dict[str, Any]:
        """The contract's object of `monitor`."""
        return {
            "training_set": self.training_set,
            "reference_rows": self.reference.profile.rows,
            "current_rows": self.rows,
            "features": {name: asdict(drift) for name, drift in self.features.items()},
            **({"definitions": list(self.definitions)} if self.definitions else {}),
        }

    @cached_property
    def features(self) -> dict[str, FeatureDrift]:
        """Each feature's drift over all records."""
        return {finding.feature: self._feature(finding) for finding in self.whole}

    def _feature(self, finding: Finding) -> FeatureDrift:
        apart = finding.measures.divergences
        before, now = finding.measures.rate(NULLS)
        return FeatureDrift(
            psi=apart.psi if apart else None,
            kl=apart.kl if apart else None,
            js=apart.js if apart else None,
            null_rate_reference=before if finding.measures.reference_rows else None,
            null_rate_current=now if finding.measures.current_rows else None,
            alert=finding.feature in self.alerting,
            reason=self.reason(finding),
        )

    def reason(self, finding: Finding) -> str:
        """The reason of a feature, with those of the segments that alert."""
        segments = [
            f"where {each.group[0]} = {each.group[1]}: {each.reason}"
            for each in self.findings
            if each.feature == finding.feature and each.group != EVERYTHING and each.is_alert
        ]
        return "; ".join([finding.reason, *segments])

    @property
    def volume(self) -> Volume:
        training = sorted(count for day, count in self.reference.days.items() if day != "None")
        middle = training[len(training) // 2] if training else None
        per_day: dict[str, int] = {}
        for finding in self.days:
            counts = finding.measures.pair.current
            per_day[finding.group[1]] = max(per_day.get(finding.group[1], 0), counts.total + counts.unlogged)
        return Volume(middle, per_day)

    def shares(self, finding: Finding) -> FeatureShares:
        """Which values a feature has in the finding's group."""
        pair = finding.measures.pair
        kind = self.reference.kinds[finding.feature]
        used = (pair.reference.by_bin + pair.current.by_bin) > 0
        return FeatureShares(
            kind=kind,
            min_psi=next((test.least for test in finding.tests if test.of == DISTRIBUTION), None),
            unlogged=pair.current.unlogged,
            labels=tuple(label for label, is_used in zip(pair.bins.labels, used, strict=True) if is_used),
            reference=_plain_shares(pair.reference.by_bin[used]),
            current=_plain_shares(pair.current.by_bin[used]),
        )

    def history(self, run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """A row for each feature of all records, of each segment and of each day, with the facts of the run."""
        of_run = {
            **run,
            "training_set": self.training_set,
            "version": self.reference.version,
            "span": self.span,
        }
        for finding in (*self.findings, *self.days):
            yield {**of_run, "kind": self.reference.kinds[finding.feature], **_row(finding)}


def _plain_shares(counts: Any) -> tuple[float, ...]:
    return tuple(float(share) for share in shares(counts, 0.0)) if counts.sum() else (0.0,) * len(counts)


def _row(finding: Finding) -> dict[str, Any]:
    """One finding, flat."""
    measures, (dimension, value) = finding.measures, finding.group
    apart, test = measures.divergences, measures.homogeneity
    row: dict[str, Any] = {
        "feature": finding.feature,
        "dimension": dimension,
        "value": value,
        "reference_rows": measures.reference_rows,
        "current_rows": measures.current_rows,
        "psi": apart and apart.psi,
        "kl": apart and apart.kl,
        "kl_reverse": apart and apart.kl_reverse,
        "js": apart and apart.js,
        "ks": measures.ks,
        "chi_square": test and test.statistic,
        "chi_square_freedom": test and test.freedom,
        "p_value": test and max(test.p_value, FAINTEST),
    }
    for name, of in (("null", NULLS), ("nan", NANS), ("zero", ZEROS), ("new", NEW)):
        before, now = measures.rate(of) if of in measures.counts else (None, None)
        row |= {f"{name}_rate_reference": before, f"{name}_rate_current": now}
    return {**row, "alert": finding.is_alert, "reason": finding.reason}


def group_name(group: Group) -> str:
    """A group in words.

    >>> group_name(("host", "web-1")), group_name(EVERYTHING)
    ('host = web-1', 'all records')
    """
    return "all records" if group == EVERYTHING else f"{group[0]} = {group[1]}"
