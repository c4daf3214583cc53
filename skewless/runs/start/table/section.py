"""A proposal as it is written: YAML with the evidence, and with what only a person knows as questions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_TEXT = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n"])
ASKED = "# ? "
"""What a line that is a question begins with."""

_DAY = 86_400_000_000
_UNITS = ((_DAY, "d"), (_DAY // 24, "h"), (_DAY // 1440, "m"), (1_000_000, "s"))


@dataclass(frozen=True)
class Section:
    """A key of the file: `lines` are YAML, `offers` are YAML that is commented out until somebody wants it."""

    lines: Sequence[str] = ()
    evidence: Sequence[str] = ()
    questions: Sequence[str] = ()
    offers: Sequence[str] = field(default=())

    def __str__(self) -> str:
        written = [f"# {line}" for line in self.evidence]
        written += [f"{ASKED}{line}" for line in self.questions]
        return "\n".join([*written, *self.lines, *(f"# {line}" for line in self.offers)])


def text_of(head: str, sections: Iterable[Section]) -> str:
    """The file: a blank line between keys, none between those without a word of explanation."""
    return "\n\n".join([head, *(str(section) for section in sections)]) + "\n"


def scalar(text: str) -> str:
    """A text as a YAML value, in a list or alone.

    >>> scalar("temp"), scalar("no"), scalar("${W}/x: y")
    ('temp', '"no"', '"${W}/x: y"')
    """
    return text if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT else json.dumps(text)


def listed(names: Iterable[str]) -> str:
    return f"[{', '.join(map(scalar, names))}]"


def length_text(micros: int) -> str:
    """A length of time for a reader, to two units.

    >>> length_text(3_900_000_000), length_text(0), length_text(90_061_000_000), length_text(1_500)
    ('1h 5m', '0s', '1d 1h', '1.5ms')
    """
    if micros < 0:
        return f"-{length_text(-micros)}"
    if 0 < micros < _UNITS[-1][0]:
        return f"{micros / 1000:g}ms"
    parts = []
    for size, unit in _UNITS:
        if micros >= size:
            parts.append(f"{micros // size}{unit}")
            micros %= size
    return " ".join(parts[:2]) or "0s"


def duration_above(micros: int) -> str:
    """The next round duration, as the configuration writes it.

    >>> duration_above(3_900_000_000), duration_above(1), duration_above(_DAY)
    ('2h', '1s', '1d')
    """
    size, unit = next((each for each in _UNITS if micros >= each[0]), _UNITS[-1])
    return f"{max(1, -(-micros // size))}{unit}"


def share_text(share: float) -> str:
    """
    >>> share_text(0), share_text(0.00001), share_text(0.123), share_text(0.9999), share_text(1)
    ('none', 'under 0.1 %', '12.3 %', 'over 99.9 %', 'all')
    """
    if share in (0, 1):
        return "all" if share else "none"
    if share < 0.001 or share > 0.999:
        return "under 0.1 %" if share < 0.5 else "over 99.9 %"
    return f"{share * 100:.3g} %"
