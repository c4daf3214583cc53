"""Of which store a logged vector came: how old that was, and which versions of its sources it held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from skewless.serving.errors import shown
from skewless.serving.log.format.values import CHECKS, instant_text
from skewless.serving.values.checks import Refused


class TableOrigin(Protocol):
    """A stored table as a store says it is; skewless.serving.store is above this room."""

    @property
    def materialized_at(self) -> dt.datetime: ...

    @property
    def source_version(self) -> int | None: ...


class StoreLike(Protocol):
    """The state of an online store: `plan.store_state`."""

    @property
    def tables(self) -> Mapping[str, TableOrigin]: ...


class StoreOrigin(NamedTuple):
    """`materialized_at` is that of the stored table materialised longest ago; `versions`: stored table → version of
    its source, None where that has none.

    One moment and not one a table: `max_staleness` is held against the oldest too.
    """

    materialized_at: dt.datetime
    versions: dict[str, int | None]

    @classmethod
    def of(cls, state: object) -> StoreOrigin | None:
        """Of what `plan.store_state` or `store.state(training_set)` gave; None of a store without tables.

        >>> StoreOrigin.of("sqlite:///features.db")
        Traceback (most recent call last):
            ...
        skewless.serving.values.checks.Refused: expected a StoreState, found str 'sqlite:///features.db'; give plan.store_state
        """  # noqa: E501
        tables = getattr(state, "tables", None)
        if not isinstance(tables, Mapping):
            raise Refused(
                f"expected a StoreState, found {type(state).__name__} {shown(state)}; give plan.store_state"
            )
        if not tables:
            return None
        oldest = min(table.materialized_at for table in tables.values())
        return cls(CHECKS[dt.datetime](oldest), {name: one.source_version for name, one in tables.items()})

    def to_json(self) -> dict[str, Any]:
        """The fields of a record that say it."""
        return {"materialized_at": instant_text(self.materialized_at), "store_versions": self.versions}
