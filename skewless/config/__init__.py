"""Takes a configuration directory and values for its variables → gives training sets with their tables,
join keys and expectation suite resolved, or every problem in one InputError."""

from skewless.config.configuration import Configuration, load
from skewless.config.files import ConfFiles, LocalFiles
from skewless.config.recorded import recorded_training_set
from skewless.config.resolution import JoinedTable, PublishableTrainingSet, ResolvedTrainingSet, publishable
from skewless.config.specs.feature_table import FeatureTable
from skewless.config.specs.labels import Labels
from skewless.config.specs.log import FromLog
from skewless.config.specs.log_mapping import LogMapping
from skewless.config.specs.monitoring import Monitoring, Watched, Webhook
from skewless.config.specs.reconciling import Reconcile
from skewless.config.specs.suite import Suite
from skewless.config.specs.table_join import TableJoin
from skewless.config.specs.training_set import AUTO, BROADCAST, EXCHANGE, Sample, TrainingSet
from skewless.config.values import is_location, is_path

__all__ = [
    "AUTO",
    "BROADCAST",
    "EXCHANGE",
    "ConfFiles",
    "Configuration",
    "FeatureTable",
    "FromLog",
    "JoinedTable",
    "Labels",
    "LocalFiles",
    "LogMapping",
    "Monitoring",
    "PublishableTrainingSet",
    "Reconcile",
    "ResolvedTrainingSet",
    "Sample",
    "Suite",
    "TableJoin",
    "TrainingSet",
    "Watched",
    "Webhook",
    "is_location",
    "is_path",
    "load",
    "publishable",
    "recorded_training_set",
]
