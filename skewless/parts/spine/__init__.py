"""Label events → the spine: one row per label event that this run takes, and the count of those it leaves.

Takes the source's rows and the labels' spec; gives `label` (struct of the untouched columns), `label_id`, `t`.
"""

from jobs.pit.spine.census import Census, take_census
from jobs.pit.spine.events import Cut, spine_of, within_range
from jobs.pit.spine.refusals import spine_problems

__all__ = ["Census", "Cut", "spine_of", "spine_problems", "take_census", "within_range"]
