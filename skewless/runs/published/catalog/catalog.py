"""The whole configuration → a catalog: its training sets, their features, and what could not be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skewless.config import Configuration
from skewless.ground.errors import InputError
from skewless.runs.published.catalog.definitions import DefinedSet
from skewless.runs.published.catalog.entries import Entry, merged
from skewless.runs.published.catalog.known_tables import Tables
from skewless.serving.errors import FeatureError
from skewless.serving.sets.feature_set import FeatureSet


@dataclass(frozen=True)
class Catalog:
    """Training sets with their features; equal features of several are one entry. `notes` is what is not known, why."""

    sets: Sequence[DefinedSet]
    entries: Sequence[Entry]
    notes: Sequence[str]

    def entries_of(self, training_set: str) -> list[Entry]:
        return [
            each for each in self.entries if any(held.training_set == training_set for held in each.holders)
        ]

    def to_json(self) -> dict[str, Any]:
        sets = {
            each.name: {
                "output": each.spec.output,
                "versions": [one.version for one in each.published.versions],
                "features": [entry.name for entry in self.entries_of(each.name)],
            }
            for each in self.sets
        }
        features = [entry.to_json() for entry in self.entries]
        return {"training_sets": sets, "features": features, "notes": list(self.notes)}


def catalog_of(configuration: Configuration, known: Tables) -> Catalog:
    """Errors: InputError with every problem of the configuration and of the feature modules."""
    configuration.check()
    sets: list[DefinedSet] = []
    problems: list[str] = []
    for name in sorted(configuration.training_sets):
        spec = configuration.training_set(name)
        try:
            features = FeatureSet.from_modules(spec.training_set.features)
        except FeatureError as error:
            problems += error.problems
            continue
        sets.append(DefinedSet.of(spec, features, known))
    if problems:
        raise InputError(dict.fromkeys(problems))
    entries = merged([entry for each in sets for entry in each.entries()])
    notes = [*known.notes, *(line for each in sets for line in each.spec.warnings)]
    return Catalog(sets, entries, list(dict.fromkeys(notes)))
