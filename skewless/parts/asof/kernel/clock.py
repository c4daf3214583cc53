"""Instants as small numbers in the same order, so that a key and an instant fit in one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skewless.ground.order.time_order import WORD_BITS, Ints


@dataclass(frozen=True)
class Clock:
    """Numbers of up to `bits` bits: the instants less the first one, or, where those are too large, their ranks.

    Ranks cost a sort of their own; they fit whatever the instants are, since there are no more of them than rows.
    """

    first: int
    last: int
    bits: int
    known: Ints | None = None

    def numbers(self, instants: Ints) -> Ints:
        if self.known is None:
            return instants - self.first
        return np.searchsorted(self.known, instants)

    def count_until(self, at: Ints, *, inclusive: bool) -> Ints:
        """The first number that no instant before `at` has; of `inclusive` ones also not `at` itself."""
        if self.known is None:
            return np.clip(at - self.first + inclusive, 0, self.last - self.first + 1)
        return np.searchsorted(self.known, at, side="right" if inclusive else "left")


def clock_of(instants: Ints, key_bits: int) -> Clock:
    """The clock of these instants, beside keys of so many bits."""
    first, last = int(instants.min()), int(instants.max())
    bits = (last - first).bit_length()
    if key_bits + bits <= WORD_BITS:
        return Clock(first, last, bits)
    known = np.unique(instants)
    return Clock(first, last, len(known).bit_length(), known)
