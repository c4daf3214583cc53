"""Where a training set's rows are before, while and after they are published."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import SparkSession

from skewless.ground.run.commits import MANIFESTS, OWNER, SCORES
from skewless.lake.tables import Place

KINDS = {OWNER: "training set", SCORES: "scores of training set"}
"""What is published, by the property of its table that names the training set."""


def held_text(owner: str, name: str) -> str:
    """In words, what a table with this property and this name in it holds."""
    return f"{KINDS[owner]} '{name}'"


LEASE, FIRST = ".lease", "first-publication-"


@dataclass(frozen=True)
class Output:
    """A training set's table, or one of its scores, and the places that belong to it.

    `location` is the table's path or catalog name, `sql_name` what SQL calls it, `owner` the property that says what
    is in it. Staged and rejected
    rows lie in folders beside the table, one for each run; manifests lie inside it, in a folder that Delta and
    its readers pass over.
    """

    location: str
    folder: str
    sql_name: str
    owner: str = OWNER

    @classmethod
    def at(cls, spark: SparkSession, location: str, subject: str = "output", owner: str = OWNER) -> Output:
        place = Place.at(spark, location, subject)
        return cls(place.location, place.folder, place.sql_name, owner)

    @property
    def place(self) -> Place:
        return Place(self.location, self.folder, self.sql_name)

    # Beside the table, so that a second write stays on one file system; a folder for each run, so that two never
    # meet.
    @property
    def stagings(self) -> str:
        return f"{self.folder}_staging"

    def staging(self, run_id: str) -> str:
        return f"{self.stagings}/{run_id}"

    # Beside the staged rows and not among them: one listing tells of all runs, and Delta reads the folder.
    def lease(self, run_id: str) -> str:
        return f"{self.stagings}/{run_id}{LEASE}"

    # Not in the table's folder: Delta makes no table where anything lies, be it hidden.
    def first_publication(self, number: int) -> str:
        return f"{self.stagings}/{FIRST}{number}"

    @property
    def rejections(self) -> str:
        return f"{self.folder}_rejected"

    def rejected(self, run_id: str) -> str:
        return f"{self.rejections}/{run_id}"

    @property
    def manifests(self) -> str:
        return f"{self.folder}/{MANIFESTS}"

    @property
    def progress(self) -> str:
        return f"{self.folder}/_skewless/each.json"

    @property
    def profiles(self) -> str:
        return f"{self.folder}/_skewless/profiles"

    @property
    def refusals(self) -> str:
        return f"{self.rejections}/_skewless"
