"""How much skew between logged and recomputed values is put up with."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from skewless.config.shapes import Bounded
from skewless.config.specs.base import Spec

Rate = Annotated[float, Bounded("a rate from 0 to 1", minimum=0, maximum=1)]


class Reconcile(Spec):
    """Mismatch rates above which `skewless reconcile` raises an alert: of every feature, and of single ones."""

    alert_above: Rate = Field(
        default=0.0,
        examples=[0.001],
        description="The share of compared records with another value above which a feature raises an alert.",
    )
    features: dict[str, Rate] = Field(
        default={},
        examples=[{"aircraft__arr_delay": 0.01}],
        description="The same for single features, in place of `alert_above`; names ignore case.",
    )

    def rate_of(self, name: str) -> float:
        """The rate that a feature may have; names compare case-insensitively."""
        own = {feature.casefold(): rate for feature, rate in self.features.items()}
        return own.get(name.casefold(), self.alert_above)
