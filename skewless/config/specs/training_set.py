"""What `conf/training_sets/NAME.yml` may say: label events, what is joined to them, and where the result goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from skewless.config.specs.base import Spec
from skewless.config.specs.log import FromLog, as_from_log
from skewless.config.specs.reconciling import Reconcile
from skewless.config.values import (
    Column,
    KeyColumns,
    Location,
    Modules,
    Name,
    SomeColumns,
    SomeTime,
    Text,
    Views,
    Zone,
    as_tuple,
    refusal,
)
from skewless.ground.names import collisions

IN_MEMORY = {"in_memory": True}
"""The validation context of a training set that is not published: no output, no label source needed."""


class TableJoin(Spec):
    """One feature table of a training set, under its own name or under another one."""

    table: Name
    alias: Name | None = Field(default=None, alias="as")
    join_keys: KeyColumns = Field(default={})

    @field_validator("join_keys")
    @classmethod
    def _keys_once(cls, keys: dict[str, str]) -> dict[str, str]:
        if repeated := collisions(keys):
            raise refusal(
                f"{', '.join(repeated)} written twice (names compare case-insensitively); remove one"
            )
        return keys

    @property
    def as_name(self) -> str:
        return self.alias or self.table


def _as_join(item: Any) -> Any:
    return {"table": item} if isinstance(item, str) else item


Joins = Annotated[
    tuple[Annotated[TableJoin, BeforeValidator(_as_join)], ...],
    BeforeValidator(as_tuple),
]


class Labels(Spec):
    """Where the label events come from and which of their columns mean what."""

    query: Text | None = None
    source: Location | None = Field(default=None, validate_default=True)
    sources: Views = Field(default={}, validate_default=True)
    entity_keys: SomeColumns
    event_timestamp: Column
    label_columns: SomeColumns
    label_available_at: Column | None = None
    where: Text | None = None
    timezone: Zone | None = None

    @field_validator("source")
    @classmethod
    def _one_origin(cls, source: str | None, info: ValidationInfo) -> str | None:
        if "query" not in info.data:
            return source
        query = info.data["query"]
        if source is None and query is None and not _is_in_memory(info):
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


class Sample(Spec):
    """A share of the label events, the same rows every time; `keys` None means the entity keys."""

    fraction: float
    keys: SomeColumns | None = None

    @field_validator("fraction")
    @classmethod
    def _share(cls, fraction: float) -> float:
        if not 0 < fraction <= 1:
            raise refusal(f"expected a share above 0 and up to 1, found {fraction:g}")
        return fraction


class TrainingSet(Spec):
    """Label events, the tables joined to them, the functions over both, and where the result goes.

    `output`, and the source and the query of `labels`, may be None only in specs given as dicts. `require_fresh` is
    that of each joined table with a history that has none of its own.
    """

    name: Name
    labels: Labels
    feature_tables: Joins = ()
    features: Modules = ()
    output: Location | None = Field(default=None, validate_default=True)
    expectations: Name | None = None
    sample: Sample | None = None
    parity_sample: int | None = None
    reconcile: Reconcile = Reconcile()
    log: Annotated[FromLog, BeforeValidator(as_from_log)] | None = None
    require_fresh: SomeTime = None

    @field_validator("feature_tables")
    @classmethod
    def _as_names_once(cls, joins: tuple[TableJoin, ...]) -> tuple[TableJoin, ...]:
        if repeated := collisions(join.as_name for join in joins):
            raise refusal(f"{', '.join(repeated)} joined twice; give one of them another name with as")
        return joins

    @field_validator("output")
    @classmethod
    def _has_output(cls, output: str | None, info: ValidationInfo) -> str | None:
        if output is None and not _is_in_memory(info):
            raise refusal("missing; add it")
        return output

    @field_validator("parity_sample")
    @classmethod
    def _not_negative(cls, rows: int | None) -> int | None:
        if rows is not None and rows < 0:
            raise refusal(f"expected a number of label events from 0 on, found {rows}")
        return rows

    @property
    def sample_keys(self) -> tuple[str, ...]:
        """The columns whose hash decides the sample."""
        return (self.sample and self.sample.keys) or self.labels.entity_keys


def _is_in_memory(info: ValidationInfo) -> bool:
    return bool(isinstance(info.context, Mapping) and info.context.get("in_memory"))
