"""A published version → the definition that entities are scored by: its specs and its plan, over today's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from skewless.config import JoinedTable, ResolvedTrainingSet
from skewless.ground.errors import InputError
from skewless.ground.names import EVENT_TIMESTAMP
from skewless.ground.run.manifest import ScoredBy
from skewless.parts.publish import changes, plan_in
from skewless.training_set.recorded import Recorded

_OF_LABEL_EVENTS = "label events: "


@dataclass(frozen=True)
class Needed:
    """A column that entities need: its type as the version had it, and what for."""

    kind: str
    because: str


@dataclass(frozen=True)
class Definition:
    """All that decides a value of a version, which is published at `location`; nothing of what chose its label events.

    `plan` is the document of its serving plan.
    """

    recorded: Recorded
    location: str
    plan: Mapping[str, Any]

    @classmethod
    def of(cls, recorded: Recorded, location: str) -> Definition:
        """Errors: InputError for a version of before serving plans."""
        return cls(recorded, location, plan_in(recorded.manifest, recorded.name, recorded.version))

    @property
    def name(self) -> str:
        return self.recorded.name

    @property
    def version(self) -> int:
        return self.recorded.version

    @property
    def time(self) -> str:
        """The column of T."""
        return str(self.plan["label_events"]["event_timestamp"])

    @cached_property
    def needed(self) -> dict[str, Needed]:
        """The columns of label events that values are computed from, and the entity keys, which name a row."""
        kinds = self.plan["label_events"]["columns"]
        found: dict[str, Needed] = {}
        for name, because in self._taken():
            if name in kinds:
                found.setdefault(name, Needed(kinds[name], because))
        return found

    def _taken(self) -> Iterator[tuple[str, str]]:
        for key in self.plan["label_events"]["entity_keys"]:
            yield key, "an entity key"
        for table in self.plan["feature_tables"]:
            for _, name in table["join_keys"]:
                yield name, f"what feature table '{table['name']}' is joined on"
        for function in self.plan["features"]["functions"]:
            for name in function["inputs"]:
                if name != EVENT_TIMESTAMP:  # always T, whatever column has that name
                    yield name, f"an input of feature '{function['name']}'"

    def over(self, entities: str, to: str) -> ResolvedTrainingSet:
        """The specs of the version with entities in the place of label events, all of them wanted."""
        spec, labels = self.recorded.spec, self.plan["label_events"]
        events = spec.training_set.labels.model_copy(
            update={
                "query": None,
                "sources": {},
                "source": entities,
                "entity_keys": tuple(labels["entity_keys"]),
                "event_timestamp": self.time,
                "label_columns": (),
                "label_available_at": None,
                "where": None,
            }
        )
        others = {"labels": events, "sample": None, "log": None, "expectations": None, "output": to}
        training_set = spec.training_set.model_copy(update=others)
        columns = {each["name"]: tuple(each["columns"]) for each in self.plan["feature_tables"]}
        # Written out: a table that has got a column since has to give those of the version, compared in its order.
        joins = tuple(_with_columns(join, columns[join.name]) for join in spec.joins)
        return ResolvedTrainingSet(training_set, joins)

    def refuse_other(self, document: Mapping[str, Any]) -> None:
        """InputError, a line for each thing, where the plan over the tables of today decides a value otherwise."""
        if _deciding(document) == _deciding(self.plan):
            return
        label_events = self.plan["label_events"]
        raise InputError(
            f"training set '{self.name}': not what version {self.version} was built by: {change}; build it again, and "
            "score by the version that comes of it"
            for change in changes(self.plan, {**document, "label_events": label_events})
        )

    def to_json(self) -> ScoredBy:
        return {
            "location": self.location,
            "version": self.version,
            "run_id": self.recorded.run_id,
            "fingerprint": self.plan["fingerprint"],
        }


def _with_columns(join: JoinedTable, columns: tuple[str, ...]) -> JoinedTable:
    return replace(join, table=join.table.model_copy(update={"columns": columns}))


def _deciding(document: Mapping[str, Any]) -> dict[str, str]:
    """The parts of a plan with their fingerprints, but for what label events, or entities, are like."""
    return {part: text for part, text in document["parts"].items() if not part.startswith(_OF_LABEL_EVENTS)}
