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
    from features.annotations import ValueType
    from features.definition import FeatureDefinition, Parameter, feature
    from features.errors import FeatureError
    from features.evaluation import FeatureBatch
    from features.feature_log import FeatureLog
    from features.feature_set import FeatureSet
    from features.log_reader import Record, read_record
    from features.plan_compiled import TableNeeds
    from features.serving_plan import ServingPlan

_HOMES = {
    "FeatureBatch": "features.evaluation",
    "FeatureDefinition": "features.definition",
    "FeatureError": "features.errors",
    "FeatureLog": "features.feature_log",
    "FeatureSet": "features.feature_set",
    "Parameter": "features.definition",
    "ServingPlan": "features.serving_plan",
    "TableNeeds": "features.plan_compiled",
    "Record": "features.log_reader",
    "ValueType": "features.annotations",
    "feature": "features.definition",
    "read_record": "features.log_reader",
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
