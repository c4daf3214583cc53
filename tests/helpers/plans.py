"""Serving plans for tests: documents of one table or of several, from a few words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

from skewless import FeatureSet, ServingPlan
from skewless.serving.plan.document.plan import Document, feature_table_part, label_events_part, plan_document

NOON = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
TYPES = {
    "user": "bigint",
    "seen_at": "timestamp",
    "landed_at": "timestamp",
    "ends_at": "timestamp",
    "v": "double",
    "n": "bigint",
    "s": "string",
}
LABELS = {"user": "bigint", "predict_at": "timestamp", "amount": "double", "late": "boolean"}


def labels_of(**others: Any) -> Document:
    """Label events of users, with an amount to pass through and a label."""
    given = {
        "entity_keys": ["user"],
        "event_timestamp": "predict_at",
        "columns": LABELS,
        "label_columns": ["late"],
    }
    return label_events_part(**{**given, **others})


def table_of(labels: Document | None = None, **others: Any) -> Document:
    """The feature table `clicks` of users, joined for its column `v`."""
    given: dict[str, Any] = {
        "name": "clicks",
        "table": "clicks",
        "join_keys": [("user", "user")],
        "event_timestamp": None if others.get("static") else "seen_at",
        "columns": ["v"],
        "types": TYPES,
    }
    return feature_table_part(labels or labels_of(), **{**given, **others})


def document_of(
    *tables: Document,
    functions: Sequence[Callable[..., Any]] = (),
    labels: Document | None = None,
    modules: Sequence[str] = (),
) -> Document:
    """The document of a training set over these tables and functions."""
    features = FeatureSet.from_modules(modules) if modules else FeatureSet.from_functions(functions)
    return plan_document(
        training_set="demo",
        version=3,
        label_events=labels or labels_of(),
        feature_tables=tables,
        features=features,
        modules=modules,
    )


def plan_of(
    *tables: Document, functions: Sequence[Callable[..., Any]] = (), labels: Document | None = None
) -> ServingPlan:
    """The plan over these tables and functions."""
    features = FeatureSet.from_functions(functions)
    return ServingPlan.from_document(
        document_of(*tables, functions=functions, labels=labels), features=features
    )
