"""Label events → the spine: one row per label event that this run takes, and the count of those it leaves.

Takes the source's rows and the labels' spec; gives `label` (struct of the untouched columns), `label_id`, `t`.
"""

from skewless.ground.run.ranges import RunRange
from skewless.parts.spine.census import Census, label_dates, take_census
from skewless.parts.spine.events import published_time, spine_of, within_range
from skewless.parts.spine.query import query_problem
from skewless.parts.spine.refusals import spine_problems
from skewless.parts.spine.row_predicate import columns_named, failed_on_a_row, predicate_problem

__all__ = [
    "Census",
    "RunRange",
    "columns_named",
    "failed_on_a_row",
    "label_dates",
    "predicate_problem",
    "published_time",
    "query_problem",
    "spine_of",
    "spine_problems",
    "take_census",
    "within_range",
]
