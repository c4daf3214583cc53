"""The parts of a build, opened and checked: what the pipeline works on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, TimestampType

from skewless.config import Labels, ResolvedTrainingSet, Sample
from skewless.ground.names import EVENT_DATE, EVENT_TIMESTAMP, LOGGED_FEATURES
from skewless.lake.sources import Source
from skewless.parts.asof import JoinSide
from skewless.parts.functions import FeatureSet, Inputs
from skewless.parts.windows import WindowReduction
from skewless.serving.plan.document.result_columns import columns_of_table, feature_columns
from skewless.training_set.from_log.opening import TrainingLog

PARITY_SAMPLE = 1000
"""Label events replayed where a training set does not say how many."""


@dataclass(frozen=True)
class KeySetPlan:
    """How the tables of one set of keys that meet the label events in the same way do so.

    `way` is EXCHANGE or BROADCAST, `bytes` what the selected columns of their files take by Delta's log, `partitions`
    into how many rows are exchanged.
    """

    keys: tuple[str, ...]
    sides: tuple[str, ...]
    way: str
    bytes: int
    partitions: int | None
    why: str


@dataclass(frozen=True)
class OpenedTrainingSet:
    """What a build works on: pinned rows, column names spelt as in their tables, and checked features.

    `plan` says how tables meet label events; without one all are brought together by key. With a log its `results` are
    all columns of tables and functions, also where sides and features are only those that have to be recomputed.
    """

    spec: ResolvedTrainingSet
    events: DataFrame
    labels: Labels
    sample: Sample | None
    sides: tuple[JoinSide, ...]
    features: FeatureSet
    inputs: Mapping[str, Source]
    log: TrainingLog | None = None
    plan: tuple[KeySetPlan, ...] = ()

    @property
    def strategy(self) -> str:
        """The ways in which tables are joined."""
        return " and ".join(sorted({each.way for each in self.plan})) or "none"

    @property
    def partitions(self) -> dict[tuple[str, ...], int]:
        """Label columns → into how many partitions the tables that join on them are exchanged, where it is planned."""
        return {each.keys: each.partitions for each in self.plan if each.partitions is not None}

    @property
    def parity_sample(self) -> int:
        """How many label events the build replays through serving: none where nothing is joined or computed."""
        if not self.sides and not self.features.names:
            return 0
        wanted = self.spec.training_set.parity_sample
        return PARITY_SAMPLE if wanted is None else wanted

    @property
    def reductions(self) -> dict[str, WindowReduction]:
        """As-name → window aggregations, of the tables that have any."""
        return {
            side.name: side.reduction for side in self.sides if isinstance(side.reduction, WindowReduction)
        }

    @property
    def table_columns(self) -> dict[str, tuple[Column, DataType]]:
        """Result column → where a joined row has it, and its type, table by table: columns, then aggregations."""
        found: dict[str, tuple[Column, DataType]] = {}
        for side in self.sides:
            values = [(side.value(name), side.types[name]) for name in side.columns]
            if side.name in self.reductions:
                slot, fields = F.col(side.events_slot), self.reductions[side.name].schema()
                values += [(slot.getField(field.name), field.dataType) for field in fields]
            found.update(zip(self._names_of(side), values, strict=True))
        return found

    @property
    def result_columns(self) -> list[str]:
        """The published columns in their order; with a log the one before event_date says which values are from it."""
        if self.log is not None:
            return [*self.events.columns, *self.log.results, LOGGED_FEATURES, EVENT_DATE]
        tables = map(self._names_of, self.sides)
        return [*self.events.columns, *feature_columns(tables, self.features.names), EVENT_DATE]

    @property
    def table_column_names(self) -> list[str]:
        return feature_columns(map(self._names_of, self.sides), ())

    def _names_of(self, side: JoinSide) -> list[str]:
        aggregations = self.reductions[side.name].aggregations if side.name in self.reductions else ()
        return columns_of_table(side.name, side.columns, [each.name for each in aggregations])

    def feature_inputs(self) -> Inputs:
        """The columns of joined rows that feature functions may take, by input name."""
        label = F.col("label")
        columns = {name: label.getField(name) for name in self.events.columns}
        types: dict[str, DataType] = {field.name: field.dataType for field in self.events.schema}
        for name, (value, data_type) in self.table_columns.items():
            columns[name], types[name] = value, data_type
        columns[EVENT_TIMESTAMP], types[EVENT_TIMESTAMP] = F.col("t"), TimestampType()
        forbidden = dict.fromkeys(self.labels.label_columns, "a label column")
        if self.labels.label_available_at:
            forbidden[self.labels.label_available_at] = "label_available_at"
        forbidden.pop(EVENT_TIMESTAMP, None)
        return Inputs(columns, types, forbidden)


def cut_down(opened: OpenedTrainingSet, names: Collection[str]) -> OpenedTrainingSet:
    """What it takes to compute these result columns: functions with those they take, and the tables behind them."""
    features = opened.features.subset([name for name in names if name in opened.features.schema])
    wanted = {*names, *features.inputs}
    sides = [side for side in opened.sides if wanted & columns_of(opened, side.name)]
    return replace(opened, sides=tuple(sides), features=features)


def columns_of(opened: OpenedTrainingSet, side_name: str) -> set[str]:
    """The result columns of one joined table."""
    own = replace(opened, sides=tuple(side for side in opened.sides if side.name == side_name))
    return set(own.table_column_names)
