"""What `conf/monitoring/NAME.yml` may say: how the features of training set NAME are watched, and who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from skewless.config import shapes
from skewless.config.shapes import Bounded, Shape, replaced
from skewless.config.specs.base import Spec
from skewless.config.values import SOME_TIME, Columns, Duration, Location, Name, refusal

OF_A_FEATURE = ("bins", "categories", "min_psi", "min_null_rate", "min_zero_rate", "min_new_rate")

Bins = Annotated[int, Bounded("a number from 2 to 200", minimum=2, maximum=200)]
Effect = Annotated[float, Bounded("a number from 0 on", minimum=0)]
Share = Annotated[float, Bounded("a number between 0 and 1", above=0, below=1)]


class Watched(Spec):
    """What is set for one feature alone; what is not written is as for all."""

    bins: Bins | None = Field(default=None, examples=[5], description="`bins` of this feature.")
    categories: Bins | None = Field(default=None, examples=[50], description="`categories` of this feature.")
    min_psi: Effect | None = Field(default=None, examples=[0.2], description="`min_psi` of this feature.")
    min_null_rate: Effect | None = Field(
        default=None, examples=[0.05], description="`min_null_rate` of this feature."
    )
    min_zero_rate: Effect | None = Field(
        default=None, examples=[0.2], description="`min_zero_rate` of this feature."
    )
    min_new_rate: Effect | None = Field(
        default=None, examples=[0.02], description="`min_new_rate` of this feature."
    )
    alert: bool = Field(
        default=True, examples=[False], description="Whether this feature can raise an alert at all."
    )


class Webhook(Spec):
    """Where a message goes, in Slack's format; an empty `url` is none."""

    url: Annotated[str, replaced(shapes.text("web address", shapes.WEB_ADDRESS))] = Field(
        examples=["${SLACK_URL:-}"],
        description="Where the message is posted, in Slack's format. Empty: nobody is told.",
    )
    timeout: Annotated[Duration, replaced(SOME_TIME)] = Field(
        default=timedelta(seconds=10),
        examples=["30s"],
        description="How long one attempt may take, up to 5m.",
    )
    retries: Annotated[int, Bounded("a number from 0 to 10", minimum=0, maximum=10)] = Field(
        default=3, examples=[5], description="How many times it is tried again."
    )
    always: bool = Field(
        default=False, examples=[True], description="Whether a run without an alert is told of too."
    )

    @field_validator("url")
    @classmethod
    def _is_web(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise refusal("expected an address that begins with https:// or http://")
        return url

    @field_validator("timeout")
    @classmethod
    def _some_time(cls, timeout: timedelta | None) -> timedelta | None:
        if timeout is None or not timedelta(0) < timeout <= timedelta(minutes=5):
            raise refusal("expected a duration above 0 and up to 5m")
        return timeout


def _as_features(value: Any) -> Any:
    return {} if value is None else value


class Monitoring(Spec):
    """Bins, effects and evidence, segments, and where results go."""

    name: Name = Field(examples=["flight_delay"], description="The training set; the file's name too.")
    reference_version: int | None = Field(
        default=None,
        examples=[3],
        description="The published version that records are held against; the newest unless written.",
    )
    bins: Bins = Field(
        default=10, examples=[20], description="Quantiles of the training values that numbers are counted in."
    )
    categories: Bins = Field(
        default=20,
        examples=[50],
        description="How many of the most frequent categories have a bin of their own.",
    )
    known_categories: Annotated[int, Bounded("a number from 0 to 100000", minimum=0, maximum=100_000)] = (
        Field(
            default=1000,
            examples=[5000],
            description="Up to so many distinct training values, a category that training lacks counts as new.",
        )
    )
    smoothing: Share = Field(
        default=0.5,
        examples=[0.1],
        description="What is added to the count of each bin, so that none is empty.",
    )
    false_alarms: Share = Field(
        default=0.01, examples=[0.001], description="The share of runs without drift that may raise an alert."
    )
    design_effect: Annotated[float, Bounded("a number from 1 on", minimum=1)] = Field(
        default=1.0,
        examples=[4.0],
        description="By how many times the records of a log tell less than as many independent ones.",
    )
    min_rows: Annotated[int, Bounded("a number from 2 on", minimum=2)] = Field(
        default=30, examples=[500], description="With fewer records, or training rows, nothing is judged."
    )
    min_psi: Effect = Field(
        default=0.05, examples=[0.1], description="A smaller PSI raises no alert, whatever its evidence."
    )
    min_null_rate: Effect = Field(
        default=0.01, examples=[0.02], description="A smaller change of the share of nulls raises no alert."
    )
    min_zero_rate: Effect = Field(
        default=0.05, examples=[0.1], description="A smaller change of the share of zeros raises no alert."
    )
    min_new_rate: Effect = Field(
        default=0.005, examples=[0.01], description="A smaller share of new categories raises no alert."
    )
    features: Annotated[dict[str, Watched], BeforeValidator(_as_features), Shape(shapes.or_null)] = Field(
        default={},
        examples=[{"weather__temp": {"bins": 5}}],
        description="What holds for single features; names ignore case.",
    )
    segments: Columns = Field(
        default=(),
        examples=[["origin"]],
        description="Columns of the log by whose values results are given besides, each value on its own.",
    )
    history: Location | None = Field(
        default=None,
        examples=["${WAREHOUSE}/drift"],
        description="The Delta table that keeps each run. Unless written: the output with `_monitoring` behind it.",
    )
    webhook: Webhook | None = Field(
        default=None, examples=[{"url": "${SLACK_URL:-}"}], description="Who is told of an alert."
    )
    textfile: str | None = Field(
        default=None,
        examples=["/var/lib/node_exporter/drift.prom"],
        description="A file for the textfile collector of Prometheus, on the machine of the driver.",
    )

    def of(self, feature: str) -> Watched:
        """All settings of one feature; names compare case-insensitively."""
        own = {name.casefold(): watched for name, watched in self.features.items()}.get(feature.casefold())
        general = {name: getattr(self, name) for name in OF_A_FEATURE}
        if own is None:
            return Watched(**general)
        written = own.model_dump(exclude_none=True)
        return Watched(**{**general, **written})
