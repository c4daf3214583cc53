"""Label events of a training set computed once more by its serving plan, and held against what was published.

Run as `python -m skewless.serving.replay REQUEST ANSWER` it reads a pickled `Request` from one file and writes the
pickled `Replay` to the other, in a process where Spark cannot be imported.
"""

from __future__ import annotations

import datetime as dt
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from skewless.serving.errors import FeatureError, raised, shown
from skewless.serving.plan.document.layout import Layout, read_layout
from skewless.serving.plan.serve.serving_plan import ServingPlan
from skewless.serving.plan.serve.tables import JoinedTable
from skewless.serving.replay.rows import Entities, RowsNear
from skewless.serving.sets.feature_set import FeatureSet
from skewless.serving.sets.last_call import LONGEST_CALL, LastCall, Note, failure_of, last_call
from skewless.serving.values.sameness import same, within_tolerance

_T = "event_timestamp"
_SPARK = ("pyspark", "py4j", "delta")
_MOST_SHOWN = 20


class LabelEvent(NamedTuple):
    """A published row: its columns by name, and T."""

    columns: Mapping[str, Any]
    at: dt.datetime | None


class Request(NamedTuple):
    """What is to be replayed: a plan's document, label events, and per as-name the entities' raw rows; and how many
    seconds one call of a feature function may take."""

    document: Mapping[str, Any]
    label_events: Sequence[LabelEvent]
    tables: Mapping[str, Entities]
    longest_call: float = LONGEST_CALL


class Difference(NamedTuple):
    """A value that serving does not make: both values as text, what it came from, and why they differ if known."""

    column: str
    published: str
    served: str
    label_event: str
    inputs: str
    rows: tuple[str, ...]


class Replay(NamedTuple):
    """How many label events were replayed, on how many of them some value differs, and the first differences
    of every column."""

    rows: int
    mismatches: int
    differences: tuple[Difference, ...]


def replay(request: Request, note: Note | None = None) -> Replay:
    """Compute every label event by the plan: joins, windows, and functions on the window values that were published.

    Sums, means and deviations of doubles may differ by 1e-9 times the sum of absolute values in the window, since
    they may be added in another order; everything else is equal exactly. The functions run twice, the second time
    from the last label event to the first: one that does not give the same value again is no function of its inputs.
    `note` is told which call is under way, for the label event at which place.
    """
    note = note or Note()
    checker = _Checker(request, note)
    found = []
    for note.row, event in enumerate(request.label_events):
        found.append(list(checker.differences(event)))
    for note.row in reversed(range(len(found))):
        found[note.row] += checker.changes(request.label_events[note.row])
    in_turn = _each_column_first([difference for each in found for difference in each])
    return Replay(len(found), sum(map(bool, found)), tuple(in_turn[:_MOST_SHOWN]))


def _each_column_first(differences: Sequence[Difference]) -> list[Difference]:
    """The first difference of every column, then the second of each, so that none hides another."""
    times: dict[str, int] = {}
    turns = []
    for difference in differences:
        turns.append((times.get(difference.column, 0), difference))
        times[difference.column] = times.get(difference.column, 0) + 1
    return [difference for _, difference in sorted(turns, key=itemgetter(0))]


def functions_of(layout: Layout) -> FeatureSet:
    """The plan's functions as this process has them; that of a part of a training set has not all of them."""
    found = FeatureSet.from_modules(layout.modules)
    return found.subset(name for name in layout.functions if name in found.schema)


class _Checker:
    def __init__(self, request: Request, note: Note) -> None:
        layout = read_layout(request.document)
        functions = functions_of(layout)
        self._functions = functions.called_by(note.call)
        self._plan = ServingPlan.from_document(request.document, features=functions).called_by(note.call)
        self._tables = layout.tables
        self._keys = (*layout.labels.entity_keys, layout.labels.event_timestamp)
        self._near = {
            table.name: RowsNear(table, self._plan.needs()[table.name], request.tables[table.name])
            for table in layout.tables
        }
        self._first: dict[int, dict[str, Any]] = {}

    def differences(self, event: LabelEvent) -> Iterator[Difference]:
        """The columns of one label event that serving does not make as they were published."""
        try:
            values = self._functions.compute(self._inputs(event))
        except FeatureError as error:
            yield self._difference(event, "feature functions", "a value", str(error))
            return
        yield from self._of_tables(event)
        self._first[id(event)] = values
        for name, value in values.items():
            if not same(event.columns[name], value):
                yield self._difference(event, name, shown(event.columns[name]), shown(value))

    def changes(self, event: LabelEvent) -> Iterator[Difference]:
        """The functions that give another value when they are called again."""
        first = self._first.pop(id(event), None)
        if first is None:
            return
        try:
            again = self._functions.compute(self._inputs(event))
        except FeatureError as error:
            yield self._difference(event, "feature functions", "a value", f"the second time: {error}")
            return
        for name, value in again.items():
            if not same(first[name], value):
                second = f"{shown(value)} when called again; it depends on more than its inputs"
                yield self._difference(event, name, shown(first[name]), second)

    def _of_tables(self, event: LabelEvent) -> Iterator[Difference]:
        """The replay first uses the rows near T; before it reports a difference, it replays the whole history."""
        values: Mapping[str, Any] = {}
        for whole in (False, True):
            problem, values = self._computed(event, whole)
            if problem is None and all(self._agrees(event, table, values) for table in self._tables):
                return
        if problem is not None:
            yield self._difference(event, "joined columns", "values", problem)
            return
        for table in self._tables:
            for name in table.schema:
                if not self._column_agrees(event, table, name, values):
                    served = shown(values[name])
                    yield self._difference(event, name, shown(event.columns[name]), served, table)

    def _computed(self, event: LabelEvent, whole: bool) -> tuple[str | None, Mapping[str, Any]]:
        rows, events = {}, {}
        for table in self._tables:
            near, needs = self._near[table.name], self._plan.needs()[table.name]
            if needs.rows:
                rows[table.name] = near.rows(event.columns, event.at, whole)
            if needs.events:
                events[table.name] = near.events(event.columns, event.at, whole)
        try:
            return None, self._plan.compute(event.columns, rows=rows, events=events, at=event.at)
        except FeatureError as error:
            return str(error), {}

    def _agrees(self, event: LabelEvent, table: JoinedTable, values: Mapping[str, Any]) -> bool:
        return all(self._column_agrees(event, table, name, values) for name in table.schema)

    def _column_agrees(
        self, event: LabelEvent, table: JoinedTable, name: str, values: Mapping[str, Any]
    ) -> bool:
        published, served = event.columns[name], values[name]
        if same(published, served):
            return True
        aggregation = name.removeprefix(f"{table.name}__")
        if event.at is None or not isinstance(published, float) or not isinstance(served, float):
            return False
        weights = self._near[table.name].summed_values(aggregation, event.columns, event.at)
        return weights is not None and within_tolerance(published, served, weights)

    def _inputs(self, event: LabelEvent) -> dict[str, Any]:
        columns = {name: value for name, value in event.columns.items() if name not in self._functions.schema}
        return {**columns, _T: event.at}

    def _difference(
        self, event: LabelEvent, column: str, published: str, served: str, table: JoinedTable | None = None
    ) -> Difference:
        label_event = ", ".join(f"{key}={shown(value)}" for key, value in self._identity(event).items())
        definition = next((each for each in self._functions.features if each.name == column), None)
        taken = {} if definition is None else self._taken(event, definition.parameters)
        near = () if table is None else self._near[table.name].as_text(event.columns, event.at)
        inputs = ", ".join(f"{name}={shown(value)}" for name, value in taken.items())
        return Difference(column, published, served, label_event, inputs, near)

    def failure_of(self, event: LabelEvent, call: LastCall) -> FeatureError:
        """The error of the function in whose call, for this label event, a replay ended."""
        return failure_of(call, self._functions, self._inputs(event), self._identity(event))

    def _identity(self, event: LabelEvent) -> dict[str, Any]:
        return {key: event.columns[key] for key in self._keys}

    def _taken(self, event: LabelEvent, parameters: Sequence[Any]) -> dict[str, Any]:
        known = {**event.columns, _T: event.at}
        return {each.name: known[each.name] for each in parameters if each.name in known}


class _WithoutSpark:
    """An import hook before all others that finds no Spark."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name.partition(".")[0] in _SPARK:
            raise ModuleNotFoundError(f"{name} is not there when a model is served", name=name)


def main(arguments: Sequence[str]) -> int:
    """Answer the request in one file in another; a failure is the answer's text, since nobody reads the output."""
    sys.meta_path.insert(0, _WithoutSpark())
    request, answer = map(Path, arguments)
    asked: Request = pickle.loads(request.read_bytes())

    def work(note: Note) -> None:
        answer.write_bytes(pickle.dumps(_outcome(lambda: replay(asked, note))))

    ended = last_call(work, asked.longest_call)
    if ended is not None and ended.feature < 0:
        print(f"the replay {ended.how}", file=sys.stderr)
    elif ended is not None:
        event = asked.label_events[ended.row]
        words = _outcome(lambda: str(_Checker(asked, Note()).failure_of(event, ended)))
        answer.write_bytes(pickle.dumps(words))
    return 0


def _outcome(of: Callable[[], Replay | str]) -> Replay | str:
    try:
        return of()
    except FeatureError as error:
        return str(error)
    except Exception as error:  # whatever a feature module does when it is imported
        return raised(error)
