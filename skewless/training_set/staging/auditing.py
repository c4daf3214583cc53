"""Staged rows → their parity audit: which of them are worth one, and its start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from skewless.ground.run.steps import step
from skewless.parts.functions import longest_call
from skewless.parts.parity import AUDIT, Audit, audit_column, begin_audit
from skewless.training_set.from_log.columns import as_recomputed, recomputed_column
from skewless.training_set.opened import OpenedTrainingSet


def audit_columns(opened: OpenedTrainingSet) -> list[Column]:
    """What is staged beside the published columns for the audit; nothing where it is turned off."""
    if not opened.parity_sample:
        return []
    # With the rows and not by a query of its own: which cases are hard (a boundary, a late row) only the join knows,
    # while it chooses; afterwards the winners are left, and what lost to them is gone.
    label = F.col("label")
    keys = dict.fromkeys(
        [*opened.labels.entity_keys, *(name for side in opened.sides for _, name in side.keys)]
    )
    tables = [F.col(side.audit_slot) for side in opened.sides]
    audit = audit_column([label.getField(key) for key in keys], F.col("t"), tables).alias(AUDIT)
    return [audit, *recomputed_column(opened)]


@step("parity audit")
def begun_audit(opened: OpenedTrainingSet, staged: DataFrame, document: Mapping[str, Any]) -> Audit | None:
    """The replay of a sample of the staged rows through the plan of this document, under way; None where it is turned
    off.
    """
    if AUDIT not in staged.columns:
        return None
    tables = {side.name: opened.inputs[f"feature_tables.{side.name}"].rows for side in opened.sides}
    longest = longest_call(staged.sparkSession)
    return begin_audit(as_recomputed(staged, opened), document, tables, opened.parity_sample, longest)
