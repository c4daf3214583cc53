"""Logged and recomputed values → how many differ, and why.

Takes rows that hold both, compared in Spark (`comparison`); and samples of the mismatches, on which causes are tested
(`pair_tests`, `judging`). What needs joins and windows again is asked by `jobs.pit.what_if`.
"""

from jobs.pit.reconcile.findings import Example, Finding, Reconciliation
from jobs.pit.reconcile.judging import Case, Explanation, Verdict, judge
from jobs.pit.reconcile.pair_tests import pair_explanations
from jobs.pit.reconcile.values import Mask, Values, values_of

__all__ = [
    "Case",
    "Example",
    "Explanation",
    "Finding",
    "Mask",
    "Reconciliation",
    "Values",
    "Verdict",
    "judge",
    "pair_explanations",
    "values_of",
]
