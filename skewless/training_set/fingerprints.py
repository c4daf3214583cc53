"""Which fingerprints records of a training set may carry: those of its published plans and of its functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pyspark.sql import SparkSession

from skewless.config import ResolvedTrainingSet
from skewless.parts.functions import feature_set_of
from skewless.parts.publish import Output, SparkHistory, read_manifests
from skewless.serving.code.recorded import digest
from skewless.serving.errors import FeatureError


def own_fingerprints(spark: SparkSession, spec: ResolvedTrainingSet) -> set[str]:
    """Those of every published version, and of the functions as they are now."""
    known: set[str] = set()
    if spec.training_set.output is not None:
        versions, _ = read_manifests(SparkHistory(spark, Output.at(spark, spec.training_set.output)))
        known.update(text for item in versions for text in fingerprints_of(item.manifest))
    with suppress(FeatureError):  # a function without source has none
        known.add(feature_set_of(spec.training_set.features).fingerprint)
    return known


def fingerprints_of(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What records served by this version may carry: its plan's fingerprint, or that of its functions alone."""
    plan = manifest.get("serving_plan") or {}
    if "fingerprint" in plan:
        yield plan["fingerprint"]
    functions = manifest.get("feature_fingerprints") or {}
    yield digest([[name, functions[name]] for name in manifest["columns"] if name in functions])
