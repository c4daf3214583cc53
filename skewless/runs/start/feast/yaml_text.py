"""Values as YAML in one line, and comments beside them."""

from __future__ import annotations

import re
from typing import Any

import yaml


def written(value: Any) -> str:
    """
    >>> written(["driver_id", "a b"]), written("${X:-./w}/t"), written({"loc_id": "dest"})
    ('[driver_id, a b]', '${X:-./w}/t', '{loc_id: dest}')
    """
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def line(key: str, value: Any, comment: str = "", *, is_off: bool = False) -> str:
    """A key and its value; one that is off is a comment itself."""
    text = f"{'# ' if is_off else ''}{key}: {written(value)}"
    return f"{text}   # {in_one_line(comment)}" if comment else text


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def name_of(text: str) -> str:
    """A name that files and columns may have: Feast's own, but for what is no letter, digit or underscore.

    >>> name_of("driver-stats:v1"), name_of("2nd")
    ('driver_stats_v1', '_2nd')
    """
    name = re.sub(r"\W", "_", text, flags=re.ASCII)
    return f"_{name}" if name[:1].isdigit() else name
