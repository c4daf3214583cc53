"""A bundle's bytes → its plan's document, and its modules, checked and ready to be imported."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

from skewless.serving.errors import FeatureError
from skewless.serving.plan.bundle.contents import read
from skewless.serving.plan.bundle.modules import BundledModules


class OpenedBundle(NamedTuple):
    plan: Mapping[str, Any]
    modules: BundledModules


def opened(data: bytes, name: str) -> OpenedBundle:
    """FeatureError, one line: what is wrong with the bundle, or the packages that it needs and that are not here."""
    bundle = read(data, name)
    missing = {top: needed for top, needed in bundle.needs.items() if find_spec(top) is None}
    if missing:
        raise FeatureError(
            f"serving plan '{name}': its feature code needs {', '.join(missing)}, not installed here; "
            f"pip install {' '.join(missing.values())}"
        )
    return OpenedBundle(bundle.plan, BundledModules(name, bundle.code))
