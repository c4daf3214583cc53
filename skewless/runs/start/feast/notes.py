"""What an import leaves to a person: a list for the terminal, and NOTES.md with code to start from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from skewless.runs.start.feast.definitions import Definitions, OnDemand, View
from skewless.runs.start.feast.tables import Table, path_of, place_of
from skewless.runs.start.feast.training_sets import Planned
from skewless.runs.start.feast.yaml_text import in_one_line

_TYPES = {
    **dict.fromkeys(("INT32", "INT64"), "int"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "float"),
    **dict.fromkeys(("STRING", "JSON"), "str"),
    **{"BOOL": "bool", "BYTES": "bytes", "UNIX_TIMESTAMP": "datetime"},
}
_NO_INPUT = ("MAP", "STRUCT")


def by_hand(found: Definitions, planned: Sequence[Planned]) -> Iterator[str]:
    """What could not be carried over, a line each, and what to do."""
    for each in found.on_demand:
        outputs = ", ".join(f"`{name}`" for name in each.outputs)
        yield f"on-demand view `{each.name}`: write {outputs} as feature functions, one each; NOTES.md has a start"
    for view in found.views:
        yield from (f"feature view `{view.name}` {each.what}: {each.remedy}" for each in view.by_hand)
        nested = [name for name, kind in view.types.items() if kind.startswith(_NO_INPUT)]
        if nested:
            names = ", ".join(f"`{name}`" for name in nested)
            yield f"feature view `{view.name}`: {names}: maps and structs are joined; no feature function takes them"
    for view in found.label_views:
        outcomes = ", ".join(f"`{name}`" for name in view.columns)
        yield f"label view `{view.name}`: holds outcomes ({outcomes}); `labels` of a training set can read its table"
    taken = {join.table.view.name for each in planned for join in each.joins}
    for view in found.views:
        if view.name not in taken:
            yield f"feature view `{view.name}`: in no feature service, so in no training set; add it where it is wanted"


def notes_of(found: Definitions, tables: Sequence[Table], planned: Sequence[Planned], root: Path) -> str:
    return "\n\n".join(_parts(found, tables, planned, root)) + "\n"


def _parts(
    found: Definitions, tables: Sequence[Table], planned: Sequence[Planned], root: Path
) -> Iterator[str]:
    yield "# From Feast"
    yield "What `skewless import-feast` read, what it wrote, and what is left to do. Delete this file when it is done."
    yield "## First: tables"
    yield from _first(found, tables, root)
    yield "## By hand"
    yield "\n".join(f"- {each}" for each in by_hand(found, planned)) or "Nothing."
    yield from (_stub(each) for each in found.on_demand)
    yield "## Values that differ from Feast's"
    yield VALUES
    yield "## Then"
    yield _then(planned)


VALUES = """\
- A row of exactly T is joined in Feast. Here a table that says neither `available_at` nor `delay` is strict: nothing
  says that such a row could be read at T. `strict: false` gives Feast's values.
- `available_at`, where it is written: a row is not seen before it. Feast joins it from its event timestamp on, also
  where serving could not have had it.
- A `ttl` counts from the event timestamp in both, and a row of exactly that age is still joined in both.
- Of rows with equal event timestamps the one created last wins in Feast, and here where `available_at` is that column.
  Without it the greatest row wins, by the first of `columns`: write the created column there to keep Feast's choice.
- Each label event is a row here, also one that no feature row matches; some of Feast's stores leave those out.
- Columns are called `<view>__<column>`, as with `full_feature_names=True`."""


def _first(found: Definitions, tables: Sequence[Table], root: Path) -> Iterator[str]:
    views: dict[str, View] = {table.view.name: table.view for table in tables}
    sources = {view.source.name: view.source for view in (*views.values(), *found.label_views) if view.source}
    parquet, others = [], []
    for source in sources.values():
        place = place_of(source, root)
        if place.is_parquet:
            parquet.append(f'convert("{path_of(source, root)}", "{_default(place.location)}")')
        elif place.before:
            others.append(f"- `{place.location}`: {place.before}.")
    if others:
        yield "\n".join(others)
    if parquet:
        yield (
            "Parquet has no versions, which a build that can be repeated needs. In place: CONVERT TO DELTA, in Spark; "
            "as a copy:"
        )
        yield "\n".join(["```python", _CONVERT, *parquet, "```"])
    if not parquet and not others:
        yield "Each source is a Delta table already."


_CONVERT = """\
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import write_deltalake  # pip install 'skewless[read]'


def convert(parquet: str, table: str) -> None:
    rows = pq.read_table(parquet)
    for place, field in enumerate(rows.schema):
        if pa.types.is_timestamp(field.type):  # Delta has microseconds; Feast takes no zone as UTC
            rows = rows.set_column(place, field.name, rows[field.name].cast(pa.timestamp("us", "UTC"), safe=False))
    write_deltalake(table, rows)

"""


def _default(location: str) -> str:
    return location.replace("${WAREHOUSE:-./warehouse}", "./warehouse")


def _stub(view: OnDemand) -> str:
    """The signature of each output's function, and the code that it has to be made from."""
    inputs = ", ".join(f"{name}: {_type(kind)}" for name, kind in view.inputs.items())
    functions = [
        f'def {name}({inputs}) -> {_type(kind)}:\n    """TODO"""\n    ...'
        for name, kind in view.outputs.items()
    ]
    body = "\n".join(f"# {text}".rstrip() for text in view.body.splitlines())
    code = "\n\n\n".join([body, *functions] if body else functions)
    head = f"`{view.name}`, whose inputs are names of columns here; take those that a value needs:"
    return f"{head}\n\n```python\n{code}\n```"


def _type(kind: str) -> str:
    """
    >>> _type("INT64"), _type("FLOAT_LIST"), _type("MAP")
    ('int', 'list[float]', 'TODO')
    """
    element = kind.removesuffix("_LIST")
    known = _TYPES.get(element, "TODO")
    return f"list[{known}]" if element != kind else known


def _then(planned: Sequence[Planned]) -> str:
    lines = ["```", "skewless check          # names each TODO that is left"]
    lines += [f"skewless build {each.name}" for each in planned]
    return "\n".join([*lines, "```"])


def shown(text: str) -> str:
    """A line of NOTES.md for a terminal."""
    return in_one_line(text.replace("`", ""))
