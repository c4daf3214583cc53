"""What an item of `feature_tables` may say: a feature table, and how label events meet it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from skewless.config.shapes import Shape
from skewless.config.specs.base import Spec
from skewless.config.values import NAME, KeyColumns, Name, as_tuple, refusal
from skewless.ground.names import collisions


class TableJoin(Spec):
    """One feature table of a training set, under its own name or under another one."""

    table: Name = Field(examples=["weather"], description="The feature table, conf/feature_tables/NAME.yml.")
    alias: Name | None = Field(
        default=None,
        alias="as",
        examples=["dest_weather"],
        description="What its columns begin with; the table's own name unless written. Refused: twice in a set.",
    )
    join_keys: KeyColumns = Field(
        default={},
        examples=[{"origin": "dest"}],
        description="From the table's entity key to the label events' column. Keys that it leaves out join by the "
        "same name; without it each has to be among the label events' `entity_keys`.",
    )

    broadcast: bool | None = Field(
        default=None,
        examples=[True],
        description="Whether its rows are sent to where the label events are; unless written, small tables are.",
    )

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
    tuple[
        Annotated[TableJoin, BeforeValidator(_as_join), Shape(lambda inner: {"anyOf": [NAME, inner]})], ...
    ],
    BeforeValidator(as_tuple),
]
