"""Feature services → training sets' files, with the tables that they join."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skewless.runs.start.feast.definitions import Definitions, Projection, Service, View
from skewless.runs.start.feast.tables import WAREHOUSE, Table
from skewless.runs.start.feast.yaml_text import in_one_line, line, name_of, written


@dataclass(frozen=True)
class Join:
    """A table that a service takes; `keys` are (table key, label column) pairs."""

    table: Table
    alias: str
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Planned:
    """A training set to be written. `transformed` are the on-demand views that the service takes beside its tables."""

    service: Service
    joins: Sequence[Join]
    transformed: Sequence[str]

    @property
    def name(self) -> str:
        return name_of(self.service.name)

    @property
    def file(self) -> str:
        return f"conf/training_sets/{self.name}.yml"


def tables_and_sets(found: Definitions) -> tuple[list[Table], list[Planned]]:
    """A table for each view; and one of its own for a part of a view that a service takes, since a training set joins
    all the columns of a table.
    """
    whole = {view.name: Table(name_of(view.name), view, view.columns) for view in found.views}
    tables = list(whole.values())
    planned: list[Planned] = []
    for service in found.services:
        joins: list[Join] = []
        for projection in service.projections:
            if projection.view not in whole:
                continue
            table = _table(service, projection, whole[projection.view])
            if table not in tables:
                tables.append(table)
            joins.append(Join(table, name_of(projection.alias), tuple(_keys(projection, table.view))))
        views = [each.view for each in service.projections if each.view not in whole]
        planned.append(Planned(service, joins, views))
    return tables, planned


def _table(service: Service, projection: Projection, whole: Table) -> Table:
    if set(projection.columns) == set(whole.columns):
        return whole
    name = f"{whole.name}_of_{name_of(service.name)}"
    return Table(name, whole.view, projection.columns)


def _keys(projection: Projection, view: View) -> Iterator[tuple[str, str]]:
    for key in view.keys:
        own = view.source.column(key) if view.source else key
        yield own, projection.join_keys.get(key, key)


def text_of(planned: Planned) -> str:
    return "\n".join([*_lines(planned), ""])


def _lines(planned: Planned) -> Iterator[str]:
    service, variable = planned.service, planned.name.upper()
    about = f": {in_one_line(service.description)}" if service.description else ""
    yield f"# Feast's feature service {service.name}{about}{f' (owner: {service.owner})' if service.owner else ''}"
    yield line("name", planned.name)
    yield "labels:   # what is called the entity dataframe in Feast, as a Delta table, with the outcome beside"
    yield f"  {line('source', f'${{{variable}_LABELS}}', 'TODO the table')}"
    keys = dict.fromkeys(label for join in planned.joins for _, label in join.keys)
    yield f"  {line('entity_keys', [*keys] or [f'${{{variable}_KEY}}'], '' if keys else 'TODO')}"
    yield f"  {line('event_timestamp', 'event_timestamp')}"
    yield f"  {line('label_columns', [f'${{{variable}_LABEL}}'], 'TODO the columns to be learned')}"
    yield "  # label_available_at: …   # TODO the column of when the outcome was known, where there is one"
    yield "feature_tables:"
    yield from (f"  - {written(_item(join))}" for join in planned.joins)
    if planned.transformed:
        yield f"# features: features.{planned.name}   # TODO, see NOTES.md: {', '.join(planned.transformed)}"
    yield line("output", f"{WAREHOUSE}/training_sets/{planned.name}")


def _item(join: Join) -> str | Mapping[str, object]:
    item: dict[str, object] = {"table": join.table.name}
    if join.alias != join.table.name:
        item["as"] = join.alias
    differing = {own: label for own, label in join.keys if own != label}
    if differing:
        item["join_keys"] = differing
    return item if len(item) > 1 else join.table.name
