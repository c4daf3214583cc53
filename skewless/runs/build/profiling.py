"""A build's staged rows, and those that stand → what their columns are like, for its report alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from skewless.config import Labels
from skewless.config.words import aggregation_in_words, column_in_words
from skewless.ground.names import EVENT_DATE, LOGGED_FEATURES
from skewless.ground.run.steps import step
from skewless.ground.spark_columns import column, spelt
from skewless.ground.standard_output import tell
from skewless.lake.failures import refuse_at_the_machine
from skewless.lake.jvm.causes import READ_ERRORS, reason_of
from skewless.lake.jvm.listed_files import spread_files
from skewless.parts.profile.columns import ColumnProfile, Profile, profile
from skewless.parts.profile.values import SECOND, kind_of, profiled
from skewless.parts.spine import published_time
from skewless.runs.build.manifest import Findings
from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.plan.document.result_columns import joined
from skewless.training_set.opened import OpenedTrainingSet

ALL, SAME_RANGE = "all rows", "the rows of the same T"

TIME = "time"
"""The kind of T itself, whose age at T says nothing: it is profiled as seconds since 1970."""


@dataclass(frozen=True)
class Before:
    """The rows that stood: of which version, and which of them the profile is of."""

    version: int
    which: str
    profile: Profile


@dataclass(frozen=True)
class Profiled:
    """The columns of a build's rows: their types and kinds (`values.kind_of`), what describes them, and their profile.

    `before` is None where nothing stood. `ids` say who and when; they are not held against what stood. `outcomes` are
    the labels and when they were known: a label's rate by them says nothing.
    """

    types: Mapping[str, str]
    kinds: Mapping[str, str]
    descriptions: Mapping[str, str]
    labels: tuple[str, ...]
    ids: frozenset[str]
    outcomes: frozenset[str]
    now: Profile
    before: Before | None

    @cached_property
    def outcome(self) -> tuple[str, pa.Array] | None:
        """The first label that is true or false, or 1 or 0, in the sampled rows; None where none is."""
        for name in self.labels:
            if (is_true := _as_truth(self.now.columns[name])) is not None:
                return name, is_true
        return None

    @cached_property
    def psi(self) -> Mapping[str, float]:
        """Of each column that can be held against what stood, how far both are apart."""
        # Imported where a report is made: with scipy, which it brings, each build would begin later.
        from skewless.parts.profile.looks import psi

        there = self.before.profile.columns if self.before else {}
        held = {name: now for name, now in self.now.columns.items() if name in there and name not in self.ids}
        found = {name: psi(there[name], now) for name, now in held.items()}
        return {name: value for name, value in found.items() if value is not None}


def _as_truth(label: ColumnProfile) -> pa.Array | None:
    ends, texts = {label.figures.least, label.figures.greatest}, label.figures.texts
    if texts is not None:
        return pc.equal(label.sample, "true") if texts and texts.keys() <= {"true", "false"} else None
    is_whole = pc.all(pc.is_in(label.sample.drop_null(), pa.array([0.0, 1.0]))).as_py()
    return pc.equal(label.sample, 1.0) if ends <= {0.0, 1.0} and is_whole else None


def profiled_rows(found: Findings, replaced: str | None) -> Profiled | None:
    """The columns of a build's rows beside those of what stands; None without rows.

    `replaced` are the standing rows in whose place they come, None for all. They are what is compared with; where there
    are none, as of a day that is new, it is all that stands, of a large table the rows of some files.
    """
    size = found.census.taken
    if not size:
        return None
    opened, labels = found.opened, found.opened.labels
    names = [name for name in found.rows.columns if name not in (EVENT_DATE, LOGGED_FEATURES)]
    types = {field.name: field.dataType for field in found.rows.schema}
    t = spelt(labels.event_timestamp, found.rows.schema)
    with step("profiling rows") as profiling:
        profiling.rows = size
        now = profile(found.rows, _values(found.rows, names, labels), size)
    with step("profiling what stands"):
        before = _before(found, replaced, names)
    described = _described(opened)
    outcomes = tuple(spelt(name, found.rows.schema) for name in labels.label_columns)
    known_at = labels.label_available_at
    return Profiled(
        {name: types[name].simpleString() for name in names},
        {name: TIME if name == t else kind_of(types[name]) for name in names},
        {name: described.get(name, "") for name in names},
        outcomes,
        frozenset(spelt(name, found.rows.schema) for name in (*labels.entity_keys, t)),
        frozenset(outcomes) | ({spelt(known_at, found.rows.schema)} if known_at else set()),
        now,
        before,
    )


def _described(opened: OpenedTrainingSet) -> dict[str, str]:
    """Result column → how a joined column comes about, and what a function's docstring says of it."""
    found: dict[str, str] = {}
    joins = {join.name: join for join in opened.spec.joins}
    for side in opened.sides:
        join = joins[side.name]
        found |= {joined(side.name, name): column_in_words(join, name) for name in side.columns}
        for spec in join.table.aggregations:
            words = aggregation_in_words(join, Aggregation.from_spec(spec), spec.get("where"))
            found[joined(side.name, str(spec["name"]))] = words
    return found | {each.name: each.description for each in opened.features.features}


def _values(rows: DataFrame, names: list[str], labels: Labels) -> dict[str, Column]:
    t = published_time(labels)(rows)
    types = {field.name: field.dataType for field in rows.schema}
    own = spelt(labels.event_timestamp, rows.schema)
    return {
        name: (F.unix_micros(t) / SECOND).cast("double")
        if name == own
        else profiled(column(name), types[name], t)
        for name in names
    }


def _before(found: Findings, replaced: str | None, names: list[str]) -> Before | None:
    """What stands; None where it has no rows, and where it cannot be read, which is said: to publish may mend it."""
    standing = found.standing
    if standing.version is None:
        return None
    try:
        rows = standing.rows
        which, own = (ALL, rows) if replaced is None else (SAME_RANGE, rows.where(replaced))
        size = own.count()
        if not size and replaced is not None:
            which, own = ALL, spread_files(rows)
            size = own.count()
        if not size or found.opened.labels.event_timestamp not in rows.columns:
            return None
        there = [name for name in names if name in rows.columns]
        return Before(standing.version, which, profile(own, _values(own, there, found.opened.labels), size))
    except READ_ERRORS as error:
        refuse_at_the_machine(error)
        tell(f"the report does not say what changed: what stands cannot be read: {reason_of(error)}")
        return None
