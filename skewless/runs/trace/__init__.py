"""An entity's rows and a T → which row a training set uses, what a window holds, and why not the nearest others.

Plain Python over a few rows, written for reading: a second account of the rules beside the engine's.
"""

from skewless.runs.trace.spans import span
from skewless.runs.trace.windows import Event, WindowTrace, events_traced
from skewless.runs.trace.winners import Row, RowRules, RowTrace, Unused, rows_traced

__all__ = [
    "Event",
    "Row",
    "RowRules",
    "RowTrace",
    "Unused",
    "WindowTrace",
    "events_traced",
    "rows_traced",
    "span",
]
