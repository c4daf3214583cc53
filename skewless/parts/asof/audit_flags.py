"""What makes a label event a hard case of one table: where an audit is most likely to find a difference."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from skewless.ground.instants import MICROSECOND
from skewless.parts.asof.join_side import JoinSide


def audit_flags(side: JoinSide) -> Column:
    """A struct: `boundary`, an instant is exactly T or an age exactly its limit; `late`, a row that came late decides;
    `absent`, no row survives; `events` in the largest window. Takes the rows of the join before survivors are picked.
    """
    t = F.unix_micros("t")
    # Where no row competes, windows alone decide, and no window reaches to T itself.
    boundary = [side.is_at_t() if side.competes else F.lit(False)]
    late, events = [F.lit(False)], F.lit(0).cast("bigint")
    if side.competes and side.event_timestamp is not None:
        event, available = (F.unix_micros(F.col(side.slot).getField(name)) for name in ("event", "available"))
        if side.available_at is not None:
            late.append(available - event > F.lit(side.delay // MICROSECOND))
        if side.max_age is not None:
            boundary.append(F.abs(t - event - F.lit(side.max_age // MICROSECOND)) <= 1)
        if side.valid_until is not None:
            boundary.append(F.unix_micros(F.col(side.slot).getField("ends")) == t)
    if side.reduction is not None:
        of_windows = F.col(side.audit_slot)
        boundary.append(of_windows.getField("boundary"))
        late.append(of_windows.getField("late"))
        events = F.coalesce(of_windows.getField("events"), events)
    return F.struct(
        _any(boundary).alias("boundary"),
        _any(late).alias("late"),
        side.survivor().isNull().alias("absent"),
        events.alias("events"),
    )


def _any(conditions: list[Column]) -> Column:
    return reduce(Column.__or__, [F.coalesce(condition, F.lit(False)) for condition in conditions])
