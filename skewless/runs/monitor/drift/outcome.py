"""What a monitoring found: the `--json` object, the facts that reports print, and the rows of its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from skewless.runs.monitor.drift.divergence import shares
from skewless.runs.monitor.drift.judging import Finding
from skewless.runs.monitor.drift.measures import DISTRIBUTION, NANS, NEW, NULLS, ZEROS
from skewless.runs.monitor.profile.profile import EVERYTHING, Group, Reference

FAINTEST = 1e-300
"""Smaller p-values are written as this, which every reader of doubles has."""


@dataclass(frozen=True)
class Monitored:
    """A log held against its training set: findings of all records and of segments, and of single days.

    `foreign_records` are records of another feature set, left out; `missing` are features that the log does not have.
    `span` says which T, None for all.
    """

    training_set: str
    span: str | None
    reference: Reference
    rows: int
    foreign_records: int
    findings: tuple[Finding, ...]
    days: tuple[Finding, ...]
    missing: tuple[str, ...]

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
            "features": {finding.feature: self._feature(finding) for finding in self.whole},
        }

    def _feature(self, finding: Finding) -> dict[str, Any]:
        apart = finding.measures.divergences
        before, now = finding.measures.rate(NULLS)
        return {
            "psi": apart and apart.psi,
            "kl": apart and apart.kl,
            "js": apart and apart.js,
            "null_rate_reference": before if finding.measures.reference_rows else None,
            "null_rate_current": now if finding.measures.current_rows else None,
            "alert": finding.feature in self.alerting,
            "reason": self.reason(finding),
        }

    def reason(self, finding: Finding) -> str:
        """The reason of a feature, with those of the segments that alert."""
        segments = [
            f"where {each.group[0]} = {each.group[1]}: {each.reason}"
            for each in self.findings
            if each.feature == finding.feature and each.group != EVERYTHING and each.is_alert
        ]
        return "; ".join([finding.reason, *segments])

    def to_facts(self) -> dict[str, Any]:
        """What summaries and reports print."""
        return {
            **self.to_json(),
            "version": self.reference.version,
            "span": self.span,
            "foreign_records": self.foreign_records,
            "missing": list(self.missing),
            "alerting": list(self.alerting),
            "details": {finding.feature: self._detail(finding) for finding in self.whole},
            "segments": [_row(each) for each in self.findings if each.group != EVERYTHING],
            "days": [_row(each) for each in self.days],
            "rows_a_day": self.rows_a_day(),
        }

    def rows_a_day(self) -> dict[str, Any]:
        """Volume: the median of the training set's days, and the records of each day."""
        training = sorted(count for day, count in self.reference.days.items() if day != "None")
        middle = training[len(training) // 2] if training else None
        per_day: dict[str, int] = {}
        for finding in self.days:
            counts = finding.measures.pair.current
            per_day[finding.group[1]] = max(per_day.get(finding.group[1], 0), counts.total + counts.unlogged)
        return {"training": middle, "days": per_day}

    def _detail(self, finding: Finding) -> dict[str, Any]:
        pair = finding.measures.pair
        kind = self.reference.kinds[finding.feature]
        used = (pair.reference.by_bin + pair.current.by_bin) > 0
        return {
            **_row(finding),
            "kind": kind,
            "min_psi": next((test.least for test in finding.tests if test.of == DISTRIBUTION), None),
            "unlogged": pair.current.unlogged,
            "labels": [label for label, is_used in zip(pair.bins.labels, used, strict=True) if is_used],
            "reference_shares": _plain_shares(pair.reference.by_bin[used]),
            "current_shares": _plain_shares(pair.current.by_bin[used]),
            "concentration": _concentration(finding),
        }

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


def _concentration(finding: Finding) -> dict[str, Any] | None:
    held = finding.measures.concentration
    return held and {side: each._asdict() for side, each in zip(("reference", "current"), held, strict=True)}


def _plain_shares(counts: Any) -> list[float]:
    return [float(share) for share in shares(counts, 0.0)] if counts.sum() else [0.0] * len(counts)


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
