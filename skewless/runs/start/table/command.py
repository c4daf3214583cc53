"""`skewless init-table`."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import Any

import yaml

from skewless.ground.errors import InputError
from skewless.ground.instants import micros_of
from skewless.ground.standard_output import tell
from skewless.lake.session import private_session
from skewless.runs.execution import Result, Run, refuse_no_location
from skewless.runs.start.new_file import refuse_taken, target_of, write_new
from skewless.runs.start.table.feature_table import feature_table
from skewless.runs.start.table.labels import Known, training_set
from skewless.runs.start.table.look import TableLook
from skewless.runs.start.table.reading import LookedAt, looked_at
from skewless.runs.start.table.section import ASKED, Section, scalar, text_of

KINDS = {False: ("feature table", "feature_tables"), True: ("training set", "training_sets")}


def init_table(run: Run, source: str, name: str | None, to: str | None, *, labels: bool) -> Result:
    """`skewless init-table`: the YAML of a feature table, or with `labels` of a training set, over a table.

    Without a file the YAML is what is printed, and what a person should know of it goes to standard error.
    """
    target = target_of(to)
    location = run.resolved(source)
    refuse_no_location("SOURCE", location)
    refuse_taken(target, run)
    own = _name(source, name, target, labels=labels)
    found = looked_at(private_session(run.spark()), location, f"table '{source}'")
    known = _configured(run) if labels else None
    text = drafted_text(found, source, own, micros_of(datetime.now(timezone.utc)), labels=labels, known=known)
    if target is not None:
        write_new(target, text, run)
    return _result(found, source, own, text, target, labels=labels)


def _configured(run: Run) -> Known:
    return {table.name: table.entity_keys for table in run.configuration().feature_tables.values()}


def _name(source: str, name: str | None, target: str | None, *, labels: bool) -> str:
    """The one that is given, else that of the file, since a file's name is the name in it, else that of the table."""
    if name is not None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise InputError(f"--name '{name}' is not a name; use letters, digits and _, not a digit first")
        return name
    last = (
        re.split(r"[/.:]", source.rstrip("/").replace("`", ""))[-1]
        if target is None
        else PurePosixPath(target).stem
    )
    found = re.sub(r"\W+", "_", last, flags=re.ASCII).strip("_")
    found = re.sub(r"_labels?$", "", found) if labels and target is None else found
    return found if re.match(r"[A-Za-z_]", found) else f"table_{found}".rstrip("_")


def drafted_text(
    found: LookedAt, source: str, name: str, now: int, *, labels: bool = False, known: Known | None = None
) -> str:
    """The file; `known` are the feature tables that label events can be joined to."""
    if labels:
        return text_of(_head(found, name), training_set(found.look, source, name, now, known or {}))
    body = [Section([f"source: {scalar(source)}"]), *feature_table(found.look, now)]
    return text_of(_head(found, name), body)


def _head(found: LookedAt, name: str) -> str:
    lines = [
        f"# Drafted by skewless init-table from {rows_text(found.look)} of version {found.version}.",
        f"# A line that begins with `{ASKED.strip()}` is a question: answer it and remove it.",
        f"name: {name}",
    ]
    return "\n".join(lines)


def rows_text(look: TableLook) -> str:
    """How many rows were looked at, of how many.

    A look is the same at the same version of a table, so that a draft can be made again.
    """
    if look.total is None:
        return f"{look.rows:,} rows of a number that Delta's log does not tell"
    return f"all {look.rows:,} rows" if look.is_whole else f"{look.rows:,} of {look.total:,} rows"


def _result(
    found: LookedAt, source: str, name: str, text: str, target: str | None, *, labels: bool
) -> Result:
    kind, folder = KINDS[labels]
    proposal = yaml.safe_load(text)
    questions = [
        line.strip().removeprefix(ASKED) for line in text.splitlines() if line.strip().startswith(ASKED)
    ]
    document = {
        "source": source,
        "version": found.version,
        "rows_looked_at": found.look.rows,
        "rows": found.look.total,
        "kind": kind,
        "name": name,
        "proposal": proposal,
        "questions": questions,
        "yaml": text,
        "path": target,
    }
    asked = f"{len(questions)} questions in it, in lines that begin with '{ASKED.strip()}'"
    if target is not None:
        return Result(document, _summary(found, document, f"in {target}", asked))
    tell(f"{name}: a {kind} from {rows_text(found.look)}; {asked}; it belongs into conf/{folder}/{name}.yml")
    return Result(document, text.rstrip("\n"))


def _summary(found: LookedAt, document: dict[str, Any], where: str, asked: str) -> str:
    proposal = document["proposal"]
    of = proposal.get("labels", proposal)
    lines = [f"{document['name']}: a {document['kind']} {where}, from {rows_text(found.look)}"]
    lines += [
        f"  {key.replace('_', ' '):<18} {_shown(of[key])}"
        for key in (
            "entity_keys",
            "event_timestamp",
            "available_at",
            "label_columns",
            "label_available_at",
            "static",
        )
        if key in of
    ]
    return "\n".join([*lines, f"  {asked}"])


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
