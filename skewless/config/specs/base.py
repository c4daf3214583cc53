"""What every model of the configuration is: frozen, strict, and closed to keys that it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo

IN_MEMORY = {"in_memory": True}
"""The validation context of a training set that is not published: no output, no label source needed."""


class Spec(BaseModel):
    """Frozen, strict in types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def to_document(self) -> dict[str, Any]:
        """The spec as JSON values, for manifests: the keys of the YAML file, durations as `3h`.

        Optional keys that were left out are left out, so equal documents mean equal specs.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def is_in_memory(info: ValidationInfo) -> bool:
    return bool(isinstance(info.context, Mapping) and info.context.get("in_memory"))
