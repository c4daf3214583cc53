"""Fingerprints as they are written down: made, found in documents, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skewless.serving.errors import FeatureError, shown


def digest(content: object) -> str:
    """The fingerprint of what JSON can write; keys may come in any order.

    >>> digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    True
    """
    import json
    from hashlib import sha256

    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"sha256:{sha256(text.encode('ascii')).hexdigest()}"


def differences(found: Mapping[str, str], recorded: Mapping[str, str]) -> list[str]:
    """How this process's functions differ from recorded ones, by their fingerprints, a line each.

    >>> differences({"a": "sha256:1", "c": "sha256:3"}, {"a": "sha256:2", "b": "sha256:2"})[0]
    "feature 'a': its code is not what was recorded; deploy the same code, or build and export again"
    """
    problems = []
    for name, written in recorded.items():
        if name not in found:
            problems.append(
                f"feature '{name}': recorded, but not in this process's code; deploy the same code"
            )
        elif found[name] != written:
            problems.append(
                f"feature '{name}': its code is not what was recorded; deploy the same code, or build and export again"
            )
    new = (name for name in found if name not in recorded)
    return [*problems, *(f"feature '{name}': new in this process's code, not recorded" for name in new)]


def recorded_functions(document: Mapping[str, Any]) -> dict[str, str]:
    """Function → fingerprint, of a manifest (`feature_fingerprints`) or of a plan (`features.functions`).

    >>> recorded_functions({"feature_fingerprints": {"speed": "sha256:1"}})
    {'speed': 'sha256:1'}
    """
    written = document.get("feature_fingerprints")
    if isinstance(written, Mapping):
        return {str(name): str(fingerprint) for name, fingerprint in written.items()}
    features = document.get("features")
    functions = features.get("functions") if isinstance(features, Mapping) else None
    try:
        return (
            {each["name"]: each["fingerprint"] for each in functions or ()}
            if functions is not None
            else _none(document)
        )
    except (TypeError, KeyError):
        raise FeatureError(
            f"features.functions: expected name and fingerprint of each, found {shown(functions)}"
        ) from None


def _none(document: Mapping[str, Any]) -> dict[str, str]:
    raise FeatureError(
        f"manifest: no fingerprints of feature functions; it has {', '.join(sorted(map(str, document)))}; give a "
        "manifest with feature_fingerprints, or a serving plan"
    )
