"""What a serving plan says of label events and feature tables, read and checked: dicts of JSON → specs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.aggregations.bounds import dates_problem
from skewless.serving.errors import FeatureError, nearest
from skewless.serving.plan.document import reading as read
from skewless.serving.plan.document.column_types import PADDED, TIMES, ColumnType, column_type
from skewless.serving.plan.document.result_columns import columns_of_table
from skewless.serving.predicates.predicate import bind, check, columns

LABEL_KEYS: dict[str, read.Reader] = {
    "entity_keys": read.list_of(read.text),
    "event_timestamp": read.text,
    "timezone": read.optional(read.zone),
    "label_columns": read.list_of(read.text),
    "label_available_at": read.optional(read.text),
    "columns": read.types,
}
TABLE_KEYS: dict[str, read.Reader] = {
    "name": read.text,
    "table": read.text,
    "join_keys": read.list_of(read.pair),
    "event_timestamp": read.optional(read.text),
    "available_at": read.optional(read.text),
    "delay": read.length,
    "max_age": read.optional(read.length),
    "valid_until": read.optional(read.text),
    "strict": read.flag,
    "timezone": read.optional(read.zone),
    "static": read.flag,
    "columns": read.list_of(read.text),
    "types": read.types,
    "aggregations": read.list_of(read.mapping),
}


class LabelEvents(NamedTuple):
    """The label events of a training set: which of their columns mean what, and the columns' types."""

    entity_keys: tuple[str, ...]
    event_timestamp: str
    timezone: dt.tzinfo | None
    label_columns: tuple[str, ...]
    label_available_at: str | None
    columns: Mapping[str, ColumnType]


class JoinedTable(NamedTuple):
    """A feature table as it is joined; durations in microseconds, a `max_age` of None is unlimited.

    `types` holds every column that decides a value: keys, times, selected columns, and those of aggregations.
    """

    name: str
    table: str
    join_keys: tuple[tuple[str, str], ...]
    event_timestamp: str | None
    available_at: str | None
    delay: int
    max_age: int | None
    valid_until: str | None
    strict: bool
    timezone: dt.tzinfo | None
    static: bool
    columns: tuple[str, ...]
    types: Mapping[str, ColumnType]
    aggregations: tuple[Aggregation, ...]

    @property
    def families(self) -> dict[str, str]:
        """The columns' types by the names that predicates and aggregations give them."""
        return {name: kind.family for name, kind in self.types.items()}

    @property
    def schema(self) -> dict[str, ColumnType]:
        """Result column → type, in order: selected columns, then aggregations."""
        names = columns_of_table(self.name, self.columns, [each.name for each in self.aggregations])
        types = [self.types[name] for name in self.columns]
        types += [result_type(each, self.types) for each in self.aggregations]
        return dict(zip(names, types, strict=True))

    @property
    def row_columns(self) -> tuple[str, ...]:
        """The columns that the as-of join reads: times, the end, and those that it selects."""
        times = (self.event_timestamp, self.available_at, self.valid_until)
        return tuple(dict.fromkeys((*(name for name in times if name), *self.columns)))

    @property
    def event_columns(self) -> tuple[str, ...]:
        """The columns that the aggregations read, times aside."""
        names = [name for each in self.aggregations for name in read_by(each)]
        return tuple(dict.fromkeys(names))


def read_labels(document: object) -> LabelEvents:
    """The label events of a plan, or FeatureError with every problem."""
    labels = LabelEvents(**read.read_object("label events", document, LABEL_KEYS))
    named = dict.fromkeys(labels.entity_keys, "entity_keys")
    named[labels.event_timestamp] = "event_timestamp"
    problems = [
        f"label events: no column '{name}' ({role}) in columns; add it"
        for name, role in named.items()
        if name not in labels.columns
    ]
    problems += _time_problems(
        "label events", labels.columns, {"event_timestamp": labels.event_timestamp}, labels.timezone
    )
    if problems:
        raise FeatureError(*problems)
    return labels


def read_table(document: object, labels: LabelEvents) -> JoinedTable:
    """One feature table of a plan, its aggregations spelt as its columns are, or FeatureError with every problem."""
    name = document.get("name") if isinstance(document, Mapping) else None
    subject = f"feature table '{name}'" if isinstance(name, str) else "feature table"
    values = read.read_object(subject, document, TABLE_KEYS)
    aggregations, problems = _aggregations(subject, values["aggregations"], values["types"])
    table = JoinedTable(**{**values, "aggregations": aggregations})
    problems += [f"{subject}: {problem}" for problem in _problems(table, labels)]
    if problems:
        raise FeatureError(*problems)
    return table


def result_type(aggregation: Aggregation, types: Mapping[str, ColumnType]) -> ColumnType:
    """The type of an aggregation's value, as Spark publishes it."""
    own = "" if aggregation.column is None else types[aggregation.column].text
    return column_type(aggregation.kind.gives(own))


def read_by(aggregation: Aggregation) -> tuple[str, ...]:
    """The columns that an aggregation reads, times aside: that of its values, then those of its predicate."""
    named = () if aggregation.column is None else (aggregation.column,)
    return named if aggregation.where is None else (*named, *columns(aggregation.where))


def _aggregations(
    subject: str, specs: tuple[Mapping[str, object], ...], types: Mapping[str, ColumnType]
) -> tuple[tuple[Aggregation, ...], list[str]]:
    found: list[Aggregation] = []
    problems: list[str] = []
    for spec in specs:
        try:
            found.append(_spelt(Aggregation.from_spec(spec), types))
        except FeatureError as error:
            problems += [f"{subject}: {problem}" for problem in error.problems]
    return tuple(found), problems


def _spelt(aggregation: Aggregation, types: Mapping[str, ColumnType]) -> Aggregation:
    by_folded = {name.casefold(): name for name in types}
    name = aggregation.column
    if name is not None and name not in types:
        name = by_folded.get(name.casefold(), name)
    where = aggregation.where
    return aggregation._replace(column=name, where=None if where is None else bind(where, types))


def _problems(table: JoinedTable, labels: LabelEvents) -> Iterator[str]:
    times = {role: getattr(table, role) for role in ("event_timestamp", "available_at", "valid_until")}
    if table.static and (any(times.values()) or table.max_age is not None or table.aggregations):
        yield "static, and yet with times, max_age or aggregations; export the plan again"
    if not table.static and table.event_timestamp is None:
        yield "no event_timestamp, and not static; export the plan again"
    roles = [
        *((key, "join_keys") for key, _ in table.join_keys),
        *((name, "columns") for name in table.columns),
    ]
    roles += [(name, role) for role, name in times.items() if name]
    for name, role in roles:
        if name not in table.types:
            yield f"column '{name}' ({role}) has no type; add it to types"
        elif role == "columns" and not table.types[name].is_known:
            yield f"column '{name}' is {table.types[name].text}, which rows cannot carry; leave it out"
    yield from _time_problems("", table.types, times, table.timezone)
    yield from _key_problems(table, labels)
    for each in table.aggregations:
        yield from (f"aggregation '{each.name}': {problem}" for problem in _wrong(each, table))


def _key_problems(table: JoinedTable, labels: LabelEvents) -> Iterator[str]:
    for key, label_column in table.join_keys:
        if label_column not in labels.columns:
            yield f"key '{key}' joins '{label_column}', no column of the label events"
        elif key in table.types:
            own, other = table.types[key], labels.columns[label_column]
            if own.key_kind is None or own.key_kind != other.key_kind:
                yield f"key '{key}' is {own.text} but label column '{label_column}' is {other.text}; cast one of them"


def _time_problems(
    subject: str, types: Mapping[str, ColumnType], times: Mapping[str, str | None], zone: dt.tzinfo | None
) -> list[str]:
    before = f"{subject}: " if subject else ""
    problems = []
    for role, name in times.items():
        kind = types.get(name or "")
        if kind is None:
            continue
        if kind.kind not in TIMES:
            problems.append(
                f"{before}time column '{name}' ({role}) is {kind.text}; a time is a timestamp, or a date"
            )
        elif kind.kind == "timestamp_ntz" and zone is None:
            problems.append(
                f"{before}time column '{name}' ({role}) is timestamp_ntz; declare timezone: Area/City"
            )
    return problems


def _wrong(aggregation: Aggregation, table: JoinedTable) -> Iterator[str]:
    """What is wrong with an aggregation over the table's columns."""
    name, allowed, families = aggregation.column, aggregation.kind.takes, table.families
    if name is not None and name not in table.types:
        match = nearest(name, list(table.types))
        yield f"no column '{name}'; " + (f"did you mean '{match}'?" if match else "add it to types")
    elif name is not None and allowed is not None and families[name] not in allowed:
        yield f"{aggregation.function} takes no {table.types[name].text} (column '{name}')"
    moment = table.event_timestamp or ""
    are_dates = moment in table.types and table.types[moment].kind == "date" and table.timezone is None
    if are_dates and (problem := dates_problem(aggregation.window, moment)):
        yield problem
    if aggregation.where is not None:
        read = [
            each for each in columns(aggregation.where) if each in table.types and table.types[each].width
        ]
        yield from (f"where: column '{each}' {PADDED}" for each in read)
        yield from (f"where: {problem}" for problem in check(aggregation.where, families))


def plain(value: Any) -> Any:
    """A value of a spec as JSON writes it: durations and decimals as text, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)
