"""Explanations of a feature's mismatches → the cause to name, if any of them is better than chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from skewless.skew.causes.values import EXACT, Ints, Mask, Values

UNKNOWN = "unknown"

LEAST_SHARE = 0.5
"""No cause is named that explains a smaller share of the mismatches."""

SIGNIFICANCE = 1e-3
"""The greatest probability, over all variants tried of a cause, that chance explains as much."""

ALIKE = 100
"""Records with one recomputed value, from which it can be told how often a prediction changes it into another."""


@dataclass(frozen=True)
class Case:
    """The sampled values of one feature: logged and recomputed, and which of them count as mismatches.

    `event` numbers what the records are about, equal for records of the same entity and T: what was logged twice is
    evidence once. `tolerance` is how far equal numbers may be apart.
    """

    logged: Values
    recomputed: Values
    mismatched: Mask
    event: Ints
    tolerance: float = EXACT

    @cached_property
    def places(self) -> Ints:
        """Where the mismatches are."""
        return np.flatnonzero(self.mismatched)

    @cached_property
    def distinct(self) -> int:
        """On how many events there is a mismatch."""
        return len(np.unique(self.event[self.places]))

    def agreement(self, predicted: Values) -> Mask:
        """Where the logged value is the predicted one."""
        return predicted.same(self.logged, self.tolerance)

    def chance_of(self, predicted: Values) -> float:
        """How often a prediction, made for any other record, would be the value that a mismatch has logged.

        Any other at all, or, where that is rarer and there are enough, any of the same recomputed value: two
        true/false values are equal anyway, but seldom does what changes few of the records change just those that
        differ. A shifted hour, on the other hand, follows from the right one, and is still one of many.
        """
        made, wanted = predicted.codes(), self.logged.take(self.places).codes()
        right = self.recomputed.codes()
        counts, pairs, like = Counter(made), Counter(zip(right, made, strict=True)), Counter(right)
        chances = [
            min(
                (counts[code] + 1.0) / (len(made) + 1.0),
                (pairs[right[place], code] + 1.0) / (like[right[place]] + 1.0)
                if like[right[place]] >= ALIKE
                else 1.0,
            )
            for place, code in zip(self.places.tolist(), wanted, strict=True)
        ]
        return float(np.mean(chances)) if chances else 1.0


class Explanation(NamedTuple):
    """A cause, put to the test: where it gives the logged values.

    `chance` is the probability that it would give one anyway; `variants` how many of the kind were tried; `fitted`
    how many values were taken from the mismatches themselves, each of which explains one of them. `through` are the
    inputs from the function to the one that `root` is said of, none where it is the feature's own.
    """

    cause: str
    root: str
    agrees: Mask
    chance: float
    variants: int = 1
    fitted: int = 0
    through: tuple[str, ...] = ()

    @property
    def detail(self) -> str:
        return detail_of(self.root, self.through)


class Verdict(NamedTuple):
    """The likely cause, and the share of the sampled mismatches that it explains; 0 for `unknown`.

    `root` is what happened and `through` the inputs by which it reached the feature, apart from each other: features
    with one root have one fault of serving behind them, whichever way it came.
    """

    cause: str
    confidence: float
    root: str
    through: tuple[str, ...] = ()

    @property
    def detail(self) -> str:
        """The way and the root in one sentence, as `--json` has it."""
        return detail_of(self.root, self.through)


def detail_of(root: str, through: tuple[str, ...]) -> str:
    """
    >>> detail_of("prices: the row before", ("doubled", "price"))
    'through doubled: through price: prices: the row before'
    """
    return "".join(f"through {name}: " for name in through) + root


def judge(case: Case, explanations: Iterable[Explanation]) -> Verdict:
    """The explanation of most mismatches, on equal shares the narrower one.

    Narrower is what would have changed fewer of the matching records, then what was tried in fewer variants. One is
    passed over that explains less than half, or no more than chance allows.
    """
    tested = [_Tested.of(case, each) for each in explanations]
    sound = [each for each in tested if each.share >= LEAST_SHARE and each.probability <= SIGNIFICANCE]
    if sound:
        best = min(sound, key=lambda each: each.rank)
        found = best.explanation
        return Verdict(found.cause, round(best.share, 4), found.root, found.through)
    return Verdict(UNKNOWN, 0.0, _nothing_found(case, tested))


class _Tested(NamedTuple):
    explanation: Explanation
    explained: int
    share: float
    broken: int
    probability: float

    @property
    def rank(self) -> tuple[int, int, int]:
        # What it explains comes first: a fault reaches a share of the records, so that the true cause breaks most
        # matches too.
        return -self.explained, self.broken, self.explanation.variants

    @classmethod
    def of(cls, case: Case, explanation: Explanation) -> _Tested:
        held = case.places[explanation.agrees[case.places]]
        events = len(np.unique(case.event[held]))
        free = explanation.fitted
        probability = 1.0
        if events > free:
            # A value taken from the mismatches explains one of them for nothing, so that one is not counted as a
            # success.
            beyond = binom.sf(events - free - 1, case.distinct - free, min(1.0, explanation.chance))
            probability = float(beyond) * explanation.variants
        broken = int(np.count_nonzero(~case.mismatched & ~explanation.agrees))
        return cls(explanation, len(held), len(held) / max(1, len(case.places)), broken, probability)


def _nothing_found(case: Case, tested: list[_Tested]) -> str:
    best = min(tested, key=lambda each: each.rank, default=None)
    if best is None or not best.explained:
        return "no cause explains any of the mismatches"
    name = f"{best.explanation.cause} ({best.explanation.detail})"
    if best.share < LEAST_SHARE:
        return f"no cause explains half of the mismatches; the best, {name}, explains {best.share:.0%}"
    return f"{name} explains {best.share:.0%}, which chance could do on {_events(case.distinct)}"


def _events(number: int) -> str:
    return "one label event" if number == 1 else f"{number} label events"
