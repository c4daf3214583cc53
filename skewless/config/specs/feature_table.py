"""What `conf/feature_tables/NAME.yml` may say: a table of facts about entities, and when each became known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from skewless.config import durations, shapes
from skewless.config.shapes import Shape
from skewless.config.specs.aggregation import as_aggregations
from skewless.config.specs.base import Spec
from skewless.config.values import (
    Aggregations,
    Column,
    Columns,
    Duration,
    Location,
    Name,
    SomeTime,
    Zone,
    refusal,
)

OF_HISTORY = (
    "event_timestamp",
    "available_at",
    "delay",
    "max_age",
    "valid_until",
    "strict",
    "aggregations",
    "require_fresh",
)
"""The keys that a static table cannot have."""
_NOTHING: shapes.JsonSchema = {"enum": [None, False, []]}


class FeatureTable(Spec):
    """A timestamped table of facts about entities, or, if static, a table without history.

    `delay` None means that it was not written: zero too, but warned of.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                shapes.case(
                    {"required": ["static"], "properties": {"static": {"const": True}}},
                    then={"properties": dict.fromkeys(OF_HISTORY, _NOTHING)},
                    otherwise=shapes.given("event_timestamp"),
                )
            ]
        }
    )

    name: Name = Field(examples=["weather"], description="What training sets call it; the file's name too.")
    source: Location = Field(
        examples=["${WAREHOUSE}/weather"], description="The Delta table: a path, or a name in the catalog."
    )
    entity_keys: Columns = Field(
        examples=[["origin"]],
        description="The columns that name the entity a row is about; `[]` for a table about the whole world.",
    )
    static: bool = Field(
        default=False,
        examples=[True],
        description="A table without history, always visible. It leaks what was overwritten since T, and is warned "
        f"of. Refused beside {', '.join(f'`{key}`' for key in OF_HISTORY)}.",
    )
    event_timestamp: Column | None = Field(
        default=None,
        validate_default=True,
        examples=["observed_at"],
        description="The column of when the fact became true. Required unless the table is static.",
    )
    available_at: Column | None = Field(
        default=None,
        examples=["ingested_at"],
        description="The column of when serving could first read the row; the event timestamp unless written.",
    )
    delay: Duration = Field(
        default=None,
        examples=["10m"],
        description="Added to `available_at`, or to the event timestamp: landed is not yet served. With neither of "
        "the two keys it is 0s, and a warning says that late rows can leak.",
    )
    max_age: Duration = Field(
        default=None,
        examples=["3h"],
        description="A row that is older than this at T counts as absent; one of exactly this age does not. No limit "
        "unless written.",
    )
    valid_until: Column | None = Field(
        default=None,
        examples=["replaced_at"],
        description="A column: from that instant on the row counts as absent. Null: no end.",
    )
    strict: bool | None = Field(
        default=None,
        examples=[False],
        description="Whether a row at exactly T is not yet visible: `<` instead of `<=` on both times. Unless written, "
        "true for a table with neither `available_at` nor `delay`, since nothing then says that a row at T could be "
        "read at T, else false.",
    )
    timezone: Zone | None = Field(
        default=None,
        examples=["America/New_York"],
        description="The zone of time columns that have none (TIMESTAMP_NTZ, DATE). Without it TIMESTAMP_NTZ is "
        "refused, and dates are midnight UTC.",
    )
    columns: Columns | None = Field(
        default=None,
        examples=[["temp", "wind_speed"]],
        description="The columns that are joined, `[]` for none. Unless written: all that no other key names.",
    )
    aggregations: Annotated[Aggregations, Shape(as_aggregations)] = Field(
        default=(),
        examples=[[{"name": "readings_24h", "function": "count", "window": "24h"}]],
        description="Functions over windows of the table's rows that end at T.",
    )
    require_fresh: SomeTime = Field(
        default=None,
        examples=["6h"],
        description="A build waits (exit code 5) until a row is visible at the end of its range that is not older. No "
        "part in any value. Refused: 0s.",
    )
    materialize_every: SomeTime = Field(
        default=None,
        examples=["24h"],
        description="How often an online store gets the table's rows. A `delay` that is shorter is warned of: training "
        "then sees rows before serving does. No part in any value. Refused: 0s.",
    )

    @field_validator("event_timestamp")
    @classmethod
    def _has_history(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("static") is False:
            raise refusal("missing; add it, or static: true for a table without history")
        return value

    @field_validator(*OF_HISTORY)
    @classmethod
    def _fits_static(cls, value: Any, info: ValidationInfo) -> Any:
        if value not in (None, False, ()) and info.data.get("static"):
            raise refusal("a static table has no history; remove it, or remove static: true")
        return value

    @property
    def warnings(self) -> tuple[str, ...]:
        """What this table lets leak, a line each."""
        return tuple(f"feature table '{self.name}': {warning}" for warning in self._warnings())

    def _warnings(self) -> Iterator[str]:
        if self.static:
            yield "static: it has no history, so values overwritten since T leak into the past"
        elif not self._says_when_served:
            own = (
                ""
                if self.is_strict
                else ", and so can the label event's own row, at T itself (strict: false)"
            )
            yield (
                "neither available_at nor delay: rows count as served at their event timestamp (delay 0s), so late "
                f"rows can leak{own}"
            )
        every, delay = self.materialize_every, self.delay or timedelta(0)
        if every is not None and delay < every and not self.static:
            length = durations.shortest(every)
            yield (
                f"delay {durations.shortest(delay)} is shorter than materialize_every {length}, so training sees rows "
                f"up to {length} before serving does; declare delay: {length}, or materialize more often"
            )

    @property
    def is_strict(self) -> bool:
        """J2: as `strict` says, else where nothing says when a row could be served. A static table has no instant."""
        if self.strict is not None:
            return self.strict
        return not self.static and not self._says_when_served

    @property
    def _says_when_served(self) -> bool:
        return self.available_at is not None or self.delay is not None
