"""The document of a serving plan: built from plain specs, fingerprinted part by part, and compared.

A part is a piece of the document that decides a value, small enough to be named when it differs: the delay of
a table, one aggregation, one function. Its fingerprint is the SHA-256 of its JSON with sorted keys; that of the
plan is of its parts' fingerprints. Names of the training set and of its version decide nothing and are no parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skewless.serving.code.recorded import digest
from skewless.serving.errors import FeatureError
from skewless.serving.plan.document.column_types import spelling
from skewless.serving.plan.document.result_columns import feature_columns
from skewless.serving.plan.serve.tables import JoinedTable, plain, read_labels, read_table
from skewless.serving.sets.feature_set import FeatureSet
from skewless.serving.values.durations import microseconds, shortest

FORMAT = 1
"""The version of the document and of what its fields mean. A change of either is another number."""

Document = dict[str, Any]


def label_events_part(
    *,
    entity_keys: Sequence[str],
    event_timestamp: str,
    columns: Mapping[str, str],
    label_columns: Sequence[str] = (),
    label_available_at: str | None = None,
    timezone: str | None = None,
) -> Document:
    """The part `label_events`; `columns` gives every column's type as Spark's `simpleString` spells it."""
    part = {
        "entity_keys": list(entity_keys),
        "event_timestamp": event_timestamp,
        "timezone": timezone,
        "label_columns": list(label_columns),
        "label_available_at": label_available_at,
        "columns": dict(columns),
    }
    read_labels(part)
    return part


def feature_table_part(  # noqa: PLR0913  (a table has as many keys)
    label_events: Document,
    *,
    name: str,
    table: str,
    join_keys: Sequence[tuple[str, str]],
    columns: Sequence[str],
    types: Mapping[str, str],
    event_timestamp: str | None = None,
    available_at: str | None = None,
    delay: object = None,
    max_age: object = None,
    valid_until: str | None = None,
    strict: bool = False,
    timezone: str | None = None,
    static: bool = False,
    aggregations: Sequence[Mapping[str, object]] = (),
) -> Document:
    """One of the `feature_tables`, with column names spelt as the table spells them.

    `name` is the as-name, `join_keys` are (table key, label column) pairs, `columns` the selected ones in the
    order that settles ties. `types` may hold the whole table's; those that decide nothing are left out.
    `delay` and `max_age` are a timedelta or a duration as configuration writes it, None for none. FeatureError
    lists everything that does not fit together.
    """
    part: Document = {
        "name": name,
        "table": table,
        "join_keys": [list(pair) for pair in join_keys],
        "event_timestamp": event_timestamp,
        "available_at": available_at,
        "delay": _duration("0s" if delay is None else delay),
        "max_age": None if max_age is None else _duration(max_age),
        "valid_until": valid_until,
        "strict": strict,
        "timezone": timezone,
        "static": static,
        "columns": list(columns),
        "types": dict(types),
        "aggregations": [plain(spec) for spec in aggregations],
    }
    checked = read_table(part, read_labels(label_events))
    part["types"] = {column: types[column] for column in types if column in _used(checked)}
    return part


def features_part(features: FeatureSet, modules: Sequence[str]) -> Document:
    """The part `features`: the importable modules, and what is known of each function."""
    fingerprints = features.fingerprints
    return {
        "modules": list(modules),
        "functions": [
            {
                "name": each.name,
                "module": each.module,
                "inputs": {name: str(declared) for name, declared in each.parameters},
                "returns": str(each.returns),
                "on_error": each.on_error,
                "fingerprint": fingerprints[each.name],
            }
            for each in features.features
        ],
    }


def plan_document(
    *,
    training_set: str,
    version: int | None,
    label_events: Document,
    feature_tables: Sequence[Document],
    features: FeatureSet,
    modules: Sequence[str],
) -> Document:
    """The whole document of a serving plan, fingerprints included: what `ServingPlan.load` reads."""
    labels = read_labels(label_events)
    document: Document = {
        "format": FORMAT,
        "training_set": training_set,
        "version": version,
        "label_events": label_events,
        "feature_tables": list(feature_tables),
        "features": features_part(features, modules),
        "columns": feature_columns(
            (read_table(each, labels).schema for each in feature_tables), features.names
        ),
    }
    parts = fingerprints_of(document)
    return {**document, "parts": parts, "fingerprint": total(parts)}


def schema_of(tables: Sequence[JoinedTable], features: FeatureSet) -> dict[str, str]:
    """Column → type, as Spark's `simpleString` spells it, in the order of the columns."""
    found = {column: kind.text for table in tables for column, kind in table.schema.items()}
    return {**found, **{name: spelling(returns) for name, returns in features.schema.items()}}


def fingerprints_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Part → fingerprint, of a document whose shape has been checked."""
    return {name: digest(content) for name, content in _parts(document)}


def total(parts: Mapping[str, str]) -> str:
    """The plan's fingerprint: of its parts' ones and of the format, which stands for what they mean."""
    return digest({"format": FORMAT, "parts": dict(parts)})


def edits(document: Mapping[str, Any]) -> list[str]:
    """What was changed in a document since its fingerprints were computed, a line a part."""
    found, written = fingerprints_of(document), document["parts"]
    problems = [
        f"{part}: not what was exported (its fingerprint differs); export the plan again, do not edit it"
        for part in found
        if part in written and written[part] != found[part]
    ]
    problems += [
        f"{part}: was not exported; remove it, or export the plan again"
        for part in found
        if part not in written
    ]
    problems += [
        f"{part}: was exported and is gone; export the plan again" for part in written if part not in found
    ]
    if not problems and total(found) != document["fingerprint"]:
        problems.append("fingerprint: is not that of the plan's parts; export the plan again")
    return problems


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in document["label_events"].items():
        yield f"label events: {key}", value
    yield "feature tables", [table["name"] for table in document["feature_tables"]]
    for table in document["feature_tables"]:
        subject = f"feature table '{table['name']}'"
        yield from ((f"{subject}: {key}", table[key]) for key in table if key not in ("name", "aggregations"))
        yield f"{subject}: aggregations", [each.get("name") for each in table["aggregations"]]
        for each in table["aggregations"]:
            yield f"{subject}: aggregation '{each.get('name')}'", each
    yield "features: modules", document["features"]["modules"]
    for function in document["features"]["functions"]:
        yield f"feature '{function['name']}'", function
    yield "columns", document["columns"]


def _used(table: JoinedTable) -> set[str]:
    times = (table.event_timestamp, table.available_at, table.valid_until)
    keys = (key for key, _ in table.join_keys)
    return {*keys, *table.columns, *table.event_columns, *(name for name in times if name)}


def _duration(value: object) -> str:
    try:
        return shortest(microseconds(value))
    except ValueError as error:
        raise FeatureError(str(error)) from None
