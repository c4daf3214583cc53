"""The serving side: feature functions run over named inputs, with nothing but the standard library.

>>> from features import FeatureSet
>>> FeatureSet.from_modules([]).names
()
"""

from __future__ import annotations

# Spelt out because importing typing for it would cost more than the rest of this file.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from features import windows
    from features.definitions.annotations import ValueType
    from features.definitions.definition import FeatureDefinition, Parameter, feature
    from features.errors import FeatureError
    from features.log.feature_log import FeatureLog
    from features.log.reader import Record, read_record
    from features.plan.compiled import TableNeeds
    from features.plan.serving_plan import ServingPlan
    from features.sets.evaluation import FeatureBatch
    from features.sets.feature_set import FeatureSet

_HOMES = {
    "FeatureBatch": "features.sets.evaluation",
    "FeatureDefinition": "features.definitions.definition",
    "FeatureError": "features.errors",
    "FeatureLog": "features.log.feature_log",
    "FeatureSet": "features.sets.feature_set",
    "Parameter": "features.definitions.definition",
    "ServingPlan": "features.plan.serving_plan",
    "TableNeeds": "features.plan.compiled",
    "Record": "features.log.reader",
    "ValueType": "features.definitions.annotations",
    "feature": "features.definitions.definition",
    "read_record": "features.log.reader",
}
_MODULES = ("windows",)

__all__ = [
    "FeatureBatch",
    "FeatureDefinition",
    "FeatureError",
    "FeatureLog",
    "FeatureSet",
    "Parameter",
    "Record",
    "ServingPlan",
    "TableNeeds",
    "ValueType",
    "feature",
    "read_record",
    "windows",
]


def __getattr__(name: str) -> object:
    """Load an exported name at its first use, so that a process pays only for the parts it uses."""
    if name not in _HOMES and name not in _MODULES:
        raise AttributeError(f"module 'features' has no attribute {name!r}")
    from importlib import import_module

    module = import_module(_HOMES.get(name, f"features.{name}"))
    value: object = module if name in _MODULES else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
