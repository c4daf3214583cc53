"""Window aggregations of one table: its events in order, label events asked, a struct of aggregates for each."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from skewless.ground.event_rows import AskedRows, EventRows
from skewless.ground.order.time_order import Ints
from skewless.parts.windows.kernel.audit_flags import audit_flags_of
from skewless.parts.windows.kernel.events import TableEvents
from skewless.parts.windows.kernel.layout import Measure
from skewless.parts.windows.kernel.reducers import evaluated
from skewless.parts.windows.kernel.stream import Questions, Stream
from skewless.parts.windows.kernel.view import Windows


class AggregationError(ArithmeticError):
    """An aggregation whose result its type cannot hold; the message names it."""


class TableWindows:
    """The measures over one table's events; `strict` wants availability before T."""

    def __init__(self, rows: EventRows, measures: Sequence[Measure], strict: bool) -> None:
        self._events, self._measures, self._strict = TableEvents(rows), measures, strict

    def aggregates(self, asked: AskedRows) -> pa.StructArray:
        views: dict[object, Windows] = {}
        fields = []
        for measure in self._measures:
            stream = self._events.of(measure)
            # Which events a label event sees depends on these two alone; every function over them shares the search.
            place = (id(stream), measure.range)
            if place not in views:
                views[place] = _windows(stream, self._questions(measure, asked), asked)
            fields.append(_evaluated(measure, views[place]))
        return pa.StructArray.from_arrays(fields, [measure.name for measure in self._measures])

    def audit_flags(self, asked: AskedRows) -> pa.StructArray:
        ranges = {measure.range: measure for measure in self._measures}.values()
        questions = [self._questions(measure, asked) for measure in ranges]
        return audit_flags_of(self._events.all(), questions, len(asked.at))

    def _questions(self, measure: Measure, asked: AskedRows) -> Questions:
        # `strict` is a microsecond less, which is the finest that instants are: no second comparison further down.
        seen_until = asked.at - 1 if self._strict else asked.at
        return Questions(asked.key, *_bounds(measure, asked), seen_until)


def _windows(stream: Stream, questions: Questions, asked: AskedRows) -> Windows:
    return Windows(stream, stream.runs(questions), asked.key, asked.at)


def _evaluated(measure: Measure, windows: Windows) -> pa.Array:
    try:
        return evaluated(measure.function, windows, measure.argument)
    except ArithmeticError as error:
        raise AggregationError(f"aggregation '{measure.name}': {error}") from error


def _bounds(measure: Measure, asked: AskedRows) -> tuple[Ints, Ints]:
    if measure.bounds is None:
        end = asked.at - measure.offset
        return end - measure.length, end
    start, end = map(asked.column, measure.bounds)
    return start, end
