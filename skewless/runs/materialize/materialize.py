"""A published plan, feature tables at pinned versions and a store → the store's next publication, audited before.

steps of a run                      a stop or a kill in it leaves
opening tables, reading the state   the store as it was
writing NAME, for each table        the same, and staged entries, which this run or a later one removes
audit                               the same
publishing                          the store as it was, or as it is to be: one switch
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from pyspark.sql import SparkSession

from skewless.ground.errors import (
    InputError,
    MachineError,
    PublishConflictError,
    afterwards,
)
from skewless.ground.instants import micros_of
from skewless.ground.run.ids import new_run_id
from skewless.ground.run.steps import step, this_run
from skewless.ground.run.stops import decide
from skewless.lake.failures import raised_in_a_task
from skewless.lake.jvm.causes import READ_ERRORS
from skewless.lake.sources import table_id
from skewless.parts.functions import ship_code
from skewless.runs.materialize.audit import Audited, audited
from skewless.runs.materialize.entries import Writing, Written, look_again, take_away, write_entries
from skewless.runs.materialize.published import PublishedPlan
from skewless.runs.materialize.selection import ended_keys, keys_of, selected_rows
from skewless.runs.materialize.sources import (
    FULL,
    INCREMENTAL,
    Planned,
    Work,
    planned,
)
from skewless.runs.materialize.staged import Staged
from skewless.runs.materialize.tables import opened_tables
from skewless.serving.errors import FeatureError
from skewless.serving.store.errors import StoreConflictError, StoreError
from skewless.serving.store.seam import Store, StoreState, TableState

LONGEST_RUN = timedelta(days=2)
"""Older runs of a store are taken to be dead, and what they staged is removed."""


@dataclass(frozen=True)
class Materialized:
    """What a run did. `state` is the publication, with the keys that the store counted; None where it was refused."""

    plan: PublishedPlan
    run_id: str
    store: str
    materialized_at: datetime
    works: Sequence[tuple[Work, Written]]
    audit: Audited
    state: StoreState | None

    @property
    def status(self) -> str:
        return "rejected" if self.state is None else "published"

    def to_json(self) -> dict[str, Any]:
        """The `--json` object."""
        return {
            "training_set": self.plan.name,
            "version": self.plan.version,
            "run_id": self.run_id,
            "status": self.status,
            "store": self.store,
            "materialized_at": self.materialized_at.isoformat(),
            "tables": {work.table.name: self._table(work, written) for work, written in self.works},
            "audit": self.audit.to_json(),
            **this_run().to_json(),
        }

    def _table(self, work: Work, written: Written) -> dict[str, Any]:
        return {
            "source_version": work.table.source.version,
            "mode": work.mode,
            "why": work.why,
            "rows_read": written.rows,
            "keys_written": written.keys,
            "keys": None if self.state is None else self.state.tables[work.table.name].keys,
        }


@dataclass(frozen=True)
class Staging:
    """A run under way: what it writes into the store, out of sight, as its run `run`; `before` is what is seen."""

    plan: PublishedPlan
    store: Store
    run: str
    now: datetime
    todo: Planned
    before: StoreState | None


def materialize(
    spark: SparkSession, store: Store, plan: PublishedPlan, *, full: bool, now: datetime | None = None
) -> Materialized:
    """Write what serving can need from `now` on, audit it, and make it seen at once; nothing is where it is refused.

    `now` is by default what the clock says; another is for replaying the past. `spark` has to be a session of the run's
    own. Errors: InputError for tables that are not as the plan has them and for values that no store holds,
    MachineError for a store that cannot be reached, PublishConflictError where another run published meanwhile.
    """
    run_id = this_run().known_as(new_run_id())
    with store_failures():
        with step("reading the store's state"):
            store.sweep(LONGEST_RUN)
            state = store.state(plan.name)
        now = _moment(state, now or datetime.now(timezone.utc))
        with step("opening tables"):
            ship_code(spark.sparkContext, ())
            todo = planned(spark, plan, opened_tables(spark, plan), state, full)
        run = store.begin(plan.name, plan.fingerprint, full=todo.is_whole)
        staging = Staging(plan, store, run, now, todo, state)
        # Also once it is published, when there is nothing of it any more.
        with afterwards(lambda: store.discard(run), f"what this run staged in {store.url}"):
            _refuse_overtaken(staging)
            works = [(work, _written(staging, work)) for work in todo.works]
            audit = _audited(staging, works)
            published = None if audit.differences else _published(staging)
    return Materialized(plan, run_id, store.url, now, works, audit, published)


def _moment(state: StoreState | None, now: datetime) -> datetime:
    """From when on the store answers: now, and never before the moment from which on it has answered until now, whose
    rows it holds no more, whatever clocks say."""
    return max([now, *(table.materialized_at for table in state.tables.values())] if state else [now])


def _refuse_overtaken(staging: Staging) -> None:
    """PublishConflictError where another run published between the look at the state and the beginning of this run,
    which would write on rows that it knows nothing of, and put events to them that they hold already.
    """
    store, name = staging.store, staging.plan.name
    if store.state(name) != staging.before:
        raise PublishConflictError(
            f"online store {store.url}: another run published training set '{name}' meanwhile; run it again"
        )


def _written(staging: Staging, work: Work) -> Written:
    at, stored = micros_of(staging.now), work.table.stored
    writing = Writing(
        staging.store,
        staging.plan.name,
        staging.run,
        stored,
        at,
        merges=work.mode != FULL,
        is_whole=staging.todo.is_whole,
    )
    with step(f"writing {stored.name}") as writes:
        if work.before is not None:
            take_away(keys_of(work.before), writing)
        written = _looked_again(staging, work, writing) if work.mode != FULL else Written()
        if work.mode in (FULL, INCREMENTAL):  # last, since an entry that is put again replaces the one before
            written = written.and_then(write_entries(selected_rows(work.read, at), writing))
        writes.rows = written.rows
    return written


def _looked_again(staging: Staging, work: Work, writing: Writing) -> Written:
    """Rows that have ended since the last run go, also of keys of which no row is new."""
    assert staging.before is not None, "a table that is not written whole was written before"
    last = micros_of(staging.before.tables[work.table.name].materialized_at)
    keys = ended_keys(work.table, last, writing.now)
    return Written() if keys is None else look_again(keys, writing)


def _audited(staging: Staging, works: Sequence[tuple[Work, Written]]) -> Audited:
    staged = Staged(staging.store, staging.run, _state(staging))
    with step("audit"):
        return audited(works, staging.plan.layout, staged, micros_of(staging.now))


@step("publishing")
def _published(staging: Staging) -> StoreState:
    decide()
    return staging.store.publish(staging.run, _state(staging))


def _state(staging: Staging) -> StoreState:
    """What the store says of itself once the run is published; it counts the keys then."""
    plan, now = staging.plan, staging.now
    tables = {
        work.table.name: TableState(
            work.table.source.version,
            now,
            source_id=table_id(work.table.source.rows),
            columns=work.table.stored.columns,
        )
        for work in staging.todo.works
    }
    return StoreState(plan.name, plan.version, plan.fingerprint, tables)


@contextmanager
def store_failures() -> Iterator[None]:
    """What a store or a rule of serving's raised, here or in a task, as the run's own kinds of failure."""
    try:
        yield
    except FeatureError as error:
        raise _failure(type(error), list(error.problems)) from error
    except READ_ERRORS as error:
        raised = raised_in_a_task(error, StoreConflictError, StoreError, FeatureError, InputError)
        if raised is None:
            raise
        kind, text = raised
        raise _failure(kind, [text]) from error


def _failure(kind: type[Exception], problems: list[str]) -> Exception:
    if kind is StoreConflictError:
        return PublishConflictError(problems)
    if kind is StoreError:
        return MachineError(problems)
    return InputError(problems)
