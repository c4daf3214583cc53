"""An opened training set → how its tables meet the label events: the planner's choices, by which estimate, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from skewless.config import AUTO, BROADCAST, EXCHANGE
from skewless.ground.spark_columns import column
from skewless.lake.sizes import broadcast_bound, estimated_bytes
from skewless.parts.asof import JoinSide, key_sets
from skewless.training_set.opened import KeySetPlan, OpenedTrainingSet

WORLD_TIMES = 8
"""A table without keys is sent while it is below so many times the bound of others: where it is not, all label events
meet in one partition."""

ARROW_TIMES = 3
"""What Parquet takes of a byte comes to about so many in Arrow: from 1 (random doubles) to 6 (repeated text)."""

PARTITION_BYTES = 64 * 2**20
"""Rows in Arrow that a partition is meant to have: a quarter of what a worker holds at once, so that a partition with
more than its share still fits."""


def planned(opened: OpenedTrainingSet) -> OpenedTrainingSet:
    """The same build with a way for each table: by Delta's log alone, no row is read.

    | a set of keys                                         | its tables                      |
    | ----------------------------------------------------- | ------------------------------- |
    | all tables together below the bound                   | are sent: an exchange is saved  |
    | else                                                  | meet the label events by key    |
    | no keys, and below eight times the bound              | are sent, else in one partition |

    The bound is Spark's own, `spark.sql.autoBroadcastJoinThreshold`. A small table beside a large one of the same keys
    shares its exchange, which costs less than reading it in every task. What `strategy` says comes first, and what
    `broadcast` says of a table before that.
    """
    if not opened.sides:
        return replace(opened, plan=())
    sizes = {side.name: _size(side) for side in opened.sides}
    bound = broadcast_bound(opened.events.sparkSession)
    plans = [
        plan
        for keys, sides in key_sets(opened.sides).items()
        for plan in _plans(opened, keys, {side.name: sizes[side.name] for side in sides}, bound)
    ]
    sent = {name for plan in plans if plan.way == BROADCAST for name in plan.sides}
    sides = tuple(replace(side, broadcast=side.name in sent) for side in opened.sides)
    return replace(opened, sides=sides, plan=tuple(_with_partitions(plan, opened) for plan in plans))


def _size(side: JoinSide) -> int:
    """What the selected columns of the table's files take."""
    names = [name for name in (side.event_timestamp, side.available_at) if name]
    return estimated_bytes(side.rows, [*side.key_columns(), *map(column, names), *side.payload()])


def _plans(
    opened: OpenedTrainingSet, keys: tuple[str, ...], sizes: Mapping[str, int], bound: int
) -> Iterator[KeySetPlan]:
    """The plan of one set of keys: a part for each way."""
    written = {name: _written(opened, name) for name in sizes}
    free = {name: size for name, size in sizes.items() if written[name] is None}
    has_exchange = any(each is not None and each[0] == EXCHANGE for each in written.values())
    chosen = _chosen(keys, sum(free.values()), bound, has_exchange)
    parts: dict[str, list[str]] = {}
    reasons: dict[str, dict[str, None]] = {}
    for name, each in written.items():
        way, why = each or chosen
        parts.setdefault(way, []).append(name)
        reasons.setdefault(way, {})[why] = None
    for way, names in parts.items():
        size = sum(sizes[name] for name in names)
        yield KeySetPlan(keys, tuple(names), way, size, None, "; ".join(reasons[way]))


def _written(opened: OpenedTrainingSet, name: str) -> tuple[str, str] | None:
    """The way that the configuration says, and by which key."""
    (join,) = [join for join in opened.spec.joins if join.name == name]
    if join.broadcast is not None:
        written = str(join.broadcast).lower()
        return (BROADCAST if join.broadcast else EXCHANGE), f"broadcast: {written} of the table"
    strategy = opened.spec.training_set.strategy
    return None if strategy == AUTO else (strategy, f"strategy: {strategy} of the training set")


def _chosen(keys: tuple[str, ...], size: int, bound: int, has_exchange: bool) -> tuple[str, str]:
    """The way of the tables of which the configuration says nothing, and why."""
    limit = bound if keys else bound * WORLD_TIMES
    size_text = f"{size / 1e6:,.1f} MB of selected columns"
    if size > limit:
        return EXCHANGE, f"{size_text}, above the {limit / 1e6:,.1f} MB that may be sent to every task"
    if has_exchange:
        return EXCHANGE, f"{size_text}, beside a table of the same keys that is exchanged"
    return BROADCAST, f"{size_text}, within the {limit / 1e6:,.1f} MB that may be sent to every task"


def _with_partitions(plan: KeySetPlan, opened: OpenedTrainingSet) -> KeySetPlan:
    """Into how many partitions rows and label events are exchanged: by their bytes, and one for each core at least."""
    if plan.way == BROADCAST:
        return plan
    if not plan.keys:
        return replace(plan, partitions=1)
    together = plan.bytes + estimated_bytes(opened.events)
    wanted = -(-together * ARROW_TIMES // PARTITION_BYTES)
    return replace(plan, partitions=max(wanted, opened.events.sparkSession.sparkContext.defaultParallelism))
