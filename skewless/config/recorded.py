"""The specs that a manifest keeps → the training set as it was resolved when they were written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skewless.config.documents import Document, Problem
from skewless.config.refusals import SpecT, spec_of
from skewless.config.resolution import PublishableTrainingSet, ResolvedTrainingSet, joins_of, publishable
from skewless.config.specs.feature_table import FeatureTable
from skewless.config.specs.log_mapping import LogMapping
from skewless.config.specs.training_set import TrainingSet
from skewless.ground.errors import InputError


def recorded_training_set(origin: str, specs: Mapping[str, Any]) -> PublishableTrainingSet:
    """The training set of which `ResolvedTrainingSet.to_document` made these specs; `origin` names them in messages.

    Nothing is looked up in a configuration and no variable is replaced. The suite is not among the specs: None.
    Errors: InputError with everything in them that this version of skewless cannot read.
    """
    problems: list[Problem] = []
    document = Document(f"{origin}: training set", specs["training_set"])
    training_set = _read(document, TrainingSet, problems)
    tables = {
        name: _read(Document(f"{origin}: feature table '{name}'", content), FeatureTable, problems)
        for name, content in specs["feature_tables"].items()
    }
    log = _read(Document(f"{origin}: log", specs["log"]), LogMapping, problems) if "log" in specs else None
    if training_set is not None:
        joins, wrong = joins_of(document, training_set, {name: each for name, each in tables.items() if each})
        problems += wrong
    if training_set is None or problems:
        raise InputError(str(problem) for problem in problems)
    return publishable(ResolvedTrainingSet(training_set, tuple(joins), None, log))


def _read(document: Document, model: type[SpecT], problems: list[Problem]) -> SpecT | None:
    spec, wrong = spec_of(document, model)
    problems += wrong
    return spec
