"""Sampled mismatches and the histories behind them → the likely cause of each feature's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skewless.parts.windows.kernel.kernel import AggregationError
from skewless.skew.causes.clocks import Ints
from skewless.skew.causes.judging import UNKNOWN, Case, Explanation, Verdict, judge
from skewless.skew.causes.table_replay import Change
from skewless.skew.causes.value_tests import pair_explanations
from skewless.skew.causes.values import EXACT, LOOSE, Sampled, Values, values_of
from skewless.skew.causes.what_if import WhatIf

SCREENED = 150
"""Mismatches, and matches, on which a change is tried before it is tried on the whole sample."""

SCREENED_SHARE = 0.4
KEPT = 4
"""Changes of one cause that are tried on the whole sample: those that explain most of the screened mismatches."""


def find_causes(sampled: Sequence[Sampled], what_if: WhatIf, event: Ints) -> dict[str, Verdict]:
    """Feature → verdict, for those with a mismatch in the sample.

    Inputs come before the functions that take them, so that a function whose logged inputs explain its mismatches is
    given their cause; and what is named of one feature is the first thing that is tried of the next, since one fault of
    serving mostly shows in several. `event` numbers what the records are about.
    """
    by_name = {each.name: each for each in sampled}
    verdicts: dict[str, Verdict] = {}
    for name in _inputs_first(list(by_name), what_if):
        if by_name[name].mismatched.any():
            verdicts[name] = _cause_of(by_name[name], what_if, event, by_name, verdicts)
    return verdicts


def _cause_of(
    feature: Sampled,
    what_if: WhatIf,
    event: Ints,
    others: Mapping[str, Sampled],
    known: Mapping[str, Verdict],
) -> Verdict:
    rows = np.flatnonzero(feature.compared)
    case = Case(
        values_of(feature.logged.take(pa.array(rows))),
        values_of(feature.recomputed.take(pa.array(rows))),
        feature.mismatched[rows],
        event[rows],
        LOOSE if feature.is_loose else EXACT,
    )
    explanations = [
        # The inputs' causes first, then what needs the two values alone, then what needs the rows behind them;
        # `judge` ranks by what they explain, so that the order only settles what is equal in everything.
        *_inherited(case, feature.name, what_if, rows, others, known),
        *pair_explanations(case, what_if.clocks),
        *_changed(case, feature.name, what_if, rows, {each.root for each in known.values()}),
    ]
    return judge(case, explanations)


def _inherited(
    case: Case,
    feature: str,
    what_if: WhatIf,
    rows: Ints,
    others: Mapping[str, Sampled],
    known: Mapping[str, Verdict],
) -> Iterator[Explanation]:
    """A function's own code on what was logged of its inputs: the cause is then that of the input."""
    found = [name for name in what_if.parameters(feature) if name in known and known[name].cause != UNKNOWN]
    given = {name: _as_recomputed(others[name], rows) for name in found}
    for name in found:
        values = given[name]
        predicted = None if values is None else what_if.values_from(feature, {name: values}, rows)
        if predicted is not None:
            of_input = known[name]
            yield _explained(
                case, of_input.cause, of_input.root, 1, values_of(predicted), (name, *of_input.through)
            )


def _as_recomputed(other: Sampled, rows: Ints) -> pa.Array | None:
    """The logged values in the type that the function gets, recomputed ones where nothing was compared."""
    try:
        logged = other.logged.cast(other.recomputed.type)
    except pa.ArrowInvalid:
        return None
    where = pa.array(other.compared)
    return pc.if_else(where, logged, other.recomputed).take(pa.array(rows))


def _changed(
    case: Case, feature: str, what_if: WhatIf, rows: Ints, named: Collection[str]
) -> Iterator[Explanation]:
    """Causes that take the rows behind a value: every change on a few records, the promising ones on all.

    A change that is named of another feature is no find among many: it counts as the only one of its kind.
    """
    matches = np.flatnonzero(~case.mismatched)[:SCREENED]
    screen = np.concatenate([case.places[:SCREENED], matches])
    is_mismatch = case.mismatched[screen]
    logged = case.logged.take(screen)
    promising: dict[str, list[tuple[float, int, bool, int, Change]]] = {}
    for order, change in enumerate(what_if.changes(feature)):
        predicted = _predicted(change, feature, what_if, rows[screen])
        if predicted is None:
            continue
        agrees = predicted.same(logged, case.tolerance)
        share = float(np.mean(agrees[is_mismatch]))
        if share >= SCREENED_SHARE:
            broken = int(np.count_nonzero(~agrees & ~is_mismatch))
            promising.setdefault(change.cause, []).append(
                (-share, broken, change.detail not in named, order, change)
            )
    # A few of each cause and not the best overall: hundreds of shifted clocks would push out the one late row.
    for tried in promising.values():
        for *_, change in sorted(tried, key=lambda each: each[:4])[:KEPT]:
            predicted = _predicted(change, feature, what_if, rows)
            if predicted is not None:
                variants = 1 if change.detail in named else change.variants
                yield _explained(case, change.cause, change.detail, variants, predicted)


def _predicted(change: Change, feature: str, what_if: WhatIf, which: Ints) -> Values | None:
    try:
        found = what_if.values(feature, change.alter(which), which)
    except (AggregationError, OverflowError, pa.ArrowInvalid):
        return None
    return None if found is None else values_of(found)


def _explained(
    case: Case, cause: str, root: str, variants: int, predicted: Values, through: tuple[str, ...] = ()
) -> Explanation:
    agrees, chance = case.agreement(predicted), case.chance_of(predicted)
    return Explanation(cause, root, agrees, chance, variants, through=through)


def _inputs_first(names: Sequence[str], what_if: WhatIf) -> list[str]:
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        for parameter in what_if.parameters(name):
            visit(parameter)
        ordered[name] = None

    for name in names:
        visit(name)
    return [name for name in ordered if name in set(names)]
