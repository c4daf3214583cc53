"""The as-of join: spine and lanes → the spine with, per lane, the row that was visible at T.

Takes a spine (`label`, `label_id`, `t`) and lanes (a feature table's rows and how they join); gives the spine with
one struct column per lane, null where no row survives.
"""

from skewless.parts.asof.join import as_of_join, key_sets
from skewless.parts.asof.join_side import Lane

__all__ = ["Lane", "as_of_join", "key_sets"]
