"""What a run gives as one line of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def as_json(document: Mapping[str, Any]) -> str:
    """One line of JSON, times in ISO format, NaN and infinities as null.

    ASCII alone: an escape is the same text whatever a terminal, a pipe or a log can show; and a name that is no text,
    which a file may have, could not be written in UTF-8 at all.
    """
    return json.dumps(_plain(document), allow_nan=False, default=_text)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _text(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
