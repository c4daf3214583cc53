"""What `conf/feature_tables/NAME.yml` may say: a table of facts about entities, and when each became known."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

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


class FeatureTable(Spec):
    """A timestamped table of facts about entities, or, if static, a table without history.

    `entity_keys` may be empty: a table about the whole world. `columns` None means every column not named in
    entity_keys, event_timestamp, available_at or valid_until, and () none. `delay` None means that it was not
    written; zero then. `max_age` None means unlimited. `require_fresh` bounds how old the newest visible row may be at
    the end of what is built; it says when a build has to wait and has no part in any value.
    """

    name: Name
    source: Location
    entity_keys: Columns
    static: bool = False
    event_timestamp: Column | None = Field(default=None, validate_default=True)
    available_at: Column | None = None
    delay: Duration = None
    max_age: Duration = None
    valid_until: Column | None = None
    strict: bool = False
    timezone: Zone | None = None
    columns: Columns | None = None
    aggregations: Aggregations = ()
    require_fresh: SomeTime = None

    @field_validator("event_timestamp")
    @classmethod
    def _has_history(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("static") is False:
            raise refusal("missing; add it, or static: true for a table without history")
        return value

    @field_validator(
        "event_timestamp",
        "available_at",
        "delay",
        "max_age",
        "valid_until",
        "strict",
        "aggregations",
        "require_fresh",
    )
    @classmethod
    def _fits_static(cls, value: Any, info: ValidationInfo) -> Any:
        if value not in (None, False, ()) and info.data.get("static"):
            raise refusal("a static table has no history; remove it, or remove static: true")
        return value

    @property
    def warnings(self) -> tuple[str, ...]:
        """What this table lets leak, a line each."""
        subject = f"feature table '{self.name}'"
        if self.static:
            return (
                f"{subject}: static: it has no history, so values overwritten since T leak into the past",
            )
        if self.available_at is None and self.delay is None:
            return (
                f"{subject}: neither available_at nor delay: rows count as served at their event timestamp "
                "(delay 0s), so late rows can leak",
            )
        return ()
