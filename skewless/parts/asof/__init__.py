"""The as-of join: spine and sides → the spine with, per side, the row that was visible at T.

Takes a spine (`label`, `label_id`, `t`) and sides (a feature table's rows and how they join); gives the spine with
a column for each value, null where no row survives.
"""

from skewless.parts.asof.join import as_of_join, key_sets
from skewless.parts.asof.join_side import JoinSide
from skewless.parts.asof.kernel.layout import SentCounts

__all__ = ["JoinSide", "SentCounts", "as_of_join", "key_sets"]
