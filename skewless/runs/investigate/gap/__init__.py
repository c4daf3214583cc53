"""Takes two sides' predictions and the features behind them → gives the gap between their metrics, its parts, and the
features that explain it. No Spark: Arrow tables and NumPy arrays."""

from jobs.pit.investigation.findings import Investigation
from jobs.pit.investigation.inquiry import Features, Question, inquire
from jobs.pit.investigation.measures import METRICS, OF_CLASSES
from jobs.pit.investigation.predictions import NOBODY, Predictions, refuse_unfit
from jobs.pit.investigation.swaps import Model

__all__ = [
    "METRICS",
    "NOBODY",
    "OF_CLASSES",
    "Features",
    "Investigation",
    "Model",
    "Predictions",
    "Question",
    "inquire",
    "refuse_unfit",
]
