"""What a run of `ingest-log` did, and where its tables are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skewless.parts.log import Counts


@dataclass(frozen=True)
class Ingested:
    """`rejected_table` is None as long as no line was ever rejected; `version` is that of the table of records."""

    table: str
    done: Counts
    rejected_table: str | None
    version: int

    def to_json(self) -> dict[str, Any]:
        """The contract's `--json` object of `ingest-log`."""
        return {
            "table": self.table,
            "files": self.done.files,
            "records": self.done.records,
            "duplicates": self.done.duplicates,
            "rejected": self.done.rejected,
            "rejected_table": self.rejected_table,
            "version": self.version,
        }
