"""What a request has to carry: the label columns that join and that functions take, read by the plan's types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from skewless.serving.definitions.annotations import ValueType
from skewless.serving.errors import FeatureError, nearest, raised, shown
from skewless.serving.plan.document.column_types import ColumnType
from skewless.serving.plan.serve.column_values import accepting, instants
from skewless.serving.plan.serve.tables import JoinedTable, LabelEvents
from skewless.serving.sets.feature_set import FeatureSet
from skewless.serving.values.checks import Refused, input_check
from skewless.serving.values.instants import micros

T = "event_timestamp"
"""The input that is always T, whatever the label events call their column."""

moment = input_check(ValueType(dt.datetime)).one
"""An aware datetime in UTC; Refused for anything else."""


class Asked(NamedTuple):
    """A request that was read: its values by the plan's types, T in microseconds, and what names the label event."""

    values: Mapping[str, Any]
    at: int | None
    label_event: Mapping[str, Any]


class RequestReader(NamedTuple):
    """Reads a request: name → how its non-null values are taken.

    `time` is the label events' time column and its reading as an instant: where the request carries it, it
    has to be T. `is_derived` says that functions take that column and that T itself is its value.
    """

    columns: tuple[tuple[str, Callable[[Any], Any]], ...]
    time: str
    instant: Callable[[Any], int]
    is_derived: bool
    entity_keys: tuple[str, ...]

    @classmethod
    def of(cls, labels: LabelEvents, tables: tuple[JoinedTable, ...], features: FeatureSet) -> RequestReader:
        """The reader of a plan's requests."""
        joining = [column for table in tables for _, column in table.join_keys]
        taken = [name for name in features.inputs if name in labels.columns and name != T]
        time = labels.event_timestamp
        is_derived = time in taken and time not in joining and labels.columns[time].kind == "timestamp"
        names = [name for name in dict.fromkeys([*joining, *taken]) if not (is_derived and name == time)]
        return cls(
            tuple((name, accepting(labels.columns[name])) for name in names),
            time,
            instants(labels.columns[time], labels.timezone),
            is_derived,
            labels.entity_keys,
        )

    def read(self, request: Mapping[str, Any], at: dt.datetime | None) -> dict[str, Any]:
        """The values of a request, and T; FeatureError with everything that is missing or of a wrong type."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        for name, accept in self.columns:
            try:
                value = request[name]
                values[name] = None if value is None else accept(value)
            except KeyError:
                problems.append(_missing(name, request))
            except Exception as error:
                problems.append(
                    f"request: column '{name}': {error if isinstance(error, Refused) else raised(error)}"
                )
        if self.time in request:
            problems += self._other_time(request[self.time], at)
        if problems:
            raise FeatureError(*problems)
        if self.is_derived:
            values[self.time] = at
        values[T] = at
        return values

    def label_event(self, request: Mapping[str, Any], at: dt.datetime | None) -> dict[str, Any]:
        """What names the label event in messages: its entity keys, as far as they are known, and T."""
        known = {key: request[key] for key in self.entity_keys if key in request}
        return {**known, self.time: at}

    def _other_time(self, value: Any, at: dt.datetime | None) -> list[str]:
        try:
            is_same = (value is None) == (at is None)
            if is_same and value is not None and at is not None:
                is_same = self.instant(value) == micros(at)
        except Exception as error:
            return [
                f"request: column '{self.time}': {error if isinstance(error, Refused) else raised(error)}"
            ]
        if is_same:
            return []
        return [
            f"request: column '{self.time}' is {shown(value)}, but at is {shown(at)}; they are one moment, T"
        ]


def input_problems(
    features: FeatureSet, labels: LabelEvents, tables: tuple[JoinedTable, ...]
) -> Iterator[str]:
    """What is wrong with the functions over a plan's columns: unknown, forbidden or of another type, a line each."""
    forbidden = {*labels.label_columns, labels.label_available_at or ""} - {T}
    kinds: dict[str, ColumnType] = dict(labels.columns)
    for table in tables:
        kinds.update(table.schema)
    yield from features.problems({*kinds, T})
    for definition in features.features:
        for name, declared in definition.parameters:
            subject = f"feature '{definition.name}': input '{name}'"
            if name in forbidden:
                yield f"{subject} is a label column or label_available_at, not known at T; remove it"
            elif name in kinds and name != T and name not in features.schema:
                given = kinds[name].value_type
                if given is None or not declared.takes(given):
                    yield f"{subject} is {kinds[name].text}, but declared {declared}"


def _missing(name: str, request: Mapping[str, Any]) -> str:
    names = sorted(map(str, request))
    match = nearest(name, names)
    hint = f"did you mean '{match}'?" if match else f"it has {', '.join(names) or 'nothing'}"
    return f"request: no column '{name}'; {hint}"
