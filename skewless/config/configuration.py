"""A configuration directory, or dicts → resolved training sets, or every problem with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from skewless.config.documents import Document, Problem, Variables, from_mapping
from skewless.config.files import ConfFiles, Entry, Folder, shown
from skewless.config.refusals import SpecT, spec_of
from skewless.config.resolution import (
    PublishableTrainingSet,
    ResolvedTrainingSet,
    Surroundings,
    publishable,
    resolved,
    suite_of,
)
from skewless.config.specs.feature_table import FeatureTable
from skewless.config.specs.log_mapping import LogMapping
from skewless.config.specs.monitoring import Monitoring
from skewless.config.specs.suite import Suite
from skewless.config.specs.training_set import TrainingSet
from skewless.config.values import comparable, is_location
from skewless.ground.errors import InputError
from skewless.ground.names import unknown

TableSpec = Mapping[str, Any] | FeatureTable

NOT_A_PROJECT = "change into the project's folder, give another --conf-dir, or begin one with skewless init"
"""What to do where there is no configuration: most often it is the wrong working directory."""


class Configuration:
    """A configuration directory, each file read when first needed, and once."""

    def __init__(self, files: ConfFiles, variables: Variables) -> None:
        self._files = files
        self._variables = variables
        self._tables = Folder(files, "feature_tables", FeatureTable, variables)
        self._sets = Folder(files, "training_sets", TrainingSet, variables)
        self._logs = Folder(files, "logs", LogMapping, variables)
        self._watches = Folder(files, "monitoring", Monitoring, variables)

    @property
    def feature_tables(self) -> dict[str, FeatureTable]:
        """The feature tables with which nothing is wrong, by name."""
        return {entry.spec.name: entry.spec for entry in self._tables.entries() if entry.spec}

    @property
    def training_sets(self) -> dict[str, TrainingSet]:
        """The training sets with whose own files nothing is wrong, by name."""
        return {entry.spec.name: entry.spec for entry in self._sets.entries() if entry.spec}

    @property
    def logs(self) -> dict[str, LogMapping]:
        """The mapped logs with which nothing is wrong, by name."""
        return {entry.spec.name: entry.spec for entry in self._logs.entries() if entry.spec}

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything wrong with any file, one line each, by file and line."""
        around = Surroundings(self._files, self._tables, self._logs)
        found = {problem for table in self._tables.entries() for problem in table.problems}
        found.update(problem for log in self._logs.entries() for problem in log.problems)
        found.update(problem for watch in self._watches.entries() for problem in self._watch_problems(watch))
        for entry in self._sets.entries():
            found.update([*resolved(entry, around)[1], *self._shared_output(entry)])
        if not self._tables.names and not self._sets.names:
            text = f"no feature_tables/*.yml and no training_sets/*.yml here; {NOT_A_PROJECT}"
            found.add(Problem(self._files.root, 0, "", text))
        return tuple(str(problem) for problem in sorted(found))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the feature tables let leak, a line each, by name."""
        return tuple(line for table in self.feature_tables.values() for line in table.warnings)

    def check(self) -> None:
        """Raise InputError with every problem of every file, if there is any."""
        problems = self.problems
        if problems:
            raise InputError(problems)

    def training_set(self, name: str, *, to_publish: bool = False) -> PublishableTrainingSet:
        """The training set of that name; InputError with the problems of the files that it uses only. One that is to be
        published has its output to itself.
        """
        around = Surroundings(self._files, self._tables, self._logs)
        entry = self._set_entry(name)
        spec, problems = resolved(entry, around)
        problems += self._shared_output(entry) if to_publish else []
        return publishable(_or_refused(spec, problems))

    def output_of(self, name: str) -> str:
        """Where the training set of that name is published, whatever else may be wrong with its file and its tables.

        Errors: InputError where there is no such training set, or with the problems of its file where those keep the
        output from being read.
        """
        entry = self._set_entry(name)
        output = _output_in(entry.document)
        if output is None:
            raise InputError(str(problem) for problem in entry.problems)
        return output

    def _shared_output(self, entry: Entry[TrainingSet]) -> list[Problem]:
        """A problem for each other training set with the same output: each would refuse what the other published."""
        output = _output_in(entry.document)
        if output is None:
            return []
        others = (each for each in self._by_output[comparable(output)] if each != entry.document.origin)
        text = f"'{output}' is the output of {{}} too; give each training set a place of its own"
        return [entry.document.problem(("output",), text.format(origin)) for origin in others]

    @cached_property
    def _by_output(self) -> Mapping[str, list[str]]:
        """Output → the files that have it, whatever else is wrong with them."""
        found: dict[str, list[str]] = {}
        for document in (entry.document for entry in self._sets.entries()):
            if output := _output_in(document):
                found.setdefault(comparable(output), []).append(document.origin)
        return found

    def _set_entry(self, name: str) -> Entry[TrainingSet]:
        entry = self._sets.entry(name)
        if not self._sets.names:
            raise InputError(f"{self._files.root}: no training_sets/*.yml here; {NOT_A_PROJECT}")
        if entry is None:
            folder = shown(self._files, "training_sets")
            raise InputError(f"{folder}: no training set '{name}'; {unknown(name, self._sets.names)}")
        return entry

    def written_set(self, name: str) -> TrainingSet:
        """The training set of that name as its file has it; InputError with the problems of its file only."""
        entry = self._set_entry(name)
        if entry.spec is None:
            raise InputError(str(problem) for problem in entry.problems)
        return entry.spec

    def suite(self, name: str) -> Suite | None:
        """The suite of a training set by name, whatever is wrong with it; None where there is none to look at."""
        return suite_of(self._set_entry(name).document, self._files)[0]

    def log(self, name: str) -> LogMapping:
        """The mapped log of that name; InputError with the problems of its file only."""
        entry = self._logs.entry(name)
        if entry is None:
            folder = shown(self._files, "logs")
            raise InputError(f"{folder}: no log '{name}'; {unknown(name, self._logs.names)}")
        if entry.spec is None:
            raise InputError(str(problem) for problem in entry.problems)
        return entry.spec

    def monitoring(self, name: str) -> Monitoring:
        """How a training set is watched, by default where no file says it; InputError with the problems of its file."""
        entry = self._watches.entry(name)
        if entry is None:
            return Monitoring(name=name)
        if entry.spec is None:
            raise InputError(str(problem) for problem in entry.problems)
        return entry.spec

    def _watch_problems(self, entry: Entry[Monitoring]) -> list[Problem]:
        """What is wrong with the file, also where it watches what is not there."""
        if entry.spec is None or entry.spec.name in self._sets.names:
            return list(entry.problems)
        text = f"no training set '{entry.spec.name}'; {unknown(entry.spec.name, self._sets.names)}"
        return [entry.document.problem(("name",), text)]

    @property
    def log_names(self) -> set[str]:
        """The names of all mapped logs, those with problems too."""
        return set(self._logs.names)

    def from_dicts(
        self, training_set: Mapping[str, Any] | TrainingSet, feature_tables: Iterable[TableSpec] = ()
    ) -> ResolvedTrainingSet:
        """The training set that a dict with the keys of its YAML file describes, variables replaced alike.

        A table is looked up by name among `feature_tables`, then in this directory; an item of the dict's
        `feature_tables`, or the `table` in one, may also be a table's own spec. Durations may be timedeltas.
        Nothing is published from it, so `output` and the labels' `source` may be left out.

        Raises InputError with every problem of the specs used.
        """
        content, inline = _tables_apart(training_set)
        entries = [self._entry(table, "feature table", FeatureTable) for table in [*feature_tables, *inline]]
        given = {_name(entry.document.content): entry for entry in entries}
        entry = self._entry(content, "training set", TrainingSet)
        spec, problems = resolved(entry, Surroundings(self._files, self._tables, self._logs, given))
        return _or_refused(spec, problems + _given_twice(entries))

    def _entry(self, content: Any, kind: str, model: type[SpecT]) -> Entry[SpecT]:
        origin = f"{kind} '{_name(content)}'"
        if isinstance(content, model):
            document = Document(origin, content.to_document())
        else:
            document = from_mapping(origin, content, self._variables)
        spec, problems = spec_of(document, model, in_memory=True)
        return Entry(document, spec, tuple(problems))


def _output_in(document: Document) -> str | None:
    """The output that a training set's file gives, None where it gives none that can be read."""
    output = document.content.get("output") if isinstance(document.content, Mapping) else None
    is_known = isinstance(output, str) and not document.is_unresolved(("output",))
    return str(output) if is_known and is_location(str(output)) else None


def load(files: ConfFiles, settings: Mapping[str, str], environ: Mapping[str, str]) -> Configuration:
    """The configuration in a directory; `${NAME}` is taken from `settings` (--set), then `environ`."""
    return Configuration(files, Variables(settings, environ))


def _or_refused(spec: ResolvedTrainingSet | None, problems: list[Problem]) -> ResolvedTrainingSet:
    if spec is None or problems:
        raise InputError(str(problem) for problem in sorted(set(problems)))
    return spec


def _tables_apart(training_set: Any) -> tuple[Any, list[Any]]:
    """A training set's dict with tables by name only, and the specs that stood in it."""
    items = training_set.get("feature_tables") if isinstance(training_set, Mapping) else None
    if not isinstance(items, (list, tuple)):
        return training_set, []
    inline: list[Any] = []
    named: list[Any] = []
    for item in items:
        is_join = isinstance(item, Mapping) and "table" in item
        table = item["table"] if is_join else item
        if not isinstance(table, (Mapping, FeatureTable)):
            named.append(item)
            continue
        inline.append(table)
        named.append({**item, "table": _name(table)} if is_join else _name(table))
    return {**training_set, "feature_tables": named}, inline


def _name(content: Any) -> str:
    name = content.get("name") if isinstance(content, Mapping) else getattr(content, "name", None)
    return name if isinstance(name, str) else "?"


def _given_twice(entries: list[Entry[FeatureTable]]) -> list[Problem]:
    first: dict[str, Entry[FeatureTable]] = {}
    differing = [
        entry
        for entry in entries
        if first.setdefault(_name(entry.document.content), entry).spec != entry.spec
    ]
    return [entry.document.problem((), "given twice, differently; rename one of them") for entry in differing]
