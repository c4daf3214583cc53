"""Takes folders of serving's log files → gives one table with each record once, and one of the rejected lines; takes
such a table, or any other with a mapping → gives the records of a log."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skewless.parts.log.batch import Counts, Tables
    from skewless.parts.log.ingestion import ingest, tables_at
    from skewless.parts.log.opening import LAYOUT, open_log, open_records
    from skewless.parts.log.reading import was_logged

_HOMES = {
    **dict.fromkeys(("Counts", "Tables"), "batch"),
    **dict.fromkeys(("ingest", "tables_at"), "ingestion"),
    **dict.fromkeys(("LAYOUT", "open_log", "open_records"), "opening"),
    "was_logged": "reading",
}
__all__ = ["LAYOUT", "Counts", "Tables", "ingest", "open_log", "open_records", "tables_at", "was_logged"]


def __getattr__(name: str) -> Any:
    # A worker that decodes lines imports this room too, and has neither Delta nor pydantic.
    if name in _HOMES:
        return getattr(import_module(f"skewless.parts.log.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
