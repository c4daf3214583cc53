"""The audit itself (S2): a sample of staged rows, replayed by the exported plan in a process without Spark."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from skewless.ground.arrow_values import python_columns
from skewless.ground.errors import InputError, afterwards
from skewless.ground.spark_columns import column
from skewless.parts.parity.folder import AuditFolder
from skewless.parts.parity.raw_rows import Entities, Entity, entity_rows, rows_within
from skewless.parts.parity.sample import AUDIT, chosen_rows, rows_with
from skewless.serving.errors import FeatureError
from skewless.serving.plan.document.layout import read_layout
from skewless.serving.plan.serve.compiled import TableNeeds
from skewless.serving.plan.serve.serving_plan import ServingPlan
from skewless.serving.replay.replay import Difference, LabelEvent, Replay, Request, functions_of
from skewless.serving.sets.last_call import LONGEST_CALL

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Another zone and another seed of hashes than Spark's workers have: neither may decide a value.
_ELSEWHERE = {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "17"}


@dataclass(frozen=True)
class Parity:
    """How many label events were replayed, how many of those by chance, and on how many a value differs.

    `left_out` label events were not replayed, since their entities have more raw rows than an audit holds.
    """

    rows: int
    by_chance: int
    mismatches: int
    left_out: int
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.mismatches

    @property
    def bound(self) -> float | None:
        """The share of rows that may differ at most, with 95% confidence, where none of those chosen by chance does.

        1 - 0.05^(1/n), exactly what the rule of three approximates (Hanley and Lippman-Hand 1983).
        """
        return 1 - 0.05 ** (1 / self.by_chance) if self.by_chance and self.passed else None


class Audit:
    """A replay under way in another process."""

    def __init__(self, request: Request, by_chance: int, left_out: int) -> None:
        self._by_chance, self._left_out = by_chance, left_out
        self._folder = AuditFolder()
        place = Path(self._folder.name)
        self._answer = place / "answer"
        # Both ways through files: whatever feature modules print would get in between on a pipe.
        (place / "request").write_bytes(pickle.dumps(request))
        # The whole path: feature modules may lie in the working directory or beside the configuration.
        paths = os.pathsep.join(str(Path(entry or ".").absolute()) for entry in sys.path)
        # A new interpreter, not a fork: a fork of the driver has Spark imported, and serving must do without. Not
        # serving in this process either, which would leave what a feature module has cached while the job ran.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "skewless.serving.replay", str(place / "request"), str(self._answer)],
            env={**os.environ, **_ELSEWHERE, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def result(self) -> Parity:
        """What the replay found, once it is done. InputError where it could not run."""
        with afterwards(self.stop):
            _, said = self._process.communicate()
            if not self._answer.exists():
                told = said.decode("utf-8", "backslashreplace")[-2000:]
                raise RuntimeError(f"the replay ended without an answer: {told}")
            answer: Replay | str = pickle.loads(self._answer.read_bytes())
        if isinstance(answer, str):
            raise InputError(f"parity audit: {line}" for line in answer.splitlines())
        return Parity(answer.rows, self._by_chance, answer.mismatches, self._left_out, answer.differences)

    def stop(self) -> None:
        """End the replay and what it has forked, done or not, and remove its files."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._folder.cleanup()


def begin_audit(
    staged: DataFrame,
    document: Mapping[str, Any],
    tables: Mapping[str, DataFrame],
    size: int,
    longest_call: float = LONGEST_CALL,
) -> Audit:
    """Start replaying a sample of the staged rows; `tables` are the feature tables' raw rows by as-name, and a function
    may take `longest_call` seconds for one of them."""
    # The hard cases were noted by the join while rows were staged: a sample by chance alone misses most of them.
    hashes, by_chance = chosen_rows(staged, size)
    wanted = [column(name) for name in (*_decisive(document), AUDIT)]
    found = rows_with(staged.select(*wanted), hashes).toArrow()
    needs = _plan(document).needs()
    moments = found[AUDIT].combine_chunks().field("at")
    raw: dict[str, Entities] = {}
    unheld: dict[str, set[Entity]] = {}
    for name, need in needs.items():
        columns = list(dict.fromkeys([*need.row_columns, *need.event_columns]))
        # From the tables and not from the join's input: what the join has pruned wrongly must not be missing here
        # too.
        near = rows_within(tables[name], need, moments)
        raw[name], unheld[name] = entity_rows(near, list(need.keys.items()), found, columns)
    label_events = _label_events(found)
    known = zip(label_events, found[AUDIT].combine_chunks().field("hash").to_pylist(), strict=True)
    kept = [(event, hash_) for event, hash_ in known if not _is_unheld(event, needs, unheld)]
    request = Request(document, [event for event, _ in kept], raw, longest_call)
    return Audit(request, len(by_chance & {hash_ for _, hash_ in kept}), len(label_events) - len(kept))


def _decisive(document: Mapping[str, Any]) -> list[str]:
    """The columns that a replay takes and compares; others pass through, and may hold what Python cannot."""
    labels, tables = document["label_events"], document["feature_tables"]
    taken = [*labels["entity_keys"], labels["event_timestamp"]]
    taken += [label_column for table in tables for _, label_column in table["join_keys"]]
    taken += [name for each in document["features"]["functions"] for name in each["inputs"]]
    known = {*labels["columns"], *document["columns"]}
    return [name for name in dict.fromkeys([*taken, *document["columns"]]) if name in known]


def _plan(document: Mapping[str, Any]) -> ServingPlan:
    try:
        return ServingPlan.from_document(document, features=functions_of(read_layout(document)))
    except FeatureError as error:
        raise InputError(f"parity audit: {line}" for line in error.problems) from error


def _label_events(found: pa.Table) -> list[LabelEvent]:
    values = python_columns(found.drop_columns([AUDIT]))
    moments = found[AUDIT].combine_chunks().field("at").to_pylist()
    rows = zip(*values.values(), strict=True)
    return [
        LabelEvent(
            dict(zip(values, row, strict=True)), None if at is None else EPOCH + timedelta(microseconds=at)
        )
        for row, at in zip(rows, moments, strict=True)
    ]


def _is_unheld(event: LabelEvent, needs: Mapping[str, TableNeeds], unheld: Mapping[str, set[Entity]]) -> bool:
    entities = {
        name: tuple([event.columns[key] for key in need.keys.values()]) for name, need in needs.items()
    }
    return any(entities[name] in left_out for name, left_out in unheld.items())
