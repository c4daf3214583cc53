"""Whether this process's feature functions are those of a document, function by function."""

from __future__ import annotations

from skewless.serving.code.recorded import differences
from skewless.serving.errors import FeatureError
from skewless.serving.plan.document.layout import Layout
from skewless.serving.sets.feature_set import FeatureSet


def loaded_features(layout: Layout, features: FeatureSet | None) -> tuple[FeatureSet, list[str]]:
    """The plan's functions as this process has them, in the plan's order, and how they differ, a line each.

    FeatureError where one is not there at all, since its column could not be computed.
    """
    found = FeatureSet.from_modules(layout.modules) if features is None else features
    missing = [name for name in layout.functions if name not in found.schema]
    differing = differences(found.fingerprints, layout.functions)
    if missing:
        raise FeatureError(*(f"serving plan: {problem}" for problem in differing))
    by_name = {each.name: each for each in found.subset(layout.functions).features}
    ordered = [by_name.pop(name) for name in layout.functions]
    absent = [f"feature '{name}': an input of the plan's features, but not in the plan" for name in by_name]
    if absent:
        raise FeatureError(*(f"serving plan: {problem}; export the plan again" for problem in absent))
    return FeatureSet(ordered), differing
