"""The specs that a manifest keeps → the training set as it was resolved when they were written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.pit.config.documents import Document, Problem
from jobs.pit.config.log_mapping import LogMapping
from jobs.pit.config.refusals import SpecT, spec_of
from jobs.pit.config.resolution import JoinedTable, ResolvedTrainingSet, joined_table
from jobs.pit.config.specs import FeatureTable, TrainingSet
from jobs.pit.errors import InputError


def recorded_training_set(origin: str, specs: Mapping[str, Any]) -> ResolvedTrainingSet:
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
    joins = [] if training_set is None else _joins(document, training_set, tables, problems)
    if training_set is None or problems:
        raise InputError(str(problem) for problem in problems)
    return ResolvedTrainingSet(training_set, tuple(joins), None, log)


def _read(document: Document, model: type[SpecT], problems: list[Problem]) -> SpecT | None:
    spec, wrong = spec_of(document, model)
    problems += wrong
    return spec


def _joins(
    document: Document,
    training_set: TrainingSet,
    tables: Mapping[str, FeatureTable | None],
    problems: list[Problem],
) -> list[JoinedTable]:
    joins = []
    for index, join in enumerate(training_set.feature_tables):
        if (table := tables.get(join.table)) is not None:
            joined, wrong = joined_table(document, index, join, table, training_set.labels)
            joins.append(joined)
            problems += wrong
    return joins
