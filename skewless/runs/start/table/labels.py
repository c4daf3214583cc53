"""A look at a table of label events → the sections of `conf/training_sets/NAME.yml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import indent

import pyarrow.compute as pc

from skewless.ground.errors import InputError
from skewless.ground.spark_columns import quoted
from skewless.runs.start.table import words
from skewless.runs.start.table.feature_table import (
    event_section,
    key_section,
    lag_text,
    nulls_text,
    zone_section,
)
from skewless.runs.start.table.keys import Keys, keys_of
from skewless.runs.start.table.look import ColumnLook, TableLook
from skewless.runs.start.table.section import Section, listed, scalar, share_text
from skewless.runs.start.table.times import LATER, MOST_EARLY, Times, times_of

TWO = 2
"""Values of a column that says yes or no."""

Known = Mapping[str, Sequence[str]]
"""Feature table → its entity keys, of those that are configured already."""


def training_set(look: TableLook, source: str, name: str, now: int, known: Known) -> list[Section]:
    """Everything below `name`. Errors: InputError where no column could be T, or none is left to be a label."""
    times = times_of(look)
    if times.event is None:
        raise InputError(
            f"labels: no time column in '{source}', and label events have a T; make one a timestamp"
        )
    keys, outcome = _keys(look, times.event, known), _outcome(times)
    inner = [
        Section([f"source: {scalar(source)}"]),
        key_section(look, keys, times.event),
        event_section(look, times, now, "the prediction was, or would have been, made"),
        _labels(look, _label_columns(look, source, {*keys.names, *keys.row_ids})),
        _known_at(times, outcome),
        *zone_section(look, [times.event, outcome]),
    ]
    labels = indent("\n\n".join(map(str, inner)), "  ").splitlines()
    return [Section(["labels:", *labels]), _joins(keys, known), *_result(source, name)]


def _keys(look: TableLook, time: str, known: Known) -> Keys:
    """The keys of the feature tables that have them here too, else those that the rows suggest."""
    names = [name for keys in known.values() if set(keys) <= set(look.columns) for name in keys]
    if not names:
        return keys_of(look, time)
    distinct = tuple(dict.fromkeys(names))
    return Keys(distinct, look.told_apart([*distinct, time]))


def _outcome(times: Times) -> str | None:
    """The time that lies behind T in most rows and before it in next to none; of several the furthest."""
    late = [name for name, lag in times.lags.items() if lag.later >= LATER and lag.earlier <= MOST_EARLY]
    return max(late, key=lambda name: times.lags[name].median, default=None)


def _label_columns(look: TableLook, source: str, taken: set[str]) -> list[ColumnLook]:
    """Those whose names speak of an outcome, else those that say yes or no, else the last one."""
    left = [column for name, column in look.columns.items() if name not in taken and not column.is_time]
    if not left:
        raise InputError(f"labels: every column of '{source}' is a key or a time; none is left to be a label")
    named = [column for column in left if words.says(column.name, words.OUTCOMES)]
    return named or [column for column in left if _says_yes_or_no(look, column)] or left[-1:]


def _says_yes_or_no(look: TableLook, column: ColumnLook) -> bool:
    if column.kind.kind == "boolean":
        return True
    if column.kind.family != "integer" or column.distinct != TWO:
        return False
    bounds = pc.min_max(look.values[column.name]).as_py()
    return (bounds["min"], bounds["max"]) == (0, 1)


def _labels(look: TableLook, labels: Sequence[ColumnLook]) -> Section:
    names = [column.name for column in labels]
    evidence = [_label_text(look, column) for column in labels]
    questions = ["What is to be learned? A label column is no input of a feature."]
    nulls = [column.name for column in labels if column.nulls]
    where = " AND ".join(f"{name if name.isidentifier() else quoted(name)} IS NOT NULL" for name in nulls)
    offers = [f"where: {scalar(where)}"] if nulls else []
    if nulls:
        questions.append(f"{listed(nulls)} is null in some rows. Leave those out (where)?")
    return Section([f"label_columns: {listed(names)}"], evidence, questions, offers)


def _label_text(look: TableLook, column: ColumnLook) -> str:
    distinct = "" if column.distinct is None else f", {column.distinct:,} distinct"
    share = ""
    if _says_yes_or_no(look, column) and column.nulls < column.rows:
        share = f", yes in {share_text(pc.mean(pc.cast(look.values[column.name], 'int64')).as_py())}"
    return f"{scalar(column.name)}: {column.kind.text}{distinct}{share}, {nulls_text(column)}"


def _known_at(times: Times, outcome: str | None) -> Section:
    if outcome is None:
        question = "When is an outcome known? Without label_available_at one of today counts as final."
        return Section([], [], [question])
    evidence = [f"{scalar(outcome)}{lag_text(times.lags[outcome], str(times.event))}"]
    questions = ["Is it when the outcome was known? Label events without one wait for a later run."]
    return Section([f"label_available_at: {scalar(outcome)}"], evidence, questions)


def _joins(keys: Keys, known: Known) -> Section:
    joined = [table for table, names in known.items() if set(names) <= set(keys.names)]
    other = ["  - {table: NAME, as: OTHER_NAME, join_keys: {KEY_OF_THE_TABLE: COLUMN_OF_THE_LABELS}}"]
    if not joined:
        question = "What is joined? No feature table is configured whose entity keys are columns of these label events."
        return Section(["feature_tables: []"], [], [question], other)
    evidence = ["Those whose entity keys are columns of the label events; on other columns:"]
    return Section(["feature_tables:", *(f"  - {table}" for table in joined)], evidence + other)


def _result(source: str, name: str) -> list[Section]:
    folder, separator, _ = source.rpartition("/") if "/" in source else source.rpartition(".")
    place = (
        f"{folder}/training_sets/{name}" if separator == "/" else f"{folder}{separator}{name}_training_set"
    )
    return [
        Section([], ["The module, or modules, of feature functions."], [], [f"features: features.{name}"]),
        Section([f"output: {scalar(place)}"], [], ["Where is it published? No other table may be there."]),
        Section(
            [], [f"Once a version is published: skewless init-suite {name}"], [], [f"expectations: {name}"]
        ),
    ]
