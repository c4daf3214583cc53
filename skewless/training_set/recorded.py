"""A version's manifest → all that it takes to build its rows again: specs, range, versions and code as they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from skewless.config import ResolvedTrainingSet, recorded_training_set
from skewless.ground.errors import InputError
from skewless.ground.run.ranges import RunRange
from skewless.lake.sources import Versions
from skewless.parts.functions import FeatureError, FeatureSet, feature_set_of
from skewless.parts.publish import Manifest


@dataclass(frozen=True)
class Recorded:
    """A published version as its manifest tells of it; nothing of it is taken from today's configuration."""

    version: int
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.manifest["training_set"]

    @property
    def run_id(self) -> str:
        return self.manifest["run_id"]

    @property
    def rows(self) -> int:
        """How many rows it wrote."""
        return self.manifest["rows"]

    @property
    def checksum(self) -> str | None:
        """That of the rows that it wrote; None in manifests of before it was kept."""
        return self.manifest.get("checksum")

    @cached_property
    def spec(self) -> ResolvedTrainingSet:
        """Errors: InputError with everything that this version of skewless cannot read."""
        return recorded_training_set(f"manifest of version {self.version}", self.manifest["spec"])

    @property
    def run_range(self) -> RunRange:
        return RunRange.written(self.manifest)

    @property
    def inputs(self) -> Mapping[str, tuple[str, int]]:
        """Input → its place and version."""
        inputs = self.manifest["inputs"].items()
        return {name: (each["location"], each["version"]) for name, each in inputs}

    @property
    def versions(self) -> Versions:
        return Versions({name: version for name, (_, version) in self.inputs.items()})


def refuse_other_code(recorded: Recorded) -> None:
    """InputError, a line for each feature, where the functions are not those that the version was built by."""
    modules = recorded.spec.training_set.features
    remedy = f"check out the code of that run, {recorded.run_id}"
    try:
        features = feature_set_of(modules)
        found = dict(features.fingerprints)
    except (InputError, FeatureError) as error:
        raise InputError(
            f"{problem}; or, where version {recorded.version} had other code, {remedy}"
            for problem in error.problems
        ) from error
    problems = list(_other_code(recorded, found, features))
    if problems:
        raise InputError(f"{problem}; {remedy}" for problem in problems)


def _other_code(recorded: Recorded, found: Mapping[str, str], features: FeatureSet) -> Iterator[str]:
    known, version = recorded.manifest["feature_fingerprints"], f"version {recorded.version}"
    for name in known:
        if name not in found:
            modules = ", ".join(recorded.spec.training_set.features)
            yield f"feature '{name}': in {version}, but not in the code of {modules}"
        elif found[name] != known[name]:
            yield f"feature '{name}': its code is not what {version} was built by"
    for name in found:
        if name not in known:
            yield f"feature '{name}': in the code, but not in {version}"
    order = [name for name in recorded.manifest["columns"] if name in known]
    if set(order) == set(features.names) and order != list(features.names):
        yield f"features: {version} has them in the order {', '.join(order)}, the code in another one"
