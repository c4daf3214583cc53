"""Window aggregations: a table's events in order → for each label event the aggregates of what was visible at T.

The as-of join hands on the rows that it has put in order, so that both share one exchange and one pass. The functions,
windows and predicates are those of `skewless.serving`: one reading for training and serving.
"""

from skewless.parts.windows.reduction import WindowReduction

__all__ = ["WindowReduction"]
