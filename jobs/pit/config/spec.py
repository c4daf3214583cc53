"""What every model of the configuration is: frozen, strict, and closed to keys that it does not know."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from jobs.pit.config.values import refusal


class Spec(BaseModel):
    """Frozen, strict in types, closed to unknown keys and to the keys of later versions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    not_yet: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="after")
    @classmethod
    def _available(cls, value: Any, info: ValidationInfo) -> Any:
        if value and info.field_name in cls.not_yet:
            raise refusal("not available in this version; remove it")
        return value

    def to_document(self) -> dict[str, Any]:
        """The spec as JSON values, for manifests: the keys of the YAML file, durations as `3h`.

        Optional keys that were left out are left out, so equal documents mean equal specs.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
