"""Which events of a window are seen, in runs: by a look at each and by the searches of trees alike."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from skewless.parts.windows.kernel import stream
from skewless.parts.windows.kernel.stream import Questions, Stream, stream_of

Asked = tuple[int, int, int, int]


def runs_of(events: Stream, asked: list[Asked]) -> list[list[tuple[int, int]]]:
    """Per question its runs, in the order in which they are given."""
    columns = [np.array(values, dtype=np.int64) for values in zip(*asked, strict=True)]
    found: list[list[tuple[int, int]]] = [[] for _ in asked]
    for turn in events.runs(Questions(*columns)):
        for which, first, end in zip(turn.which, turn.first, turn.end, strict=True):
            if first < end:
                found[which].append((int(first), int(end)))
    return found


def runs_by_loop(times: list[tuple[int, int]], start: int, end: int, until: int) -> list[tuple[int, int]]:
    seen = [place for place, (at, there) in enumerate(times) if start <= at < end and there <= until]
    firsts = [place for place in seen if place - 1 not in seen]
    lasts = [place for place in seen if place + 1 not in seen]
    return [(first, last + 1) for first, last in zip(firsts, lasts, strict=True)]


@pytest.mark.parametrize("most_looked_at", [0, 10**6], ids=["searched", "looked at"])
def test_the_runs_of_a_window_are_what_a_loop_sees(
    most_looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MOST_LOOKED_AT", most_looked_at)
    draw = Random(1)
    for _ in range(60):
        moments = [sorted(draw.randrange(20) for _ in range(draw.randrange(12))) for _ in range(4)]
        times = [sorted((at, at + draw.choice((0, 0, 3, 9))) for at in own) for own in moments]
        flat = [(key, *row) for key, own in enumerate(times) for row in own]
        key, event, available = np.array(flat, dtype=np.int64).reshape(-1, 3).T
        starts = [draw.randrange(22) for _ in range(8)]
        asked = [
            (draw.randrange(4), start, start + draw.randrange(-2, 15), draw.randrange(30)) for start in starts
        ]
        found = runs_of(stream_of(key, 4, event, available, None), asked)
        assert found == [runs_by_loop(times[key], *window) for key, *window in asked]
