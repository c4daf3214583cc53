"""What `conf/training_sets/NAME.yml` may say: label events, what is joined to them, and where the result goes."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from skewless.config import shapes
from skewless.config.shapes import Bounded, Shape, replaced
from skewless.config.specs.base import Spec, is_in_memory
from skewless.config.specs.labels import Labels
from skewless.config.specs.log import FromLog, as_from_log
from skewless.config.specs.reconciling import Reconcile
from skewless.config.specs.table_join import Joins, TableJoin
from skewless.config.values import (
    LOCATION,
    Location,
    Modules,
    Name,
    SomeColumns,
    SomeTime,
    refusal,
)
from skewless.ground.names import collisions

AUTO, EXCHANGE, BROADCAST = "auto", "exchange", "broadcast"
STRATEGIES = (AUTO, EXCHANGE, BROADCAST)


class Sample(Spec):
    """A share of the label events, the same rows every time; `keys` None means the entity keys."""

    fraction: Annotated[float, Bounded("a share above 0 and up to 1", above=0, maximum=1)] = Field(
        examples=[0.1], description="The share of the keys that is taken."
    )
    keys: SomeColumns | None = Field(
        default=None,
        examples=[["tailnum"]],
        description="The columns whose hash decides: rows with the same keys are all taken, or none of them. The "
        "label events' entity keys unless written.",
    )


def _known(strategy: str) -> str:
    if strategy not in STRATEGIES:
        raise refusal(f"'{strategy}' is none of {', '.join(STRATEGIES)}; write one of them or remove the key")
    return strategy


def _published(schema: shapes.JsonSchema) -> None:
    """Specs given as dicts may lack an output, files may not."""
    schema["required"] = [*schema["required"], "output"]
    output = schema["properties"]["output"]
    schema["properties"]["output"] = {
        **{key: value for key, value in output.items() if key != "anyOf"},
        **LOCATION,
    }


class TrainingSet(Spec):
    """Label events, the tables joined to them, the functions over both, and where the result goes.

    `output`, and the source and the query of `labels`, may be None only in specs given as dicts.
    """

    model_config = ConfigDict(json_schema_extra=_published)

    name: Name = Field(examples=["flight_delay"], description="What commands call it; the file's name too.")
    labels: Labels = Field(
        examples=[
            {
                "source": "${WAREHOUSE}/flight_labels",
                "entity_keys": ["origin"],
                "event_timestamp": "predict_at",
                "label_columns": ["late"],
            }
        ],
        description="Where the label events come from.",
    )
    feature_tables: Joins = Field(
        default=(),
        examples=[["weather"]],
        description="The feature tables that are joined, each by its name or as a mapping.",
    )
    features: Modules = Field(
        default=(),
        examples=["features.flights"],
        description="The module of feature functions, or a list of modules.",
    )
    output: Location | None = Field(
        default=None,
        validate_default=True,
        examples=["${WAREHOUSE}/training_sets/flight_delay"],
        description="The Delta table that is published: a path, or a name in the catalog. Refused: a table that "
        "skewless did not make.",
    )
    expectations: Name | None = Field(
        default=None,
        examples=["flight_delay"],
        description="The Great Expectations suite that rows have to pass, conf/expectations/NAME.json.",
    )
    sample: Sample | None = Field(
        default=None, examples=[{"fraction": 0.1}], description="Only a share of the label events."
    )
    parity_sample: Annotated[int, Bounded("a number of label events from 0 on", minimum=0)] | None = Field(
        default=None,
        examples=[0],
        description="How many label events each build replays through serving; 1,000 unless written, 0 turns it off.",
    )
    strategy: Annotated[str, AfterValidator(_known), replaced(shapes.word("strategy", STRATEGIES))] = Field(
        default=AUTO,
        examples=[EXCHANGE],
        description="How tables meet label events: all of them brought together by key (`exchange`) or sent to the "
        "label events (`broadcast`), but for what a table's own `broadcast` says; `auto` leaves it to the planner.",
    )
    reconcile: Reconcile = Field(
        default=Reconcile(),
        examples=[{"alert_above": 0.001}],
        description="How much skew `skewless reconcile` puts up with.",
    )
    log: (
        Annotated[FromLog, BeforeValidator(as_from_log), Shape(lambda inner: {"anyOf": [LOCATION, inner]})]
        | None
    ) = Field(
        default=None,
        examples=["${WAREHOUSE}/feature_log"],
        description="The feature log whose values are published instead of recomputed ones: its `source` alone, or a "
        "mapping.",
    )
    require_fresh: SomeTime = Field(
        default=None,
        examples=["6h"],
        description="That of each joined table with a history that has none of its own. Refused: 0s, or where all "
        "tables are static.",
    )

    @field_validator("feature_tables")
    @classmethod
    def _as_names_once(cls, joins: tuple[TableJoin, ...]) -> tuple[TableJoin, ...]:
        if repeated := collisions(join.as_name for join in joins):
            raise refusal(f"{', '.join(repeated)} joined twice; give one of them another name with as")
        return joins

    @field_validator("output")
    @classmethod
    def _has_output(cls, output: str | None, info: ValidationInfo) -> str | None:
        if output is None and not is_in_memory(info):
            raise refusal("missing; add it")
        return output

    @property
    def sample_keys(self) -> tuple[str, ...]:
        """The columns whose hash decides the sample."""
        return (self.sample and self.sample.keys) or self.labels.entity_keys
