"""A published version → its serving plan, and where the feature tables lie that it was built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from skewless.ground.errors import InputError
from skewless.parts.publish import Manifest, Output, SparkHistory, plan_in, published_manifest
from skewless.serving.errors import FeatureError
from skewless.serving.plan.document.layout import Layout, read_layout


@dataclass(frozen=True)
class PublishedPlan:
    """The plan of a version, and as-name → the place of its feature table."""

    name: str
    version: int
    layout: Layout
    sources: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        return self.layout.fingerprint


def published_plan(spark: SparkSession, name: str, output: Output, version: int | None) -> PublishedPlan:
    """The plan of a version, by default of the newest. InputError where there is none, or none that can be read.

    Nothing of it is taken from today's configuration: the store has to answer as the published plan does, which serving
    has loaded.
    """
    return _of_manifest(name, published_manifest(SparkHistory(spark, output), name, version))


def _of_manifest(name: str, manifest: Manifest) -> PublishedPlan:
    version = manifest["version"]
    subject = f"training set '{name}': version {version}"
    layout = _layout(subject, plan_in(manifest, name, version))
    if not layout.tables:
        raise InputError(f"{subject} joins no feature table, so there is nothing to materialize")
    places = {table.name: manifest["inputs"][f"feature_tables.{table.name}"] for table in layout.tables}
    return PublishedPlan(name, version, layout, {key: each["location"] for key, each in places.items()})


def _layout(subject: str, plan: Mapping[str, Any]) -> Layout:
    try:
        return read_layout(plan)
    except FeatureError as error:
        raise InputError(f"{subject}: {problem}" for problem in error.problems) from error
