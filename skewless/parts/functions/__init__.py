"""Feature functions → columns: the same objects that serving imports, run over Arrow batches in one pass.

Takes joined rows, a `FeatureSet` and the column behind each of its inputs; gives the rows with `features`, a struct
with a field per function. Before anything is planned, `ship_code` sends the functions' modules to where they run.
"""

from features.errors import FeatureError
from features.sets.feature_set import FeatureSet
from jobs.pit.ondemand.arrow_pass import with_features
from jobs.pit.ondemand.contract import Inputs, failures_of, feature_set_of, schema_of, wrong_inputs
from jobs.pit.ondemand.shipping import ship_code

__all__ = [
    "FeatureError",
    "FeatureSet",
    "Inputs",
    "failures_of",
    "feature_set_of",
    "schema_of",
    "ship_code",
    "with_features",
    "wrong_inputs",
]
