"""The whole configuration and every feature module, held against each other: without Spark unless tables are asked."""

from __future__ import annotations

from collections.abc import Iterator

from skewless.config import Configuration, TrainingSet
from skewless.ground.errors import InputError
from skewless.ground.names import EVENT_DATE, EVENT_TIMESTAMP, LOGGED_FEATURES, unknown
from skewless.ground.run.steps import step
from skewless.runs.check.suite_columns import KnownColumns, judged_columns
from skewless.runs.execution import Result, Run
from skewless.serving.errors import FeatureError
from skewless.serving.plan.document.result_columns import columns_of_table
from skewless.serving.sets.feature_set import FeatureSet


def check_configuration(run: Run, tables: bool = False) -> Result:
    """Every problem of every file and feature module at once, as an InputError; else what was checked.

    With `tables` the schemas of all tables are read too, by Spark.
    """
    configuration = run.configuration()
    problems = list(configuration.problems)
    warnings = list(configuration.warnings)
    sound = []
    with step("checking training sets"):
        for name, training_set in configuration.training_sets.items():
            features = _features(training_set, problems)
            if features is not None:
                sound.append(name)
                found = _feature_problems(features, training_set, configuration)
                problems += [f"training set '{name}': {problem}" for problem in found]
            suite = configuration.suite(name)
            if suite is not None:
                judged = judged_columns(suite, _known_columns(features, training_set, configuration))
                problems += judged.problems
                warnings += judged.warnings
    if tables:
        from skewless.runs.check.tables import table_problems

        problems += table_problems(run.spark(), configuration, sound)
    if problems:
        raise InputError(dict.fromkeys(problems))
    return _sound(run.conf_dir, configuration, list(dict.fromkeys(warnings)))


def _sound(conf_dir: str, configuration: Configuration, warnings: list[str]) -> Result:
    tables, sets = sorted(configuration.feature_tables), sorted(configuration.training_sets)
    logs = sorted(configuration.logs)
    document = {"feature_tables": tables, "training_sets": sets, "logs": logs, "warnings": warnings}
    found = [
        f"{len(tables)} feature tables",
        f"{len(sets)} training sets",
        *([f"{len(logs)} logs"] if logs else []),
    ]
    lines = [f"{conf_dir}: {', '.join(found[:-1])} and {found[-1]}, nothing wrong"]
    lines += [f"  warning: {warning}" for warning in warnings]
    return Result(document, "\n".join(lines))


def _features(training_set: TrainingSet, problems: list[str]) -> FeatureSet | None:
    """The functions of a training set, None where its modules are refused, which is then among the problems."""
    try:
        return FeatureSet.from_modules(training_set.features)
    except FeatureError as error:
        problems += error.problems
        return None


def _feature_problems(
    features: FeatureSet, training_set: TrainingSet, configuration: Configuration
) -> Iterator[str]:
    yield from _input_problems(features, training_set, configuration)
    for problem in _log_problems(features, training_set, configuration):
        yield f"log.features: {problem}"


def _known_columns(
    features: FeatureSet | None, training_set: TrainingSet, configuration: Configuration
) -> KnownColumns:
    """What the files say of the result's columns. Where a module is refused, its functions could be any."""
    labels = training_set.labels
    joined_by = [column for join in training_set.feature_tables for column in join.join_keys.values()]
    own = [LOGGED_FEATURES] if training_set.log else []
    return KnownColumns(
        computed=(*(features.names if features else ()), *own, EVENT_DATE),
        named=(
            *labels.entity_keys,
            labels.event_timestamp,
            *labels.label_columns,
            *filter(None, [labels.label_available_at]),
            *joined_by,
            *(features.inputs if features else ()),
        ),
        joined=_declared_columns(training_set, configuration),
        tables=tuple(join.as_name for join in training_set.feature_tables),
    )


def _input_problems(
    features: FeatureSet, training_set: TrainingSet, configuration: Configuration
) -> Iterator[str]:
    """Inputs that no table can give. What the label events hold is known only when they are read."""
    declared = _declared_columns(training_set, configuration)
    labels = {*training_set.labels.label_columns, training_set.labels.label_available_at}
    for definition in features.features:
        for parameter in definition.parameters:
            subject = f"feature '{definition.name}': input '{parameter.name}'"
            if parameter.name in labels - {EVENT_TIMESTAMP}:
                yield f"{subject} is a label column or label_available_at, not known at T; remove it"
            table, separator, _ = parameter.name.partition("__")
            columns = declared.get(table)
            if separator and columns is not None and parameter.name not in columns:
                yield f"{subject} is no column of '{table}'; {unknown(parameter.name, columns)}"


def _log_problems(
    features: FeatureSet, training_set: TrainingSet, configuration: Configuration
) -> Iterator[str]:
    """Names to be taken from the log that are no result column. What a table without `columns` has is not known yet."""
    declared = _declared_columns(training_set, configuration)
    open_ended = {join.as_name.casefold() for join in training_set.feature_tables} - {
        name.casefold() for name in declared
    }
    known = [*(column for columns in declared.values() for column in columns), *features.names]
    folded = {name.casefold() for name in known}
    for name in (training_set.log and training_set.log.features) or ():
        if name.casefold() not in folded and name.casefold().partition("__")[0] not in open_ended:
            yield f"'{name}' is no result column; {unknown(name, known)}"


def _declared_columns(training_set: TrainingSet, configuration: Configuration) -> dict[str, list[str]]:
    """As-name → result columns, aggregations included, of the tables that declare their columns."""
    tables = configuration.feature_tables
    return {
        join.as_name: columns_of_table(
            join.as_name, columns, [each["name"] for each in tables[join.table].aggregations]
        )
        for join in training_set.feature_tables
        if join.table in tables and (columns := tables[join.table].columns) is not None
    }
