"""The definition that entities are scored by: what they need for it, and what of the tables of today is another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from skewless.ground.errors import InputError
from skewless.runs.score.definition import Definition, Needed
from skewless.training_set.recorded import Recorded
from tests.helpers.plans import LABELS, TYPES, document_of, labels_of, table_of
from tests.runs.build.told.test_summary import MANIFEST


def doubled(amount: float) -> float:
    return amount * 2


PLACED = labels_of(columns={**LABELS, "shop": "string"})


def plan(**table: Any) -> dict[str, Any]:
    given = {"join_keys": [("s", "shop")], **table}
    return document_of(table_of(PLACED, **given), functions=[doubled], labels=PLACED)


OF = Definition(Recorded(3, {**MANIFEST, "serving_plan": plan()}), "/lake/delays", plan())


def test_entities_need_keys_join_columns_and_what_functions_take() -> None:
    assert OF.needed == {
        "user": Needed("bigint", "an entity key"),
        "shop": Needed("string", "what feature table 'clicks' is joined on"),
        "amount": Needed("double", "an input of feature 'doubled'"),
    }


def test_other_labels_are_the_same_definition() -> None:
    columns = {"user": "bigint", "predict_at": "date", "amount": "double", "shop": "string", "note": "string"}
    labels = labels_of(columns=columns, label_columns=[])
    table = table_of(labels, join_keys=[("s", "shop")])
    OF.refuse_other(document_of(table, functions=[doubled], labels=labels))


def test_a_column_of_another_type_is_another_definition() -> None:
    other = plan(types={**TYPES, "v": "float"})
    with pytest.raises(InputError) as refused:
        OF.refuse_other(other)
    assert refused.value.problems == (
        "training set 'delays': not what version 3 was built by: feature table 'clicks' (v double, now float); build "
        "it again, and score by the version that comes of it",
    )


def test_a_version_of_before_serving_plans_is_refused() -> None:
    recorded = replace(OF.recorded, manifest={**MANIFEST})
    with pytest.raises(InputError, match="version 3 has no serving plan; build it again"):
        Definition.of(recorded, "/lake/delays")
