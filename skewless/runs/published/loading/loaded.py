"""A published training set that was loaded: rows, roles of columns, and cuts in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from skewless.ground.errors import InputError
from skewless.runs.published.loading.moments import moment_of
from skewless.runs.published.loading.reading import Cells
from skewless.serving.values.durations import microseconds

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from skewless.ground.run.manifest import Manifest

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, eq=False, repr=False)
class LoadedTrainingSet:
    """Rows of one version of a training set; they are read when first asked for, and kept.

    `version` is the Delta version that is read; `manifest`, with a `version` of its own, is that of the build whose
    rows stand in it. `columns` are those that are read. `location` is the table's.
    """

    name: str
    location: str
    version: int
    manifest: Manifest
    columns: tuple[str, ...]
    read: Callable[[], Cells]

    @cached_property
    def _cells(self) -> Cells:
        return self.read()

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table, as they are published, in no order that is promised."""
        return self._cells.rows

    def to_pandas(self, **options: Any) -> pd.DataFrame:
        """As pandas has them: integers with nulls become floats; `options` are those of Arrow's `to_pandas`."""
        return self.to_arrow().to_pandas(**options)

    @property
    def features(self) -> list[str]:
        """The columns to train on, those that a serving plan gives: joined ones, aggregations and feature functions."""
        plan = self.manifest.get("serving_plan")
        if plan is None:
            raise InputError(
                f"training set '{self.name}': version {self.manifest['version']} has no serving plan, so that its "
                "features are not known; build it again"
            )
        return [name for name in plan["columns"] if name in self.columns]

    @property
    def labels(self) -> list[str]:
        """The label columns."""
        written = self.manifest["spec"]["training_set"]["labels"]["label_columns"]
        folded = [name.casefold() for name in written]
        found = [name for name in self.columns if name.casefold() in folded]
        return sorted(found, key=lambda name: folded.index(name.casefold()))

    @property
    def without_times(self) -> int:
        """How many rows of the version have no T: they are in no range, and in no part of a split."""
        return self._cells.without_times

    @property
    def num_rows(self) -> int:
        return len(self._cells.t)

    def __len__(self) -> int:
        return self.num_rows

    def split(self, at: datetime | date | str, embargo: timedelta | str = timedelta()) -> Split:
        """The rows to train on at `at`, and those to test on.

        Train: T before `at` less the embargo and, where the training set has `label_available_at`, an outcome that was
        known at `at`; a null there was not. Test: T from `at` on. `embargo` is a timedelta or a duration such as "7d".
        The rest is counted.

            train, test = load("flight_delay").split(at="2013-06-01", embargo="1d")
        """
        problems: list[str] = []
        moment = moment_of("at", at, problems)
        length = 0
        try:
            length = microseconds(embargo)
        except ValueError as error:
            problems.append(f"embargo: {error}")
        if moment is None or problems:
            raise InputError(problems or "at: expected a moment, found None")
        return _split(self, moment, length)

    def __repr__(self) -> str:
        return f"LoadedTrainingSet({self.name!r}, version={self.version}, {len(self.columns)} columns)"


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A training set cut at a moment, and how many of its rows are in neither part, by reason: within the `embargo`,
    with an `unknown_outcome` at the cut, `without_times`. Each row is counted once.

    It unpacks into `train` and `test`.
    """

    train: LoadedTrainingSet
    test: LoadedTrainingSet
    left_out: Mapping[str, int]
    at: datetime

    def __iter__(self) -> Iterator[LoadedTrainingSet]:
        return iter((self.train, self.test))

    def __repr__(self) -> str:
        left_out = ", ".join(
            f"{count:,} {_REASONS[reason]}" for reason, count in self.left_out.items() if count
        )
        return (
            f"split of {self.train.name} at {self.at.isoformat()}: {len(self.train):,} rows to train on, "
            f"{len(self.test):,} to test on; left out: {left_out or 'none'}"
        )


EMBARGO, UNKNOWN, WITHOUT_TIMES = "embargo", "unknown_outcome", "without_times"
_REASONS = {
    EMBARGO: "within the embargo",
    UNKNOWN: "whose outcome was not known then",
    WITHOUT_TIMES: "without a T",
}


def _split(whole: LoadedTrainingSet, at: int, embargo: int) -> Split:
    import pyarrow.compute as pc

    cells = whole._cells

    def is_true(condition: Any) -> Any:  # null is not true
        return pc.fill_null(condition, False)

    is_before = is_true(pc.less(cells.t, at))
    is_early = is_true(pc.less(cells.t, at - embargo))
    is_known = is_early if cells.known is None else is_true(pc.less_equal(cells.known, at))
    is_train = pc.and_(is_early, is_known)

    def count(mask: Any) -> int:
        return pc.sum(mask).as_py() or 0

    left_out = {
        EMBARGO: count(is_before) - count(is_early),
        UNKNOWN: count(is_early) - count(is_train),
        WITHOUT_TIMES: int(cells.t.null_count),
    }
    train, test = cells.where(is_train), cells.where(is_true(pc.greater_equal(cells.t, at)))
    return Split(
        replace(whole, read=lambda: train),
        replace(whole, read=lambda: test),
        left_out,
        _EPOCH + timedelta(microseconds=at),
    )
