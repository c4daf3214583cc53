"""A training set's spec and the entries of its tables → joins with resolved keys, and its suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from skewless.config.documents import Document, Problem
from skewless.config.files import ConfFiles, Entry, Folder, read_text, shown
from skewless.config.specs.feature_table import FeatureTable
from skewless.config.specs.labels import Labels
from skewless.config.specs.log_mapping import LogMapping
from skewless.config.specs.suite import Suite, read_suite
from skewless.config.specs.table_join import TableJoin
from skewless.config.specs.training_set import TrainingSet
from skewless.ground.errors import InputError
from skewless.ground.names import unknown


@dataclass(frozen=True)
class JoinedTable:
    """A feature table under its name in the result; `keys` are (table key, label column) pairs, in order.

    `broadcast` forces or forbids sending it to the label events; None leaves it to the planner.
    """

    table: FeatureTable
    name: str
    keys: tuple[tuple[str, str], ...]
    broadcast: bool | None = None


@dataclass(frozen=True)
class ResolvedTrainingSet:
    """A training set with all that its names stand for; `suite` is its expectation suite.

    `log_mapping` says what the columns of its log mean, None where the log is a table of ingest-log; `log_names` are
    the names that there are mappings for.
    """

    training_set: TrainingSet
    joins: tuple[JoinedTable, ...]
    suite: Suite | None = None
    log_mapping: LogMapping | None = None
    log_names: frozenset[str] = frozenset()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What its tables let leak, a line each, in the order of the joins."""
        return tuple(dict.fromkeys(line for join in self.joins for line in join.table.warnings))

    @property
    def require_fresh(self) -> dict[str, timedelta]:
        """As-name → how old the newest visible row may be at the end of what is built, of the tables that are asked."""
        asked = {
            join.name: join.table.require_fresh or self.training_set.require_fresh
            for join in self.joins
            if not join.table.static
        }
        return {name: length for name, length in asked.items() if length is not None}

    def to_document(self) -> dict[str, Any]:
        """The specs as JSON values, for manifests: the training set, its feature tables by name, and its mapped log."""
        tables = {join.table.name: join.table.to_document() for join in self.joins}
        document = {"training_set": self.training_set.to_document(), "feature_tables": tables}
        return {**document, "log": self.log_mapping.to_document()} if self.log_mapping else document


@dataclass(frozen=True)
class PublishableTrainingSet(ResolvedTrainingSet):
    """A training set that has a place to be published to, as that of every file and of every manifest does."""

    output: str = field(kw_only=True)


def publishable(spec: ResolvedTrainingSet) -> PublishableTrainingSet:
    """The same training set with its output. Errors: InputError where a dict gave it none."""
    output = spec.training_set.output
    if output is None:
        raise InputError(f"training set '{spec.training_set.name}': no output to publish to; add output")
    own = {each.name: getattr(spec, each.name) for each in fields(ResolvedTrainingSet)}
    return PublishableTrainingSet(**own, output=output)


@dataclass(frozen=True)
class Surroundings:
    """What a training set's names may stand for: the directory's files, and tables given beside it."""

    files: ConfFiles
    tables: Folder[FeatureTable]
    logs: Folder[LogMapping]
    given: Mapping[str, Entry[FeatureTable]] = field(default_factory=dict)

    def table(self, name: str) -> Entry[FeatureTable] | None:
        return self.given.get(name) or self.tables.entry(name)

    @property
    def table_names(self) -> set[str]:
        return {*self.given, *self.tables.names}


def resolved(
    entry: Entry[TrainingSet], around: Surroundings
) -> tuple[ResolvedTrainingSet | None, list[Problem]]:
    """The training set with its tables and suite, None if anything is wrong, and all that is wrong."""
    document = entry.document
    suite, wrong_suite = suite_of(document, around.files)
    problems = [*entry.problems, *_table_problems(document, around), *wrong_suite]
    if entry.spec is None:
        return None, problems
    tables = {join.table: around.table(join.table) for join in entry.spec.feature_tables}
    known = {name: table.spec for name, table in tables.items() if table and table.spec}
    joins, wrong_joins = joins_of(document, entry.spec, known)
    log = around.logs.entry(entry.spec.log.source) if entry.spec.log else None
    problems += [*wrong_joins, *(log.problems if log else ()), *_asks_nobody(document, entry.spec, joins)]
    if problems:
        return None, problems
    names = frozenset(around.logs.names) if entry.spec.log else frozenset()
    return ResolvedTrainingSet(entry.spec, tuple(joins), suite, log.spec if log else None, names), []


def joined_table(
    document: Document, index: int, join: TableJoin, table: FeatureTable, labels: Labels
) -> tuple[JoinedTable, list[Problem]]:
    """A join of a training set with its keys resolved, and what is wrong with them.

    A key in join_keys meets the label column named there. Without join_keys, every key must be among the
    label events' entity keys; beside others in join_keys, a key meets the column of its own name. Names
    compare case-insensitively; label columns are not looked up here.
    """
    place = ("feature_tables", index)
    known = {key.casefold() for key in table.entity_keys}
    label_keys = {key.casefold(): key for key in labels.entity_keys}
    named = {key.casefold(): column for key, column in join.join_keys.items()}
    unknown_keys = [key for key in join.join_keys if key.casefold() not in known]
    absent = [key for key in table.entity_keys if not named and key.casefold() not in label_keys]
    problems = [
        *(document.problem((*place, "join_keys", key), _no_such_key(table, key)) for key in unknown_keys),
        *(document.problem(place, _not_among_label_keys(table, key, labels)) for key in absent),
    ]
    columns = {key.casefold(): key for key in table.entity_keys} | label_keys | named
    keys = tuple((key, columns[key.casefold()]) for key in table.entity_keys)
    return JoinedTable(table, join.as_name, keys, join.broadcast), problems


def _table_problems(document: Document, around: Surroundings) -> list[Problem]:
    problems: list[Problem] = []
    for index, name in _named_tables(document):
        entry = around.table(name)
        if entry is None:
            text = f"no feature table '{name}'; {unknown(name, around.table_names)}"
            problems.append(document.problem(("feature_tables", index), text))
        problems += entry.problems if entry else ()
    return problems


def _named_tables(document: Document) -> list[tuple[int, str]]:
    """The tables that a training set names, and where, also when something else in it is wrong."""
    items = document.content.get("feature_tables") if isinstance(document.content, Mapping) else None
    named: list[tuple[int, str]] = []
    for index, item in enumerate(items if isinstance(items, list) else []):
        name = item.get("table") if isinstance(item, Mapping) else item
        if isinstance(name, str) and not document.is_unresolved(("feature_tables", index, "table")):
            named.append((index, name))
    return named


def joins_of(
    document: Document, spec: TrainingSet, tables: Mapping[str, FeatureTable]
) -> tuple[list[JoinedTable], list[Problem]]:
    """The joins of a training set on these tables by name, without those on unknown tables, and their problems."""
    joins: list[JoinedTable] = []
    problems: list[Problem] = []
    for index, join in enumerate(spec.feature_tables):
        if join.table in tables:
            joined, wrong = joined_table(document, index, join, tables[join.table], spec.labels)
            joins.append(joined)
            problems += wrong
    return joins, problems


def _asks_nobody(document: Document, spec: TrainingSet, joins: list[JoinedTable]) -> list[Problem]:
    are_known = len(joins) == len(spec.feature_tables)
    if spec.require_fresh is None or not are_known or any(not join.table.static for join in joins):
        return []
    return [document.problem(("require_fresh",), "no joined table has a history; remove it")]


def _no_such_key(table: FeatureTable, key: str) -> str:
    return f"feature table '{table.name}' has no entity key '{key}'; {unknown(key, table.entity_keys)}"


def _not_among_label_keys(table: FeatureTable, key: str, labels: Labels) -> str:
    return (
        f"entity key '{key}' of feature table '{table.name}' is not among labels.entity_keys "
        f"({', '.join(labels.entity_keys)}); give its label column with join_keys: {{{key}: …}}"
    )


def suite_of(document: Document, files: ConfFiles) -> tuple[Suite | None, list[Problem]]:
    """The suite that a training set names, None where it names none or anything is wrong with it, and what is."""
    name = document.content.get("expectations") if isinstance(document.content, Mapping) else None
    if not isinstance(name, str) or document.is_unresolved(("expectations",)):
        return None, []
    there = {file.removesuffix(".json") for file in files.list("expectations") if file.endswith(".json")}
    path = f"expectations/{name}.json"
    if name not in there:
        text = f"no file {shown(files, path)}; {unknown(name, there)}"
        return None, [document.problem(("expectations",), text)]
    text_or_problem = read_text(files, path)
    if isinstance(text_or_problem, Problem):
        return None, [text_or_problem]
    return read_suite(shown(files, path), text_or_problem)
