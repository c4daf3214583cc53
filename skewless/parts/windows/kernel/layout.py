"""What the kernel is told about an aggregation: what it takes of its events, and which of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skewless.serving.aggregations.functions import FUNCTIONS


@dataclass(frozen=True)
class Measure:
    """One aggregation in the kernel's terms.

    `member` is the column that says which events take part, None where all do; `value` the one whose value has to be
    there, None without; the window is `length` microseconds that end `offset` before T, or the columns `start` and
    `end` of the label events.
    """

    name: str
    function: str
    argument: Any
    member: str | None
    value: str | None
    length: int = 0
    offset: int = 0
    bounds: tuple[str, str] | None = None

    @property
    def range(self) -> tuple[object, ...]:
        """What decides which events are inside, visibility aside."""
        return self.length, self.offset, self.bounds

    @property
    def takes_values(self) -> bool:
        return self.value is not None and FUNCTIONS[self.function].takes is not None
