"""Takes a configuration directory and values for its variables → gives training sets with their tables,
join keys and expectation suite resolved, or every problem in one InputError."""

from jobs.pit.config.configuration import Configuration, load
from jobs.pit.config.files import ConfFiles, LocalFiles
from jobs.pit.config.from_log import FromLog
from jobs.pit.config.log_mapping import LogMapping
from jobs.pit.config.monitoring import Monitoring, Watched, Webhook
from jobs.pit.config.reconciling import Reconcile
from jobs.pit.config.recorded import recorded_training_set
from jobs.pit.config.resolution import JoinedTable, ResolvedTrainingSet
from jobs.pit.config.specs import FeatureTable, Labels, Sample, TableJoin, TrainingSet
from jobs.pit.config.values import is_location, is_path

__all__ = [
    "ConfFiles",
    "Configuration",
    "FeatureTable",
    "FromLog",
    "JoinedTable",
    "Labels",
    "LocalFiles",
    "LogMapping",
    "Monitoring",
    "Reconcile",
    "ResolvedTrainingSet",
    "Sample",
    "TableJoin",
    "TrainingSet",
    "Watched",
    "Webhook",
    "is_location",
    "is_path",
    "load",
    "recorded_training_set",
]
