"""What a manifest holds, key by key: the JSON that a run writes, and that later versions read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from skewless.ground.run.steps import SparkOfRun, StepSeconds


class InputVersion(TypedDict):
    """Where an input is and which version of it was read."""

    location: str
    version: int


class TableCounts(TypedDict):
    """A joined table: rows read, those with a null key or time, the share of label events matched, and the number of
    those whose winning row is of exactly T."""

    version: int
    rows_read: int
    null_rows: int
    match_rate: float | None
    at_t: int


class ReadAmount(TypedDict):
    """What was read of the files that a table has."""

    files: int
    of_files: int
    bytes: int
    of_bytes: int


class ParityCounts(TypedDict):
    """Label events replayed through serving, and those on which some value differs."""

    rows: int
    mismatches: int


class ValueDifference(TypedDict):
    """A value that serving does not make: both as text, and what it came from."""

    column: str
    published: str
    served: str
    label_event: str
    inputs: str
    rows: Sequence[str]


class AuditCounts(TypedDict):
    """What the replay has shown beside its counts; `bound` is the share of rows that may differ at most."""

    bound: float | None
    by_chance: int
    left_out: int
    differences: Sequence[ValueDifference]


class SuiteCounts(TypedDict):
    """Expectations evaluated, and those that do not hold."""

    evaluated: int
    failed: int


class BreakingRow(TypedDict):
    """A row that breaks an expectation: its key, and what it holds in the expectation's columns."""

    key: str
    values: str


class OffendingValue(TypedDict):
    """What an expectation does not allow, and how many rows hold it; None where rows are not judged singly."""

    value: str
    count: int | None


class FailedExpectation(TypedDict):
    """An expectation that does not hold, on `columns`, with rows that break it and their most frequent values.

    `text` and `spread`, how many different values there are, name no value of a row: they may stand in a shared log.
    """

    text: str
    severity: str
    columns: Sequence[str]
    rows: Sequence[BreakingRow]
    values: Sequence[OffendingValue]
    spread: str


class LabelEventCounts(TypedDict):
    """Label events in the range; of all rows of the source those left out, by reason; those with a null T."""

    in_range: int
    left_out: Mapping[str, int]
    null_times: int


class LoggedCounts(TypedDict):
    """Label events by where one column's values come from; see `FeatureUse`."""

    logged: int
    recomputed: int
    missing: int
    unfit: int
    unfit_record: str | None


class LogCounts(TypedDict):
    """How label events matched the records of a log; see `LogUse`."""

    version: int
    by_request_id: int
    by_keys: int
    unmatched: int
    ambiguous: int
    other_keys: int
    ahead: int
    furthest: int
    features: Mapping[str, LoggedCounts]


class WrittenSpan(TypedDict):
    """T in [start, end) as ISO times, None for an open end."""

    start: str | None
    end: str | None


class WrittenDefinition(TypedDict):
    """What built the rows with T in `ranges` and, with `null_times`, those without a T: a plan, by its fingerprint.

    `version` is the newest version that it built, None in the manifest of that version itself. `dates` are those of the
    rows, ISO, where there is more than one definition; else None, for all there are.
    """

    fingerprint: str
    version: int | None
    ranges: Sequence[WrittenSpan]
    null_times: bool
    dates: Sequence[str] | None


class RebuildOf(TypedDict):
    """The version that a run has built again."""

    location: str
    version: int
    run_id: str


class _NotInAll(TypedDict, total=False):
    """Keys that some manifests lack: written since later, only by some runs, or given when read back.

    `definitions` say which T hold the rows of which definition after the commit, where `follows` is the table's version
    that they were taken from; `without_times` is true of a piece that holds the label events without a T. `started_at`
    to `spark` say of the run when it began, and how long it and its steps took until the manifest was made, just
    before the commit.
    """

    kind: str
    version: int
    serving_plan: Mapping[str, Any]
    feature_fingerprints: Mapping[str, str]
    checksum: str | None
    log: LogCounts
    rebuild_of: RebuildOf
    definitions: Sequence[WrittenDefinition]
    follows: int | None
    without_times: bool
    started_at: str
    ended_at: str
    seconds: float
    steps: Sequence[StepSeconds]
    spark: SparkOfRun


class ComputedPart(TypedDict):
    """What computing rows by a definition came to, whatever kind of run did it."""

    training_set: str
    run_id: str
    rows: int
    columns: Sequence[str]
    strategy: str
    feature_tables: Mapping[str, TableCounts]
    parity: ParityCounts | None
    skewless: str
    inputs: Mapping[str, InputVersion]
    features: Mapping[str, str]
    failed: Mapping[str, int]
    audit: AuditCounts | None
    read: Mapping[str, ReadAmount]
    warnings: Sequence[str]
    repeated_keys: Mapping[str, int]


class Manifest(_NotInAll, ComputedPart):
    """All that it takes to say what a commit was made from; `spec` is what `recorded_training_set` reads."""

    expectations: SuiteCounts | None
    as_of: str
    start: str | None
    end: str | None
    spec: Mapping[str, Any]
    label_events: LabelEventCounts
    failures: Sequence[FailedExpectation]


class ScoredBy(TypedDict):
    """The published version by whose definition rows are scored; `fingerprint` is that of its serving plan."""

    location: str
    version: int
    run_id: str
    fingerprint: str


class ScoresManifest(ComputedPart):
    """All that it takes to say what a table of scores was made from.

    `at` is the T of all rows, None where the column `event_timestamp` of the entities is. The last five keys say of the
    run what `_NotInAll` does.
    """

    definition: ScoredBy
    event_timestamp: str
    at: str | None
    feature_fingerprints: Mapping[str, str]
    started_at: str
    ended_at: str
    seconds: float
    steps: Sequence[StepSeconds]
    spark: SparkOfRun
