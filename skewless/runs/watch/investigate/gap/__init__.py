"""Takes two sides' predictions and the features behind them → gives the gap between their metrics, its parts, and the
features that explain it. No Spark: Arrow tables and NumPy arrays."""

from skewless.runs.watch.investigate.gap.findings import Investigation
from skewless.runs.watch.investigate.gap.inquiry import Features, Question, inquire
from skewless.runs.watch.investigate.gap.measures import METRICS, OF_CLASSES
from skewless.runs.watch.investigate.gap.predictions import NOBODY, Predictions, refuse_unfit
from skewless.runs.watch.investigate.gap.swaps import Model

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
