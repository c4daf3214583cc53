"""What a build would do, key by key: the contract's `--json` object of `build --explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict


class SourceVersion(TypedDict):
    """Where a source of label events is and which version of it would be read."""

    location: str
    version: int


class Amount(TypedDict):
    """Files and bytes that are read of those that there are, and the rows in these files; None where no log says it."""

    files: int
    of_files: int
    bytes: int
    of_bytes: int
    rows: int | None


class PlannedLabelEvents(Amount):
    """The label events that would be built, and those that would not, by reason."""

    sources: Mapping[str, SourceVersion]
    in_range: int
    taken: int
    left_out: Mapping[str, int]
    null_times: int
    first: str | None
    last: str | None
    where: str | None


class PlannedFreshness(TypedDict):
    """What `require_fresh` asks of a table, and the problem where it is not ready."""

    require_fresh: str
    since: str
    visible_at: str
    ready: bool
    problem: str | None


class PlannedTable(Amount):
    """A joined table: which of its events would be read, and why so many and no fewer."""

    table: str
    location: str
    version: int
    since: str | None
    since_because: str | None
    until: str | None
    until_because: str | None
    join_keys: Mapping[str, str]
    columns: Sequence[str]
    windows: Sequence[str]
    fresh: PlannedFreshness | None
    warnings: Sequence[str]


class PlannedJoin(TypedDict):
    """The tables of one set of keys that meet the label events in one way, why in that one, and what it costs.

    `bytes` are those of the selected columns by the tables' logs, an estimate.
    """

    keys: Sequence[str]
    feature_tables: Sequence[str]
    strategy: str
    why: str
    bytes: int
    exchanges: int
    partitions: int | None
    winners: Sequence[str]
    windows: Sequence[str]


class PlannedLog(Amount):
    """What would be taken from the log, and which tables would not be read because of that."""

    location: str
    version: int
    taken: Sequence[str]
    missing: str
    matched_by: Sequence[str]
    not_read: Sequence[str]


class PlannedFeatures(TypedDict):
    """The feature functions that would be called."""

    modules: Sequence[str]
    functions: int
    inputs: int


class PlannedSuite(TypedDict):
    """The expectations that would be held against the rows."""

    suite: str | None
    expectations: int


class PlannedOutput(TypedDict):
    """Where the rows would go, the version that stands there, and which of its rows they replace: None for all."""

    location: str
    version: int | None
    replaces: str | None


class Plan(TypedDict):
    """What a build would read, how it would join it, what it would check and what it would replace."""

    training_set: str
    as_of: str
    start: str | None
    end: str | None
    ready: bool
    columns: Sequence[str]
    strategy: str
    why: str
    label_events: PlannedLabelEvents
    feature_tables: Mapping[str, PlannedTable]
    joins: Sequence[PlannedJoin]
    log: PlannedLog | None
    features: PlannedFeatures
    parity_sample: int
    expectations: PlannedSuite | None
    output: PlannedOutput
