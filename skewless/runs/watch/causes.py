"""How every kind of run that looks at what was served tells of causes: what, since when, and to which features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

CAUSES_HEADER = ("cause", "what happened", "since", "features")
NAMED = 6
"""Features that a line of a summary names."""


class ToldCause(NamedTuple):
    """One cause: `root` says what happened, `since` is the first day of it, None where no day is known.

    `features` are those that it reached, the worst first, each with a number that says how much.
    """

    name: str
    root: str
    since: str | None
    features: Sequence[tuple[str, str]]

    @property
    def title(self) -> str:
        """What it is, and since when."""
        return f"{self.name} since {self.since}" if self.since else self.name

    def cells(self, features: str) -> tuple[str, ...]:
        """Its row under `CAUSES_HEADER`, with its features in these words."""
        return self.name, self.root, self.since or "-", features


def cause_lines(mark: str, cause: ToldCause, width: int = 8) -> list[str]:
    """The cause, and beneath it how many features it reached, and the worst of them; `width` is that of the marks."""
    more = " (--verbose)" if len(cause.features) > NAMED else ""
    return [
        f"  {mark:<{width}} {cause.title}: {cause.root}",
        f"  {'':<{width}}   {features_text(cause.features)}{more}",
    ]


def features_text(features: Sequence[tuple[str, str]]) -> str:
    """How many there are, and the first with their numbers.

    >>> features_text([("temp", "2.1%"), ("heat", "1%")])
    '2 features: temp 2.1%, heat 1%'
    """
    count = len(features)
    worst = [f"{name} {number}".rstrip() for name, number in features[:NAMED]]
    more = [f"{count - NAMED} more"] if count > NAMED else []
    return f"{counted(count, 'feature')}: {', '.join([*worst, *more])}"


def began(days: Iterable[str | None]) -> str:
    """How many causes there are, given the first day of each, and the first day of all.

    >>> began(["2024-06-21", None]), began([None])
    ('2 causes since 2024-06-21', '1 cause')
    """
    known = list(days)
    since = min(filter(None, known), default=None)
    causes = counted(len(known), "cause")
    return f"{causes} since {since}" if since else causes


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
