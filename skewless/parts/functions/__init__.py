"""Feature functions → columns: the same objects that serving imports, run over Arrow batches in one pass.

Takes joined rows, a `FeatureSet` and the column behind each of its inputs; gives the rows with `features`, a struct
with a field per function. Before anything is planned, `ship_code` sends the functions' modules to where they run.
"""

from skewless.parts.functions.arrow_pass import with_fatal_calls, with_features
from skewless.parts.functions.contract import Inputs, failures_of, feature_set_of, schema_of, wrong_inputs
from skewless.parts.functions.overrun import longest_call
from skewless.parts.functions.shipping import ship_code
from skewless.serving.errors import FeatureError
from skewless.serving.sets.feature_set import FeatureSet

__all__ = [
    "FeatureError",
    "FeatureSet",
    "Inputs",
    "failures_of",
    "feature_set_of",
    "longest_call",
    "schema_of",
    "ship_code",
    "with_fatal_calls",
    "with_features",
    "wrong_inputs",
]
