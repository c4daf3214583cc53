"""What became of a build: the `--json` object, and all that summaries and reports print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skewless.parts.publish import Manifest
from skewless.parts.spine.census import AHEAD, UNKNOWN
from skewless.runs.build.profiling import Profiled


@dataclass(frozen=True)
class Outcome:
    """A run with its manifest, and what was decided after that was made: published if it has a version, else rejected;
    `unchanged` if that version stood before. `profile` is there where a report was asked for.
    """

    manifest: Manifest
    version: int | None = None
    unchanged: bool = False
    rejected_path: str | None = None
    profile: Profiled | None = None

    @property
    def status(self) -> str:
        if self.rejected_path:
            return "rejected"
        return "unchanged" if self.unchanged else "published"

    @property
    def awaits_more(self) -> bool:
        """Whether a later run would find more label events in the same range: some lay ahead of `--as-of`."""
        return bool({AHEAD, UNKNOWN} & set(self.manifest["label_events"]["left_out"]))

    @property
    def name(self) -> str:
        return self.manifest["training_set"]

    def to_json(self) -> dict[str, Any]:
        """The contract's `--json` object of `build`; `log` stands beside it where something is taken from one."""
        made = self.manifest
        return {
            "training_set": made["training_set"],
            "run_id": made["run_id"],
            "status": self.status,
            "version": self.version,
            "rejected_path": self.rejected_path,
            "rows": made["rows"],
            "columns": made["columns"],
            "strategy": made["strategy"],
            "feature_tables": made["feature_tables"],
            "parity": made["parity"],
            "expectations": made["expectations"],
            **({"log": made["log"]} if "log" in made else {}),
        }
