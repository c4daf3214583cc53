"""What a training set may take from a feature log instead of computing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from skewless.config.specs.base import Spec
from skewless.config.values import Column, Duration, Location, SomeColumns, refusal

RECOMPUTE, NULL = "recompute", "null"


def _written_null(value: Any) -> Any:
    """YAML reads an unquoted `null` as nothing."""
    return NULL if value is None else value


class FromLog(Spec):
    """A feature log and what is taken from it.

    `source` is a table that ingest-log made, or the name of a mapped log. `features` None means every result column
    that the log has. `tolerance` bounds the distance between a label event's T and a record's where no request id
    brings them together; both ends belong to it. `missing` says what becomes of a value that is not in the log.
    `request_id` None means the label events' column of that name, if they have one.
    """

    source: Location
    features: SomeColumns | None = None
    tolerance: Duration = Field(default=timedelta(0))
    missing: Annotated[str, BeforeValidator(_written_null)] = RECOMPUTE
    request_id: Column | None = None

    @field_validator("tolerance")
    @classmethod
    def _some_tolerance(cls, tolerance: timedelta | None) -> timedelta:
        return tolerance or timedelta(0)

    @field_validator("missing")
    @classmethod
    def _recompute_or_null(cls, missing: str) -> str:
        if missing not in (RECOMPUTE, NULL):
            raise refusal(f"expected {RECOMPUTE} or {NULL}, found '{missing}'")
        return missing

    @property
    def recomputes(self) -> bool:
        """Whether what is missing is recomputed; else it is null."""
        return self.missing == RECOMPUTE


def as_from_log(value: Any) -> Any:
    """The place of a log alone as a mapping; anything else as it is."""
    if isinstance(value, str):
        return {"source": value}
    return dict(value) if isinstance(value, Mapping) else value
