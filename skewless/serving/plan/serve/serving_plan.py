"""The serving plan: a training set's joins, windows and functions, run for one request (S1)."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import IO, Any, Literal

from skewless.serving.errors import FeatureError, kind_of
from skewless.serving.plan.document.code import loaded_features
from skewless.serving.plan.document.layout import Layout, read_layout
from skewless.serving.plan.document.plan import edits, schema_of
from skewless.serving.plan.serve.compiled import (
    CompiledTable,
    Events,
    Needs,
    Rows,
    TableNeeds,
    needs_of,
    refuse_unknown,
)
from skewless.serving.plan.serve.request import Asked, RequestReader, input_problems, moment
from skewless.serving.sets.feature_set import FeatureSet
from skewless.serving.sets.program import Calling
from skewless.serving.values.checks import Refused
from skewless.serving.values.instants import micros

TYPE_CHECKING = False

if TYPE_CHECKING:
    from skewless.serving.plan.online.fetch import Fetcher
    from skewless.serving.store.online_store import OnlineStore
    from skewless.serving.store.seam import StoreState

OnMismatch = Literal["raise", "warn"]
_ZIP = b"PK"
"""What a bundle begins with, and no JSON."""


class ServingPlan:
    """Everything that decides a feature's value, exported from a training set; immutable and free of locks.

    >>> from skewless.serving.plan.document.plan import feature_table_part, label_events_part, plan_document
    >>> def is_hot(weather__temp: float) -> bool: return weather__temp > 30
    >>> functions = FeatureSet.from_functions([is_hot])
    >>> labels = label_events_part(entity_keys=["origin"], event_timestamp="predict_at",
    ...     columns={"origin": "string", "predict_at": "timestamp"})
    >>> weather = feature_table_part(labels, name="weather", table="weather", max_age="3h",
    ...     join_keys=[("origin", "origin")], event_timestamp="seen_at", columns=["temp"],
    ...     types={"origin": "string", "seen_at": "timestamp", "temp": "double"})
    >>> document = plan_document(training_set="demo", version=0, label_events=labels,
    ...     feature_tables=[weather], features=functions, modules=[])
    >>> plan = ServingPlan.from_document(document, features=functions)
    >>> plan.needs()["weather"].row_columns
    ('seen_at', 'temp')
    >>> noon = dt.datetime(2024, 7, 1, 12, tzinfo=dt.timezone.utc)
    >>> row = {"seen_at": noon - dt.timedelta(hours=1), "temp": 31}
    >>> plan.compute({"origin": "EWR"}, rows={"weather": row}, at=noon)
    {'weather__temp': 31.0, 'is_hot': True}
    """

    __slots__ = ("_features", "_fetcher", "_layout", "_needs", "_request", "_tables", "fingerprint", "schema")

    #: The fingerprint of everything in the plan that decides a value.
    fingerprint: str
    #: Column → type as Spark's `simpleString` spells it, in the order of the training set.
    schema: Mapping[str, str]

    def __init__(self, layout: Layout, features: FeatureSet) -> None:
        """For `load` and `from_document`, which have checked both."""
        self._layout, self._features = layout, features
        self._tables = tuple(map(CompiledTable.of, layout.tables))
        self._request = RequestReader.of(layout.labels, layout.tables, features)
        self._needs = Needs(map(needs_of, layout.tables))
        self._fetcher: Fetcher | None = None
        self.fingerprint = layout.fingerprint
        self.schema = MappingProxyType(schema_of(layout.tables, features))

    @classmethod
    def load(
        cls, file: str | os.PathLike[str] | IO[str] | IO[bytes], on_mismatch: OnMismatch = "raise"
    ) -> ServingPlan:
        """The plan in a file, given by its path or open for reading; see `from_document`.

        A bundle brings its feature code, which is imported for this plan alone: modules of the same names that this
        process has, or imports later, are others. It is refused in one line.
        """
        data, name = _content(file)
        if not data.startswith(_ZIP):
            return cls.from_document(_read(data, name), on_mismatch)
        from skewless.serving.plan.bundle.opening import opened

        bundle = opened(data, name)
        with bundle.modules.in_place():
            try:
                return cls.from_document(bundle.plan, on_mismatch)
            except FeatureError as error:
                problems = "; ".join(each.removeprefix("serving plan: ") for each in error.problems)
                raise FeatureError(f"serving plan '{name}': {problems}") from error

    @classmethod
    def from_document(
        cls, document: object, on_mismatch: OnMismatch = "raise", features: FeatureSet | None = None
    ) -> ServingPlan:
        """The plan that a document describes, with the feature functions of this process.

        The functions are those of the modules that the document names, or `features`. Where their code is not
        what the plan was exported with, or the document was changed since, FeatureError names every such
        function and part; with `on_mismatch="warn"` each is a warning instead, and the document's values and
        this process's code are used. A document that cannot be read at all is always refused.
        """
        if on_mismatch not in ("raise", "warn"):
            raise FeatureError(f"serving plan: on_mismatch is {on_mismatch!r}; use 'raise' or 'warn'")
        layout = read_layout(document)
        found, mismatches = loaded_features(layout, features)
        _report([*edits(layout.document), *mismatches], on_mismatch)
        problems = list(input_problems(found, layout.labels, layout.tables))
        if problems:
            raise FeatureError(*(f"serving plan: {problem}" for problem in problems))
        return cls(layout, found)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every training-set feature column: table by table, then the functions."""
        return tuple(self.schema)

    def needs(self) -> Mapping[str, TableNeeds]:
        """As-name → what to fetch of that feature table for a prediction; printed, a table to read."""
        return self._needs

    def compute(
        self,
        request: Mapping[str, Any],
        *,
        rows: Rows | None = None,
        events: Events | None = None,
        at: dt.datetime | None,
    ) -> dict[str, Any]:
        """Every feature column for one request at T = `at`, as the training set would hold it.

        `request` carries the label events' columns that join and that functions take. `rows` gives, per
        as-name, the newest row of the request's entity, or a list to choose from by the rules of the as-of
        join, or None where there is none; `events` the rows that window aggregations count. Where `at` or a
        key is null, so is every column of the table. FeatureError says what is missing, of a wrong type, or
        of another entity.
        """
        _refuse_others(rows=rows, events=events)
        rows, events = rows or {}, events or {}
        refuse_unknown(self._tables, rows, events)
        return self._computed(self._asked(request, at), rows, events)

    def fetch(
        self,
        store: OnlineStore,
        request: Mapping[str, Any],
        *,
        at: dt.datetime | None,
        max_staleness: str | dt.timedelta | None = None,
    ) -> dict[str, dict[str, Any]]:
        """`{"rows": …, "events": …}` of an online store for one request at T = `at`, as `compute` takes them.

        A key that the store does not know gives None and [], as a key without rows does in training. StoreError where
        the store is not this plan's, lacks a table, keeps nothing of so early a T, or was materialised longer before T
        than `max_staleness` (else the store's own) allows.
        """
        return self._fetched().fetch_rows(store, self._asked(request, at), max_staleness)

    def serve(
        self,
        store: OnlineStore,
        request: Mapping[str, Any],
        *,
        at: dt.datetime | None,
        max_staleness: str | dt.timedelta | None = None,
    ) -> dict[str, Any]:
        """Every feature column for one request at T = `at`: what `fetch` gives, computed."""
        return self.serve_many(store, [request], at=at, max_staleness=max_staleness)[0]

    def serve_many(
        self,
        store: OnlineStore,
        requests: Iterable[Mapping[str, Any]],
        *,
        at: dt.datetime | None,
        max_staleness: str | dt.timedelta | None = None,
    ) -> list[dict[str, Any]]:
        """`serve` for many requests at one T, all from one publication of the store and in one round trip."""
        asked = [self._asked(request, at) for request in requests]
        given = self._fetched().fetch(store, asked, max_staleness)
        return [self._computed(each, **own) for each, own in zip(asked, given, strict=True)]

    @property
    def store_state(self) -> StoreState | None:
        """Of the store read last, without a round trip, for `log.write(store=plan.store_state)`; None before."""
        return None if self._fetcher is None else self._fetcher.state

    def _asked(self, request: Mapping[str, Any], at: dt.datetime | None) -> Asked:
        _refuse_others(request=request)
        try:
            t = None if at is None else moment(at)
        except Refused as error:
            raise FeatureError(f"at: {error}") from None
        return Asked(
            self._request.read(request, t),
            None if t is None else micros(t),
            self._request.label_event(request, t),
        )

    def _computed(self, asked: Asked, rows: Rows, events: Events) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for table in self._tables:
            values.update(zip(table.columns, table.values(asked.values, rows, events, asked.at), strict=True))
        values.update(self._features.compute({**asked.values, **values}, asked.label_event))
        return values

    def _fetched(self) -> Fetcher:
        """Made at the first fetch, since a process without an online store needs none of it."""
        if self._fetcher is None:
            from skewless.serving.plan.online.fetch import Fetcher

            self._fetcher = Fetcher(self._layout)
        return self._fetcher

    def called_by(self, call: Calling) -> ServingPlan:
        """The same plan, whose feature functions are called through `call(place, function, values)`."""
        return ServingPlan(self._layout, self._features.called_by(call))

    def __repr__(self) -> str:
        return f"ServingPlan({self._layout.training_set!r}, version={self._layout.version})"


def _refuse_others(**given: Any) -> None:
    for name, value in given.items():
        # Anything with keys may be a request; a data frame has keys too, but no single row.
        if value is not None and (not hasattr(value, "keys") or hasattr(value, "columns")):
            raise FeatureError(f"{name}: expected a dict, found {kind_of(value)}")


def _content(file: str | os.PathLike[str] | IO[str] | IO[bytes]) -> tuple[bytes, str]:
    """What is in a file, and its name in messages."""
    from pathlib import Path

    if not isinstance(file, (str, os.PathLike)) and not hasattr(file, "read"):
        raise FeatureError(f"serving plan: expected a path or an open file, found {kind_of(file)}")
    is_path = isinstance(file, (str, os.PathLike))
    name = str(file) if is_path else str(getattr(file, "name", "the given file"))
    try:
        data = Path(file).read_bytes() if is_path else file.read()  # type: ignore[arg-type, union-attr]
    except (OSError, ValueError) as error:
        raise FeatureError(f"serving plan '{name}': cannot be read: {error}") from error
    return (data.encode() if isinstance(data, str) else data), name


def _read(data: bytes, name: str) -> object:
    import json

    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FeatureError(f"serving plan '{name}': cannot be read: {error}") from error


def _report(mismatches: list[str], on_mismatch: OnMismatch) -> None:
    problems = [f"serving plan: {problem}" for problem in mismatches]
    if problems and on_mismatch == "raise":
        raise FeatureError(*problems)
    if problems:
        import warnings

        for problem in problems:
            warnings.warn(problem, stacklevel=4)
