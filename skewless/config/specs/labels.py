"""What `labels` of a training set may say."""

from __future__ import annotations

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from skewless.config import shapes
from skewless.config.specs.base import Spec, is_in_memory
from skewless.config.values import Column, Location, SomeColumns, Text, Views, Zone, refusal
from skewless.ground.names import collisions


class Labels(Spec):
    """Where the label events come from and which of their columns mean what."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                shapes.case(
                    shapes.given("query"),
                    then={
                        "required": ["sources"],
                        "properties": {"source": shapes.NULL, "sources": {"minProperties": 1}},
                    },
                    otherwise={
                        "allOf": [shapes.given("source"), {"properties": {"sources": {"maxProperties": 0}}}]
                    },
                )
            ]
        }
    )

    query: Text | None = Field(
        default=None,
        examples=["SELECT * FROM flights WHERE NOT cancelled"],
        description="A deterministic Spark SQL SELECT over `sources`, instead of `source`.",
    )
    source: Location | None = Field(
        default=None,
        validate_default=True,
        examples=["${WAREHOUSE}/flight_labels"],
        description="The table of label events: a path, or a name in the catalog. Either this or `query` is required, "
        "and not both.",
    )
    sources: Views = Field(
        default={},
        validate_default=True,
        examples=[{"flights": "${WAREHOUSE}/flights"}],
        description="The tables that `query` reads, from view to table; required beside it, refused without it.",
    )
    entity_keys: SomeColumns = Field(
        examples=[["tailnum", "origin"]], description="The columns that name the entities of a prediction."
    )
    event_timestamp: Column = Field(
        examples=["predict_at"],
        description="The column of T, the moment the prediction was, or would have been, made.",
    )
    label_columns: SomeColumns = Field(
        examples=[["late"]],
        description="What is to be learned; no input of a feature. Refused: an entity key, the event timestamp.",
    )
    label_available_at: Column | None = Field(
        default=None,
        examples=["arrived_at"],
        description="The column of when the outcome was known. Label events whose outcome is not known at --as-of, or "
        "that have a null here, are left for a later run.",
    )
    where: Text | None = Field(
        default=None,
        examples=["late IS NOT NULL"],
        description="Only label events for which this predicate, in Spark SQL, is true. Refused: what looks at more "
        "than one row, a clock or chance.",
    )
    timezone: Zone | None = Field(
        default=None,
        examples=["America/New_York"],
        description="The zone of time columns that have none (TIMESTAMP_NTZ, DATE). Without it TIMESTAMP_NTZ is "
        "refused, and dates are midnight UTC.",
    )

    @field_validator("source")
    @classmethod
    def _one_origin(cls, source: str | None, info: ValidationInfo) -> str | None:
        if "query" not in info.data:
            return source
        query = info.data["query"]
        if source is None and query is None and not is_in_memory(info):
            raise refusal("missing; add it, or query and its sources")
        if source is not None and query is not None:
            raise refusal("source and query are both written; remove one")
        return source

    @field_validator("sources")
    @classmethod
    def _sources_of_query(cls, sources: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        query = info.data.get("query")
        if query is not None and not sources:
            raise refusal("missing; a query needs the tables it reads, {view: table}")
        if sources and "query" in info.data and query is None:
            raise refusal("sources belong to a query; remove them or write the query")
        if repeated := collisions(sources):
            raise refusal(f"{', '.join(repeated)} written twice; view names ignore case")
        return sources

    @field_validator("label_columns")
    @classmethod
    def _labels_only(cls, columns: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        taken = {key.casefold(): "an entity key" for key in info.data.get("entity_keys", ())}
        if "event_timestamp" in info.data:
            taken[info.data["event_timestamp"].casefold()] = "the event timestamp"
        for column in columns:
            if column.casefold() in taken:
                raise refusal(f"'{column}' is {taken[column.casefold()]}, not a label; remove it")
        return columns
