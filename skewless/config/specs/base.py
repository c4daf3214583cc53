"""What every model of the configuration is: frozen, strict, and closed to keys that it does not know."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """Frozen, strict in types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def to_document(self) -> dict[str, Any]:
        """The spec as JSON values, for manifests: the keys of the YAML file, durations as `3h`.

        Optional keys that were left out are left out, so equal documents mean equal specs.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
