"""What `conf/monitoring/NAME.yml` may say: how the features of training set NAME are watched, and who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from skewless.config.specs.base import Spec
from skewless.config.values import Columns, Duration, Location, Name, refusal

SHARES = ("min_psi", "min_null_rate", "min_zero_rate", "min_new_rate")


class Watched(Spec):
    """What may be set for one feature alone; None is what holds for all."""

    bins: int | None = None
    categories: int | None = None
    min_psi: float | None = None
    min_null_rate: float | None = None
    min_zero_rate: float | None = None
    min_new_rate: float | None = None
    alert: bool = True

    @field_validator("bins", "categories")
    @classmethod
    def _enough(cls, number: int | None) -> int | None:
        if number is not None and not 2 <= number <= 200:
            raise refusal(f"expected a number from 2 to 200, found {number}")
        return number

    @field_validator(*SHARES)
    @classmethod
    def _effect(cls, effect: float | None) -> float | None:
        if effect is not None and not effect >= 0:
            raise refusal(f"expected a number from 0 on, found {effect:g}")
        return effect


class Webhook(Spec):
    """Where a message goes, in Slack's format; an empty `url` is none."""

    url: str
    timeout: Duration = timedelta(seconds=10)
    retries: int = 3
    always: bool = False

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

    @field_validator("retries")
    @classmethod
    def _few(cls, retries: int) -> int:
        if not 0 <= retries <= 10:
            raise refusal(f"expected a number from 0 to 10, found {retries}")
        return retries


def _as_features(value: Any) -> Any:
    return {} if value is None else value


class Monitoring(Spec):
    """Bins, effects and evidence, segments, and where results go.

    `false_alarms` is the share of alerts that may be false; `design_effect` by how many times the records of a log tell
    less than as many independent ones; `min_rows` the records below which nothing is said. `history` None is the table
    beside the training set's output.
    """

    name: Name
    reference_version: int | None = None
    bins: int = 10
    categories: int = 20
    known_categories: int = 1000
    smoothing: float = 0.5
    false_alarms: float = 0.01
    design_effect: float = 1.0
    min_rows: int = 30
    min_psi: float = 0.05
    min_null_rate: float = 0.01
    min_zero_rate: float = 0.05
    min_new_rate: float = 0.005
    features: Annotated[dict[str, Watched], BeforeValidator(_as_features)] = Field(default={})
    segments: Columns = ()
    history: Location | None = None
    webhook: Webhook | None = None
    textfile: str | None = None

    @field_validator("bins", "categories")
    @classmethod
    def _enough(cls, number: int) -> int:
        if not 2 <= number <= 200:
            raise refusal(f"expected a number from 2 to 200, found {number}")
        return number

    @field_validator("known_categories")
    @classmethod
    def _bounded(cls, number: int) -> int:
        if not 0 <= number <= 100_000:
            raise refusal(f"expected a number from 0 to 100000, found {number}")
        return number

    @field_validator("min_rows")
    @classmethod
    def _some_rows(cls, rows: int) -> int:
        if rows < 2:
            raise refusal(f"expected a number from 2 on, found {rows}")
        return rows

    @field_validator("smoothing", "false_alarms")
    @classmethod
    def _proper(cls, share: float) -> float:
        if not 0 < share < 1:
            raise refusal(f"expected a number between 0 and 1, found {share:g}")
        return share

    @field_validator("design_effect")
    @classmethod
    def _at_least_one(cls, factor: float) -> float:
        if not factor >= 1:
            raise refusal(f"expected a number from 1 on, found {factor:g}")
        return factor

    @field_validator(*SHARES)
    @classmethod
    def _effect(cls, effect: float) -> float:
        if not effect >= 0:
            raise refusal(f"expected a number from 0 on, found {effect:g}")
        return effect

    def of(self, feature: str) -> Watched:
        """All settings of one feature; names compare case-insensitively."""
        own = {name.casefold(): watched for name, watched in self.features.items()}.get(feature.casefold())
        general = {name: getattr(self, name) for name in ("bins", "categories", *SHARES)}
        if own is None:
            return Watched(**general)
        written = own.model_dump(exclude_none=True)
        return Watched(**{**general, **written})
