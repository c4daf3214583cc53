"""How much skew between logged and recomputed values is put up with."""

from __future__ import annotations

from pydantic import Field, field_validator

from skewless.config.specs.base import Spec
from skewless.config.values import refusal


class Reconcile(Spec):
    """Mismatch rates above which `skewless reconcile` raises an alert: of every feature, and of single ones."""

    alert_above: float = 0.0
    features: dict[str, float] = Field(default={})

    @field_validator("alert_above")
    @classmethod
    def _rate(cls, rate: float) -> float:
        if not 0 <= rate <= 1:
            raise refusal(f"expected a rate from 0 to 1, found {rate:g}")
        return rate

    @field_validator("features")
    @classmethod
    def _rates(cls, rates: dict[str, float]) -> dict[str, float]:
        for name, rate in rates.items():
            if not 0 <= rate <= 1:
                raise refusal(f"expected a rate from 0 to 1 for '{name}', found {rate:g}")
        return rates

    def rate_of(self, name: str) -> float:
        """The rate that a feature may have; names compare case-insensitively."""
        own = {feature.casefold(): rate for feature, rate in self.features.items()}
        return own.get(name.casefold(), self.alert_above)
