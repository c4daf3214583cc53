"""What `conf/logs/NAME.yml` may say: which columns of a table that another system wrote mean what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from skewless.config import shapes
from skewless.config.shapes import replaced
from skewless.config.specs.base import Spec
from skewless.config.values import COLUMN, Column, Location, Name, Text, Zone, refusal
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


def _some(columns: dict[str, str]) -> dict[str, str]:
    if not columns:
        raise refusal("expected at least one column, found none")
    return columns


NAMED_COLUMNS: shapes.JsonSchema = {
    "anyOf": [
        shapes.distinct({"type": "array", "items": COLUMN}),
        shapes.mapping(shapes.NOT_BLANK, COLUMN),
    ]
}
SOME_NAMED_COLUMNS: shapes.JsonSchema = {"anyOf": [shapes.some(each) for each in NAMED_COLUMNS["anyOf"]]}

NamedColumns = Annotated[
    dict[Column, Column], BeforeValidator(_by_name), AfterValidator(_names_once), replaced(NAMED_COLUMNS)
]
SomeNamedColumns = Annotated[NamedColumns, AfterValidator(_some), replaced(SOME_NAMED_COLUMNS)]


class LogMapping(Spec):
    """A table of predictions as a feature log. `entity`, `features` and `tags` are name → column.

    A column is one of the table, or a field of its structs (`request.user.id`). Features are listed, or they are
    all columns whose name begins with `features_prefix`, which is cut off.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                shapes.case(
                    shapes.given("features"),
                    then={"properties": {"features_prefix": shapes.NULL}},
                    otherwise=shapes.given("features_prefix"),
                )
            ]
        }
    )

    name: Name = Field(
        examples=["platform"], description="What a training set, or --log, calls it; the file's name too."
    )
    source: Location = Field(
        examples=["lake.predictions"], description="The table: a path, or a name in the catalog."
    )
    entity: SomeNamedColumns = Field(
        examples=[{"tailnum": "request.tail_number"}],
        description="Entity keys of the prediction: a list of columns, or a mapping from key to column.",
    )
    event_timestamp: Column = Field(examples=["predicted_at"], description="The column of T.")
    timezone: Zone | None = Field(
        default=None,
        examples=["America/New_York"],
        description="The zone of T where its column has none (TIMESTAMP_NTZ, DATE).",
    )
    features: SomeNamedColumns | None = Field(
        default=None,
        examples=[{"weather__temp": "payload.temp"}],
        description="The logged features: a list of columns, or a mapping from feature to column. Either this or "
        "`features_prefix` is required, and not both.",
    )
    features_prefix: Text | None = Field(
        default=None,
        validate_default=True,
        examples=["f_"],
        description="All columns that begin so are features, without the prefix.",
    )
    prediction: Column | None = Field(
        default=None, examples=["score"], description="The column of what the model answered."
    )
    request_id: Column | None = Field(
        default=None, examples=["request_id"], description="The column of the request's id."
    )
    model_version: Column | None = Field(
        default=None, examples=["model"], description="The column of the model's version."
    )
    record_id: Column | None = Field(
        default=None,
        examples=["id"],
        description="A column that is unique in the table; a hash of the record unless written, at the cost of an "
        "exchange.",
    )
    tags: NamedColumns = Field(
        default={},
        examples=[["region"]],
        description="Further columns, for segments: a list, or a mapping from tag to column.",
    )

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
