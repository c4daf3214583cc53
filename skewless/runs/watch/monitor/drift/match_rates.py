"""Findings → tables whose match rate moved, each with the features that drifted by this and by nothing else.

A label event without a row of a table has null in every column of it, and in functions of them. So much of the nulls
can be told from counts of single features, which is all that a profile has: the nulls that a table's fullest columns
have on either side are left out of each feature, and what is left is held to the tests that it had failed. Where it
passes all of them, records without a row were all that had moved. To hold null shares beside the match rate instead
would call a feature explained whose nulls moved by the same size in other records, or whose values moved too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from skewless.config import Monitoring
from skewless.runs.watch.monitor.drift.judging import Finding, alerts_of
from skewless.runs.watch.monitor.drift.lineage import Lineage
from skewless.runs.watch.monitor.drift.measures import NULLS, measured, tests_of
from skewless.runs.watch.monitor.profile.profile import EVERYTHING, Counts, Group

Findings = Mapping[tuple[str, Group], Finding]


class MatchShift(NamedTuple):
    """A table whose match rate moved from `before` to `now`, seen by `column`, in all records or in the one `group`.

    `features` drifted by this alone.
    """

    table: str
    column: str
    group: Group
    before: float
    now: float
    features: tuple[str, ...]


def match_shifts(findings: Sequence[Finding], lineage: Lineage, watch: Monitoring) -> tuple[MatchShift, ...]:
    """Table by table, of those that explain a feature's drift; a table of windows alone has no match rate.

    Whether a match rate moved is what the test of nulls says of the column that it is seen by, with the effect and
    the evidence that every alert needs.
    """
    of = {(each.feature, each.group): each for each in findings}
    alerting = list(dict.fromkeys(each.feature for each in findings if each.is_alert))
    found = []
    for table, columns in lineage.rows.items():
        there = [of[name, EVERYTHING] for name in columns if (name, EVERYTHING) in of]
        if not there:
            continue
        column = _seen_by(there).feature
        groups = [group for group in _groups(findings) if _nulls_moved(of[column, group])]
        reached = lineage.reached_by(table, alerting)
        features = [name for name in reached if groups and _is_explained(name, of, column, watch)]
        if features:
            before, now = of[column, groups[0]].measures.rate(NULLS)
            found.append(MatchShift(table, column, groups[0], 1 - before, 1 - now, tuple(features)))
    return tuple(found)


def _seen_by(columns: Sequence[Finding]) -> Finding:
    """Of a table's columns with the fewest nulls in training the one whose share of nulls moved by the lower median.

    In training those are null where there is no row, and, where one column is never null in a row, nowhere else. In
    the log any one of them may have been filled with a default, or emptied: the fullest of the log would be just the
    one that was filled. A match rate moves them together.
    """
    fewest = min(each.measures.rate(NULLS)[0] for each in columns)
    fullest = [each for each in columns if each.measures.rate(NULLS)[0] == fewest]
    by_shift = sorted(fullest, key=_null_shift)
    return by_shift[(len(by_shift) - 1) // 2]


def _null_shift(finding: Finding) -> float:
    before, now = finding.measures.rate(NULLS)
    return abs(now - before)


def _groups(findings: Sequence[Finding]) -> Iterator[Group]:
    """All records first."""
    yield from sorted({each.group for each in findings}, key=lambda group: (group != EVERYTHING, group))


def _nulls_moved(finding: Finding) -> bool:
    return any(test.of == NULLS for test in finding.alerts)


def _is_explained(name: str, of: Findings, column: str, watch: Monitoring) -> bool:
    """Whether no alert of the feature is left, in all records and in segments, without the records without a row."""
    return not any(
        _alerts_without(each, of[column, group], watch)
        for (feature, group), each in of.items()
        if feature == name and each.is_alert
    )


def _alerts_without(finding: Finding, seen_by: Finding, watch: Monitoring) -> bool:
    pair = finding.measures.pair
    before, now = seen_by.measures.rate(NULLS)
    reference, current = (
        _less_nulls(counts, pair.bins.null, share)
        for counts, share in ((pair.reference, before), (pair.current, now))
    )
    left = measured(pair._replace(reference=reference, current=current), watch)
    return bool(alerts_of(tests_of(left, watch), finding.cutoff))


def _less_nulls(counts: Counts, null: int, share: float) -> Counts:
    """Without as many nulls as this share of all; a function that takes nulls, or a window, may have fewer."""
    by_bin = counts.by_bin.copy()
    by_bin[null] -= min(int(by_bin[null]), round(share * counts.total))
    return replace(counts, by_bin=by_bin)
