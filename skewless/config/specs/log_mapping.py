"""What `conf/logs/NAME.yml` may say: which columns of a table that another system wrote mean what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from skewless.config.specs.base import Spec
from skewless.config.values import Column, Location, Name, Text, Zone, refusal
from skewless.ground.names import collisions


def _by_name(value: Any) -> Any:
    """A list of columns as a mapping to themselves; a mapping as it is."""
    if isinstance(value, str):
        raise refusal(
            f"expected a list of columns, or a mapping {{name: column}}, found '{value}'; write [{value}]"
        )
    if not isinstance(value, (list, tuple)):
        return dict(value) if isinstance(value, Mapping) else value
    for item in value:
        if not isinstance(item, str):
            raise refusal(f"expected column names, found {item}; to rename a column write {{name: column}}")
    if repeated := collisions(value):
        raise refusal(f"{', '.join(repeated)} written twice (names compare case-insensitively); remove one")
    return {item: item for item in value}


def _names_once(columns: dict[str, Any]) -> dict[str, Any]:
    if repeated := collisions(columns):
        raise refusal(f"{', '.join(repeated)} written twice (names compare case-insensitively); remove one")
    return columns


NamedColumns = Annotated[dict[Column, Column], BeforeValidator(_by_name), AfterValidator(_names_once)]


class LogMapping(Spec):
    """A table of predictions as a feature log. `entity`, `features` and `tags` are name → column.

    A column is one of the table, or a field of its structs (`request.user.id`). Features are listed, or they are
    all columns whose name begins with `features_prefix`, which is cut off.
    """

    name: Name
    source: Location
    entity: NamedColumns
    event_timestamp: Column
    timezone: Zone | None = None
    features: NamedColumns | None = None
    features_prefix: Text | None = Field(default=None, validate_default=True)
    prediction: Column | None = None
    request_id: Column | None = None
    model_version: Column | None = None
    record_id: Column | None = None
    tags: NamedColumns = Field(default={})

    @field_validator("entity", "features")
    @classmethod
    def _some(cls, columns: dict[str, str] | None) -> dict[str, str] | None:
        if columns is not None and not columns:
            raise refusal("expected at least one column, found none")
        return columns

    @field_validator("features_prefix")
    @classmethod
    def _one_way(cls, prefix: str | None, info: ValidationInfo) -> str | None:
        if "features" not in info.data:
            return prefix
        if prefix is None and info.data["features"] is None:
            raise refusal("missing; give the features with features, or with features_prefix")
        if prefix is not None and info.data["features"] is not None:
            raise refusal("features and features_prefix are both written; remove one")
        return prefix
