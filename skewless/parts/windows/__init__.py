"""Window aggregations: rows sorted by key → label events with, per table, the aggregates of what was visible at T.

Takes the sorted rows of the as-of join, before its label events are picked out, so that both share one exchange and one
sort. The functions, windows and predicates are those of `features`: one reading for training and serving.
"""

from skewless.parts.windows.reduction import WindowReduction, aggregate_windows

__all__ = ["WindowReduction", "aggregate_windows"]
