"""Feast's registry in JSON → views, services and sources as plain values; its keys are those of Feast's messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]

NO_ENTITY = "__dummy"
"""Feast's entity of a view about the whole world."""

_OF_STREAMS = "only its batch source is read here; what a stream writes has to land in that table too"
_OF_AGGREGATIONS = "write it as an item of `aggregations`, exact to the event"
_OF_EMBEDDINGS = "it is joined as an array; searching stays with the vector store"
_OF_CODE = "write what it computes as a feature function, or as a job that writes the table"


@dataclass(frozen=True)
class Source:
    """Where a view's rows are. `kind` is what Feast calls it, such as `file`, `spark`, `bigquery`."""

    name: str
    kind: str
    place: str
    is_delta: bool
    query: str
    event_timestamp: str
    created: str
    own_names: Mapping[str, str] = field(default_factory=dict)
    """Feast's name of a column → that in the source, of those that are mapped."""

    def column(self, name: str) -> str:
        return self.own_names.get(name, name)


@dataclass(frozen=True)
class ByHand:
    """Something of a view that has no place in a feature table: what it does, and what to do instead."""

    what: str
    remedy: str


@dataclass(frozen=True)
class View:
    """A feature view: `columns` and `keys` by Feast's names, with `types` as Feast spells them; `ttl` in seconds."""

    name: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    types: Mapping[str, str]
    ttl: float
    source: Source | None
    description: str
    owner: str
    by_hand: tuple[ByHand, ...]


@dataclass(frozen=True)
class Projection:
    """What a service takes of a view, under which name, and which columns of the entities its keys are joined to."""

    view: str
    columns: tuple[str, ...]
    alias: str
    join_keys: Mapping[str, str]


@dataclass(frozen=True)
class Service:
    name: str
    projections: tuple[Projection, ...]
    description: str
    owner: str


@dataclass(frozen=True)
class OnDemand:
    """A transformation at request time: its inputs with their types, its outputs likewise, and its source code."""

    name: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Definitions:
    views: Sequence[View]
    services: Sequence[Service]
    on_demand: Sequence[OnDemand]
    label_views: Sequence[View]


def read_definitions(registry: Json) -> Definitions:
    keys = {each["spec"]["name"]: each["spec"].get("joinKey", "") for each in registry.get("entities", ())}
    batch = [_view(spec, keys, ()) for spec in _specs(registry, "featureViews")]
    stream = [
        _view(spec, keys, (ByHand("is a stream view", _OF_CODE),))
        for spec in _specs(registry, "streamFeatureViews")
    ]
    return Definitions(
        sorted([*batch, *stream], key=lambda each: each.name),
        sorted((_service(spec) for spec in _specs(registry, "featureServices")), key=lambda each: each.name),
        [_on_demand(spec) for spec in _specs(registry, "onDemandFeatureViews")],
        [_view(spec, keys, ()) for spec in _specs(registry, "labelViews")],
    )


def _specs(registry: Json, kind: str) -> Iterator[Json]:
    for each in registry.get(kind, ()):
        yield each["spec"]


def _view(spec: Json, keys: Mapping[str, str], by_hand: tuple[ByHand, ...]) -> View:
    features = spec.get("features", ())
    source = spec.get("batchSource") or spec.get("source", {})
    found = [*by_hand, *_not_carried(spec)]
    found += [
        ByHand(f"`{each['name']}` is an embedding that is searched", _OF_EMBEDDINGS)
        for each in features
        if each.get("vectorIndex")
    ]
    return View(
        spec["name"],
        tuple(keys.get(name, name) for name in spec.get("entities", ()) if name != NO_ENTITY),
        tuple(each["name"] for each in features),
        {each["name"]: each.get("valueType", "") for each in features},
        float(spec.get("ttl", "0s").removesuffix("s")),
        _source(source.get("batchSource", source)) if source else None,
        spec.get("description", ""),
        spec.get("owner", ""),
        tuple(found),
    )


def _not_carried(spec: Json) -> Iterator[ByHand]:
    """What of a view has no place in a feature table."""
    stream = spec.get("streamSource", {})
    if stream:
        kind = stream.get("type", "").lower().replace("_", " ")
        yield ByHand(f"is fed by `{stream.get('name')}` ({kind}) too", _OF_STREAMS)
    for each in spec.get("aggregations", ()):
        window = f"{each.get('timeWindow', '')}".removesuffix("s")
        what = f"aggregates: {each.get('function')} of `{each.get('column')}` over {window} seconds"
        yield ByHand(what, _OF_AGGREGATIONS)
    if spec.get("userDefinedFunction") or spec.get("featureTransformation"):
        yield ByHand("transforms its source in Python", _OF_CODE)


def _source(spec: Json) -> Source:
    kind = spec.get("type", "").removeprefix("BATCH_").lower()
    options: Json = next((value for key, value in spec.items() if key.endswith("Options")), {})
    named = [options[key] for key in ("database", "schema", "table") if options.get(key)]
    formats = {**options.get("fileFormat", {})} if isinstance(options.get("fileFormat"), dict) else {}
    formats |= options.get("tableFormat", {})
    return Source(
        spec.get("name") or "source",
        kind,
        options.get("uri") or options.get("path") or ".".join(named),
        any("delta" in f"{key} {value}".lower() for key, value in formats.items()),
        options.get("query", ""),
        spec.get("timestampField", ""),
        spec.get("createdTimestampColumn", ""),
        {feast: own for own, feast in spec.get("fieldMapping", {}).items()},
    )


def _service(spec: Json) -> Service:
    projections = (
        Projection(
            each["featureViewName"],
            tuple(column["name"] for column in each.get("featureColumns", ())),
            each.get("featureViewNameAlias") or each["featureViewName"],
            each.get("joinKeyMap", {}),
        )
        for each in spec.get("features", ())
    )
    return Service(spec["name"], tuple(projections), spec.get("description", ""), spec.get("owner", ""))


def _on_demand(spec: Json) -> OnDemand:
    inputs: dict[str, str] = {}
    for source in spec.get("sources", {}).values():
        projection = source.get("featureViewProjection", {})
        view = projection.get("featureViewNameAlias") or projection.get("featureViewName")
        for column in projection.get("featureColumns", ()):
            inputs[f"{view}__{column['name']}"] = column.get("valueType", "")
        request = source.get("requestDataSource", {}).get("requestDataOptions", {})
        inputs |= {each["name"]: each.get("valueType", "") for each in request.get("schema", ())}
    transformation = spec.get("featureTransformation", {})
    code = transformation.get("userDefinedFunction") or spec.get("userDefinedFunction") or {}
    body = code.get("bodyText", "") or transformation.get("substraitTransformation", {}).get(
        "ibisFunction", ""
    )
    used = {name: kind for name, kind in inputs.items() if _is_used(name, body)}
    outputs = {each["name"]: each.get("valueType", "") for each in spec.get("features", ())}
    return OnDemand(spec["name"], used or inputs, outputs, body if isinstance(body, str) else "")


def _is_used(name: str, body: str) -> bool:
    return re.search(rf"\b{re.escape(name.rpartition('__')[2])}\b", body) is not None
