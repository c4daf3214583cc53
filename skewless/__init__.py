"""Point-in-time training sets on Spark and Delta Lake, from the feature functions that serving runs.

What is named here is loaded at its first use: the serving side with the standard library alone, `build_frame`, `build`
and `reconcile` with Spark, `load` with delta-rs and no Spark.

>>> from skewless import FeatureSet
>>> FeatureSet.from_modules([]).names
()
"""

from __future__ import annotations

# Spelt out because importing typing for it would cost more than the rest of this file.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from skewless.ground.errors import InputError
    from skewless.notebook import build, reconcile
    from skewless.runs.build.frame import build_frame
    from skewless.runs.published.loading.load import load
    from skewless.serving import windows
    from skewless.serving.definitions.annotations import ValueType
    from skewless.serving.definitions.definition import FeatureDefinition, Parameter, feature
    from skewless.serving.errors import FeatureError
    from skewless.serving.log.feature_log import FeatureLog
    from skewless.serving.log.format.reader import Record, read_record
    from skewless.serving.plan.serve.compiled import TableNeeds
    from skewless.serving.plan.serve.serving_plan import ServingPlan
    from skewless.serving.sets.evaluation import FeatureBatch
    from skewless.serving.sets.feature_set import FeatureSet
    from skewless.serving.store.errors import StaleStoreError, StoreError
    from skewless.serving.store.online_store import OnlineStore

_HOMES = {
    "FeatureBatch": "skewless.serving.sets.evaluation",
    "FeatureDefinition": "skewless.serving.definitions.definition",
    "FeatureError": "skewless.serving.errors",
    "FeatureLog": "skewless.serving.log.feature_log",
    "FeatureSet": "skewless.serving.sets.feature_set",
    "InputError": "skewless.ground.errors",
    "OnlineStore": "skewless.serving.store.online_store",
    "Parameter": "skewless.serving.definitions.definition",
    "Record": "skewless.serving.log.format.reader",
    "ServingPlan": "skewless.serving.plan.serve.serving_plan",
    "StaleStoreError": "skewless.serving.store.errors",
    "StoreError": "skewless.serving.store.errors",
    "TableNeeds": "skewless.serving.plan.serve.compiled",
    "ValueType": "skewless.serving.definitions.annotations",
    "build": "skewless.notebook",
    "build_frame": "skewless.runs.build.frame",
    "feature": "skewless.serving.definitions.definition",
    "load": "skewless.runs.published.loading.load",
    "read_record": "skewless.serving.log.format.reader",
    "reconcile": "skewless.notebook",
    "windows": "skewless.serving",
}

__all__ = [
    "FeatureBatch",
    "FeatureDefinition",
    "FeatureError",
    "FeatureLog",
    "FeatureSet",
    "InputError",
    "OnlineStore",
    "Parameter",
    "Record",
    "ServingPlan",
    "StaleStoreError",
    "StoreError",
    "TableNeeds",
    "ValueType",
    "build",
    "build_frame",
    "feature",
    "load",
    "read_record",
    "reconcile",
    "windows",
]


def __getattr__(name: str) -> object:
    """Load an exported name at its first use, so that a process pays only for the parts it uses."""
    if name not in _HOMES:
        raise AttributeError(f"module 'skewless' has no attribute {name!r}")
    from importlib import import_module

    try:
        home = import_module(_HOMES[name])
    except ImportError as error:
        raise _not_loaded(name, error) from None
    value: object = import_module("skewless.serving.windows") if name == "windows" else getattr(home, name)
    globals()[name] = value
    return value


def _not_loaded(name: str, error: ImportError) -> Exception:
    """Why a name cannot be loaded: a package that is missing, or a Spark that lacks what is imported of it."""
    package = (error.name or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError):
        if package in ("", "skewless"):
            return error
        needs = f"skewless.{name} needs {package}; pip install 'skewless[spark]'"
        return ModuleNotFoundError(needs, name=error.name)
    from skewless.ground.errors import InputError
    from skewless.ground.version import other_spark

    problem = other_spark()
    return error if problem is None else InputError(problem)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
