"""The models of the configuration → JSON Schemas, by which an editor completes and checks the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from skewless.config import durations
from skewless.config.shapes import JsonSchema
from skewless.config.specs.base import Spec
from skewless.config.specs.feature_table import FeatureTable
from skewless.config.specs.log_mapping import LogMapping
from skewless.config.specs.monitoring import Monitoring
from skewless.config.specs.training_set import TrainingSet

DRAFT = "http://json-schema.org/draft-07/schema#"  # newer ones editors read in part only
FOLDERS = {
    "feature_table": "feature_tables",
    "training_set": "training_sets",
    "log": "logs",
    "monitoring": "monitoring",
}
"""Kind of file → the folder of the configuration directory that holds files of this kind."""
_MODELS: Mapping[str, type[Spec]] = {
    "feature_table": FeatureTable,
    "training_set": TrainingSet,
    "log": LogMapping,
    "monitoring": Monitoring,
}


def json_schemas() -> dict[str, JsonSchema]:
    """Kind of file → its JSON Schema, with no reference in it.

    What it refuses, `skewless check` refuses too. The reverse does not hold: what needs another file (a table's name)
    or a parser (a predicate), numbers in durations, and names that differ in case only are for `skewless check`.
    """
    return {kind: _schema_of(model) for kind, model in _MODELS.items()}


def _schema_of(model: type[Spec]) -> JsonSchema:
    schema = model.model_json_schema(schema_generator=_Plain)
    sections = schema.pop("$defs", {})
    return {"$schema": DRAFT, **_inlined(schema, sections)}


def _inlined(schema: Any, sections: Mapping[str, JsonSchema]) -> Any:
    """The schema with each section where it is used: in this draft nothing beside a reference counts."""
    if isinstance(schema, list):
        return [_inlined(item, sections) for item in schema]
    if not isinstance(schema, dict):
        return schema
    own = {key: _inlined(value, sections) for key, value in schema.items() if key != "$ref"}
    if "$ref" not in schema:
        return own
    return {**_inlined(sections[schema["$ref"].rpartition("/")[2]], sections), **own}


class _Plain(GenerateJsonSchema):
    """Without titles made of names, and without defaults that only say that nothing was written."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> JsonSchema:
        json_schema = super().default_schema(schema)
        if json_schema.get("default", ...) is None:
            del json_schema["default"]
        return json_schema

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return durations.shortest(dft)
        return dft.to_document() if isinstance(dft, Spec) else super().encode_default(dft)

    def model_schema(self, schema: Any) -> JsonSchema:
        json_schema = super().model_schema(schema)
        json_schema.pop("title", None)
        json_schema["description"] = json_schema["description"].partition("\n\n")[0]
        return json_schema
