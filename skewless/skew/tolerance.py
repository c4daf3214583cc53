"""Which features may differ by the order in which doubles are added (W6), and by how much."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType

from skewless.parts.asof import JoinSide
from skewless.parts.functions import schema_of
from skewless.parts.windows import WindowReduction
from skewless.serving.plan.document.result_columns import joined
from skewless.training_set.opened import OpenedTrainingSet


def loosely_equal(opened: OpenedTrainingSet) -> set[str]:
    """Doubles that come of adding doubles, and functions of such: equal within W6's tolerance, not exactly."""
    loose = {
        joined(side.name, each.name)
        for side in opened.sides
        if isinstance(side.reduction, WindowReduction)
        for each in side.reduction.aggregations
        if each.kind.sums and isinstance(side.reduction.result_type(each), DoubleType)
    }
    doubles = {field.name for field in schema_of(opened.features) if isinstance(field.dataType, DoubleType)}
    for name in opened.features.names:
        if set(opened.features.subset([name]).inputs) & loose and name in doubles:
            loose.add(name)
    return loose


def weight_of(opened: OpenedTrainingSet, name: str) -> Column | None:
    """At least the sum of absolute values in a sum's window, by Cauchy and Schwarz: √(n Σx²); of a mean, that by n."""
    for side in opened.sides:
        for each in side.reduction.aggregations if isinstance(side.reduction, WindowReduction) else ():
            if joined(side.name, each.name) != name:
                continue
            slot = F.col(side.events_slot)
            size, mean, deviation = (
                slot.getField(f"{each.name}~{what}") for what in ("count", "mean", "stddev")
            )
            spread = F.greatest(size - 1, F.lit(0)) * F.coalesce(F.pow(deviation, 2), F.lit(0.0))
            squares = spread + size * F.pow(mean, 2)
            return (
                F.sqrt(size * squares)
                if each.function == "sum"
                else F.sqrt(squares / F.greatest(size, F.lit(1)))
            )
    return None


def with_weights(side: JoinSide) -> JoinSide:
    """The join side with the aggregates that weights are made of beside each sum, mean and deviation of doubles."""
    reduction = side.reduction
    if not isinstance(reduction, WindowReduction):
        return side
    more = [
        each._replace(name=f"{each.name}~{function}", function=function)
        for each in reduction.aggregations
        if each.kind.sums and isinstance(reduction.result_type(each), DoubleType)
        for function in ("count", "mean", "stddev")
    ]
    return replace(side, reduction=replace(reduction, aggregations=(*reduction.aggregations, *more)))
