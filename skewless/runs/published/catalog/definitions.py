"""A resolved training set and its functions → its features as entries, in the order of the result's columns."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from skewless.config import JoinedTable, PublishableTrainingSet
from skewless.config.words import aggregation_in_words, column_in_words
from skewless.ground.names import EVENT_TIMESTAMP
from skewless.runs.published.catalog.entries import (
    COLUMN,
    FUNCTION,
    WINDOW,
    Entry,
    columns_behind,
    holder_of,
)
from skewless.runs.published.catalog.known_table import KnownTable
from skewless.runs.published.catalog.known_tables import Tables
from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.definitions.definition import FeatureDefinition
from skewless.serving.definitions.docstrings import paragraphs, summary
from skewless.serving.errors import FeatureError
from skewless.serving.plan.document.column_types import column_type, spelling
from skewless.serving.plan.document.result_columns import joined
from skewless.serving.plan.serve.tables import read_by, result_type
from skewless.serving.sets.feature_set import FeatureSet

LABEL_EVENTS = "labels"


@dataclass(frozen=True)
class DefinedSet:
    """A training set as the configuration has it, with what is published of it and what is known of its tables."""

    spec: PublishableTrainingSet
    features: FeatureSet
    published: KnownTable
    tables: dict[str, KnownTable]

    @property
    def name(self) -> str:
        return self.spec.training_set.name

    @classmethod
    def of(cls, spec: PublishableTrainingSet, features: FeatureSet, known: Tables) -> DefinedSet:
        """With all that is published of it."""
        published = known.training_set(spec.training_set.name, spec.output)
        return cls.among(spec, features, published, known)

    @classmethod
    def among(
        cls, spec: PublishableTrainingSet, features: FeatureSet, published: KnownTable, known: Tables
    ) -> DefinedSet:
        tables = {
            join.name: known.feature_table(f"feature table '{join.table.name}'", join.table.source)
            for join in spec.joins
        }
        return cls(spec, features, published, tables)

    def entries(self) -> list[Entry]:
        """Every joined column, window and function."""
        found = [entry for join in self.spec.joins for entry in (*self._columns(join), *self._windows(join))]
        inputs = {each.name: each.inputs for each in found}
        inputs |= {each.name: self._inputs(each, inputs) for each in self.features.features}
        return [*found, *(self._of_function(each, inputs) for each in self.features.features)]

    def _columns(self, join: JoinedTable) -> Iterator[Entry]:
        known = self.tables[join.name]
        for column in self._selected(join, known):
            there = known.column(column)
            source = (f"{join.table.name}.{column}",)
            name = joined(join.name, column)
            kind, comment = (there.type, there.comment) if there else (None, "")
            words = column_in_words(join, column)
            held = holder_of(self.name, self.published, name)
            yield Entry(name, COLUMN, kind, comment, words, "", source, source, (held,))

    def _windows(self, join: JoinedTable) -> Iterator[Entry]:
        known = self.tables[join.name]
        for spec in join.table.aggregations:
            aggregation = Aggregation.from_spec(spec)
            name = joined(join.name, aggregation.name)
            where = spec.get("where")
            words = aggregation_in_words(join, aggregation, None if where is None else str(where))
            read = tuple(read_by(aggregation)) or (str(join.table.event_timestamp),)
            source = tuple(f"{join.table.name}.{column}" for column in dict.fromkeys(read))
            held = holder_of(self.name, self.published, name)
            yield Entry(name, WINDOW, _type_of(aggregation, known), "", words, "", source, source, (held,))

    def _selected(self, join: JoinedTable, known: KnownTable) -> list[str]:
        """The columns that are joined; of a table that says nothing of them and cannot be read those of the newest
        version.
        """
        table = join.table
        if table.columns is not None:
            there = (known.column(name) for name in table.columns)
            return [each.name if each else name for name, each in zip(table.columns, there, strict=True)]
        roles = (*table.entity_keys, table.event_timestamp, table.available_at, table.valid_until)
        taken = {name.casefold() for name in roles if name}
        if known.columns:
            return [each.name for each in known.columns if each.name.casefold() not in taken]
        plans = [each.manifest.get("serving_plan", {}) for each in self.published.versions[-1:]]
        parts = (
            part for plan in plans for part in plan.get("feature_tables", ()) if part["name"] == join.name
        )
        return [column for part in parts for column in part["columns"]]

    def _inputs(
        self, definition: FeatureDefinition, joined_columns: dict[str, tuple[str, ...]]
    ) -> tuple[str, ...]:
        """A function's inputs: other features by their name, columns of the label events by where they are."""
        own = {*joined_columns, *self.features.names}
        return tuple(
            name if name in own else self._source(name)
            for name in (parameter.name for parameter in definition.parameters)
        )

    def _source(self, name: str) -> str:
        """Where an input comes from that is no feature: a label event, or a table of which nothing is known."""
        prefix, separator, column = name.partition("__")
        table = next((join.table.name for join in self.spec.joins if join.name == prefix), None)
        if separator and table:
            return f"{table}.{column}"
        labels = self.spec.training_set.labels
        return f"{LABEL_EVENTS}.{labels.event_timestamp if name == EVENT_TIMESTAMP else name}"

    def _of_function(self, definition: FeatureDefinition, inputs: dict[str, tuple[str, ...]]) -> Entry:
        name = definition.name
        docstring = inspect.getdoc(definition.function) or ""
        is_docstring = definition.description == summary(docstring)
        text = paragraphs(docstring) if is_docstring else definition.description
        columns = tuple(dict.fromkeys(columns_behind(name, inputs)))
        held = holder_of(self.name, self.published, name, self.features.fingerprints[name])
        computed = f"function of {definition.module}"
        kind = spelling(definition.returns)
        return Entry(name, FUNCTION, kind, text, computed, definition.owner, inputs[name], columns, (held,))


def _type_of(aggregation: Aggregation, known: KnownTable) -> str | None:
    """The type of its result, None where that of its column is not known."""
    types = {each.name: column_type(each.type) for each in known.columns}
    column = aggregation.column and known.column(aggregation.column)
    if aggregation.column is not None and not column:
        return None
    try:
        spelt = aggregation._replace(column=column.name if column else None)
        return result_type(spelt, types).text
    except FeatureError:
        return None
