"""Which pieces a run that was stopped had built: kept beside the training set until all of them are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skewless.ground.names import Unit
from skewless.ground.run.ranges import RunRange
from skewless.lake.storage import Hadoop
from skewless.parts.publish import Standing

Document = Mapping[str, Any]


@dataclass
class Progress:
    """The pieces of a range that have been built by one definition, each with the `--json` object of its build.

    What a piece published stays true although its inputs have grown since: the next run over the range, once this one
    is through, reads all of them anew. A piece is built again if its rows are of another definition by now, or an older
    version was restored.
    """

    standing: Standing
    key: Document
    done: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, standing: Standing, run_range: RunRange, unit: Unit, fingerprint: str) -> Progress:
        """What is kept of a run of the same definition, range and unit; nothing where that is another's, or none."""
        bounds = run_range.to_json()
        key = {"fingerprint": fingerprint, "unit": unit, "start": bounds["start"], "end": bounds["end"]}
        new = cls(standing, key)
        kept = new._read()
        return cls(standing, key, kept["done"]) if kept and kept["of"] == key else new

    def built(self, piece: RunRange) -> Document | None:
        """The `--json` object of the piece's build, None where it has to be built."""
        bounds = _bounds(piece)
        document = next((each["built"] for each in self.done if each["piece"] == bounds), None)
        if document is None or not self.standing.is_of(self.key["fingerprint"], piece):
            return None
        return document if self.standing.has(document["version"]) else None

    def note(self, piece: RunRange, document: Document) -> None:
        """Keep a piece that was published, or stood, with all of its label events."""
        bounds = _bounds(piece)
        others = [each for each in self.done if each["piece"] != bounds]
        self.done = [*others, {"piece": bounds, "built": document}]
        self._files.write(self._place, json.dumps({"of": self.key, "done": self.done}))

    def forget(self) -> None:
        self._files.delete(self._place)

    def _read(self) -> dict[str, Any] | None:
        """None where there is nothing, or half a file, which a killed run may leave."""
        try:
            found = json.loads(self._files.read(self._place))
            return found if found["done"] is not None and found["of"] is not None else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def _files(self) -> Hadoop:
        return Hadoop(self.standing.spark)

    @property
    def _place(self) -> str:
        return self.standing.output.progress


def _bounds(piece: RunRange) -> dict[str, Any]:
    written = piece.to_json()
    return {"start": written["start"], "end": written["end"], "without_times": piece.without_times}
