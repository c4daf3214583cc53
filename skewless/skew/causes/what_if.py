"""What a sample's features would have been, had serving done one thing otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from skewless.ground.arrow_values import python_list
from skewless.ground.names import EVENT_TIMESTAMP
from skewless.parts.functions import FeatureSet
from skewless.serving.errors import FeatureError
from skewless.skew.causes.clocks import (
    Ints,
    Move,
    moves,
    zone_clocks,
)
from skewless.skew.causes.input_changes import InputChange, input_changes
from skewless.skew.causes.table_replay import Altered, Change, JoinedAgain, Sample
from skewless.training_set.on_driver.history import History


class WhatIf:
    """The sample with the histories behind it: what each feature would be under each change."""

    def __init__(
        self, sample: Sample, histories: Sequence[History], features: FeatureSet, zones: Sequence[str]
    ) -> None:
        self.sample, self.features = sample, features
        self.clocks = zone_clocks(zones)
        tables = [JoinedAgain(history, sample, self.clocks) for history in histories]
        self._tables = [table for table in tables if table.is_reproduced()]

    def changes(self, feature: str) -> Iterator[Change]:
        """Every change that could tell why this feature differs."""
        needed = self.inputs(feature)
        tables = [(table, wanted) for table in self._tables if (wanted := table.result_columns & needed)]
        for table, wanted in tables:
            yield from table.changes(wanted)
        yield from self._moves_of_t(needed, tables)
        if feature in self.features.schema:
            for name in sorted(needed & self.sample.columns.keys()):
                yield from self._of_input(name)

    def inputs(self, feature: str) -> set[str]:
        """The columns that a feature is computed from; a joined column alone is its own."""
        if feature in self.features.schema:
            return set(self.features.subset([feature]).inputs)
        return {feature}

    def values(self, feature: str, altered: Altered, which: Ints) -> pa.Array | None:
        """The feature with some of its inputs altered; None where the function fails on them."""
        if feature not in self.features.schema:
            return altered.get(feature)
        return self._computed(self.features.subset([feature]), feature, altered, which)

    def values_from(self, feature: str, given: Altered, which: Ints) -> pa.Array | None:
        """The function alone, its parameters as recomputed but for those given, which may be features themselves."""
        own = FeatureSet(each for each in self.features.features if each.name == feature)
        return self._computed(own, feature, given, which)

    def parameters(self, feature: str) -> list[str]:
        """What the function takes by name, features included; none for a joined column."""
        return [
            parameter.name
            for each in self.features.features
            if each.name == feature
            for parameter in each.parameters
        ]

    def behind(self, feature: str, place: int) -> Iterator[str]:
        """The feature rows from which one record's value came, as text, table by table."""
        needed = self.inputs(feature)
        for table in self._tables:
            if wanted := table.result_columns & needed:
                yield from table.behind(wanted, place)

    def _computed(self, own: FeatureSet, feature: str, altered: Altered, which: Ints) -> pa.Array | None:
        columns = {}
        for name in own.inputs:
            if name in altered:
                columns[name] = python_list(altered[name])
            else:
                listed = self.sample.listed(name)
                columns[name] = [listed[place] for place in which.tolist()]
        try:
            found = own.compute_batch(columns, len(which)).columns[feature]
            return pa.array(found, self.sample.columns[feature].type)
        except (FeatureError, pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            return None

    def _moves_of_t(
        self, needed: set[str], tables: Sequence[tuple[JoinedAgain, set[str]]]
    ) -> Iterator[Change]:
        """T moved for everything at once: for joins, windows and functions that take it."""
        tried = list(moves(self.clocks))
        for move in tried if EVENT_TIMESTAMP in needed and tables else ():

            def alter(which: Ints, move: Move = move) -> Altered:
                at = move(self.sample.at[which])
                altered: Altered = {EVENT_TIMESTAMP: _instants(at)}
                for table, wanted in tables:
                    altered |= table.values(wanted, which, at=at)
                return altered

            yield Change("timezone_shift", f"T {move.detail}", len(tried), alter)

    def _of_input(self, name: str) -> Iterator[Change]:
        column = self.sample.columns[name]
        tried = list(input_changes(column, self.clocks))
        count: dict[str, int] = {}
        for change in tried:
            count[change.cause] = count.get(change.cause, 0) + 1
        for change in tried:

            def alter(which: Ints, change: InputChange = change) -> Altered:
                return {name: change.apply(column.take(pa.array(which)))}

            yield Change(change.cause, f"input {name} {change.detail}", count[change.cause], alter)


def _instants(at: Ints) -> pa.Array:
    return pa.array(at).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
