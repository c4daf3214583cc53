"""What a training set may take from a feature log instead of computing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from skewless.config import shapes
from skewless.config.shapes import replaced
from skewless.config.specs.base import Spec
from skewless.config.values import Column, Duration, Location, SomeColumns, refusal

RECOMPUTE, NULL = "recompute", "null"


def _written_null(value: Any) -> Any:
    """YAML reads an unquoted `null` as nothing."""
    return NULL if value is None else value


class FromLog(Spec):
    """A feature log and what is taken from it."""

    source: Location = Field(
        examples=["${WAREHOUSE}/feature_log"],
        description="A table that ingest-log made, or the name of a mapped log, conf/logs/NAME.yml.",
    )
    features: SomeColumns | None = Field(
        default=None,
        examples=[["weather__temp"]],
        description="The result columns that are taken from the log; all that it has unless written.",
    )
    tolerance: Duration = Field(
        default=timedelta(0),
        examples=["1500s"],
        description="How far a record's T may lie from that of the label event, both ends included, where no request "
        "id brings them together.",
    )
    missing: Annotated[
        str, BeforeValidator(_written_null), replaced(shapes.word("word", [RECOMPUTE, NULL, None]))
    ] = Field(
        default=RECOMPUTE,
        examples=[NULL],
        description="What becomes of a value that is not in the log: it is recomputed, or null.",
    )
    request_id: Column | None = Field(
        default=None,
        examples=["request_id"],
        description="The label events' column of request ids; the one of this name unless written, if there is one.",
    )

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
