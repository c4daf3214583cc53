"""The suspects of an investigation → what is behind them, each once."""

from __future__ import annotations

from skewless.runs.watch.causes import ToldCause
from skewless.runs.watch.investigate.gap.findings import DRIFT, Investigation, Origin, Suspect

MOVED = Origin("population", "online rows are other rows than the offline ones", None)
NOT_TOLD = Origin("unknown", "logged otherwise than recomputed, by no cause that is known", None)


def causes_of(found: Investigation) -> list[ToldCause]:
    """What is behind the suspects: faults of serving, each once, and the move of the population; the worst first."""
    behind: dict[tuple[str, str], list[tuple[Suspect, str | None]]] = {}
    for each in found.suspects:
        cause, root, since = MOVED if each.kind == DRIFT else found.origins.get(each.feature, NOT_TOLD)
        behind.setdefault((cause, root), []).append((each, since))
    return [
        ToldCause(
            cause,
            root,
            min(filter(None, (since for _, since in suspects)), default=None),
            [(each.feature, _size(each)) for each, _ in suspects],
        )
        for (cause, root), suspects in behind.items()
    ]


def _size(suspect: Suspect) -> str:
    """The share of a gap that is real; of any other in how many records the feature differs."""
    share, rate = suspect.evidence["share_of_gap"], suspect.evidence.get("mismatch_rate")
    if share is not None:
        return f"{share:.0%} of the gap"
    return "" if rate is None else f"{rate:.1%} of records"
