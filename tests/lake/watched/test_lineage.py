"""OpenLineage's events of a run: what they hold, by the client's own classes, and that no server is ever missed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skewless.ground.errors import InputError
from skewless.ground.run.datasets import Dataset, Field
from skewless.ground.run.steps import Steps
from skewless.lake.watched.lineage import Lineage
from tests.helpers.project import Project

SPEC = os.environ.get("OPENLINEAGE_SPEC")
"""The folder `spec` of OpenLineage's repository, which its Python client does not bring along."""

BUILD = {"command": "build", "training_set": "trips"}
COLUMNS = (Field("k", "bigint"), Field("at", "timestamp"))
READ = Dataset("file:/lake/facts", "/lake/facts", False, 4, COLUMNS)
WRITTEN = Dataset("s3a://bucket/lake/trips", "lake.trips", True, 7, (*COLUMNS, Field("y", "double")), 919)


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the client is told, by its own variables, to write events to."""
    pytest.importorskip("openlineage.client", reason="needs the extra openlineage")
    target = tmp_path / "events.jsonl"
    settings = {"type": "file", "log_file_path": str(target), "append": "true"}
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT", json.dumps(settings))
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "nightly")
    monkeypatch.delenv("OPENLINEAGE_DISABLED", raising=False)
    return target


def told(target: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in target.read_text().splitlines()]


def after_a_run(steps: Steps, exit_code: int = 0, *problems: str) -> None:
    lineage = Lineage(BUILD, steps)
    lineage.begin()
    steps.known_as("20261128T020016Z-1f0c93ab")
    steps.touches(READ)
    steps.touches(WRITTEN)
    lineage.end(exit_code, problems, is_success=exit_code in (0, 4), is_stopped=exit_code == 6)


def test_a_run_is_told_when_it_begins_and_with_what_it_read_and_wrote_when_it_ends(events: Path) -> None:
    after_a_run(Steps())
    start, complete = told(events)
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == complete["run"]["runId"]
    assert (start["inputs"], start["outputs"]) == ([], [])
    job = complete["job"]
    assert (job["namespace"], job["name"]) == ("nightly", "skewless.build.trips")
    assert job["facets"]["jobType"]["processingType"] == "BATCH"
    (known,) = complete["run"]["facets"]["executionParameters"]["parameters"]
    assert (known["key"], known["value"]) == ("run_id", "20261128T020016Z-1f0c93ab")
    (read,), (written,) = complete["inputs"], complete["outputs"]
    assert (read["namespace"], read["name"]) == ("file", "/lake/facts")
    assert read["facets"]["version"]["datasetVersion"] == "4"
    assert "symlinks" not in read["facets"]
    fields = read["facets"]["schema"]["fields"]
    assert [(field["name"], field["type"]) for field in fields] == list(COLUMNS)
    assert (written["namespace"], written["name"]) == ("s3://bucket", "lake/trips")
    assert written["facets"]["symlinks"]["identifiers"][0]["name"] == "lake.trips"
    assert written["outputFacets"]["outputStatistics"]["rowCount"] == 919


@pytest.mark.parametrize(
    ("exit_code", "problems", "state", "message"),
    [
        (2, ("a: wrong", "b: wrong"), "FAIL", "a: wrong\nb: wrong"),
        (3, (), "FAIL", "exit code 3: refused, nothing is published"),
        (6, ("stopped by SIGTERM",), "ABORT", "stopped by SIGTERM"),
    ],
)
def test_what_a_run_failed_of_is_told(
    events: Path, exit_code: int, problems: tuple[str, ...], state: str, message: str
) -> None:
    after_a_run(Steps(), exit_code, *problems)
    ended = told(events)[-1]
    assert ended["eventType"] == state
    assert ended["run"]["facets"]["errorMessage"]["message"] == message
    assert len(ended["inputs"]) == 1


def test_an_alert_is_a_run_that_did_its_work(events: Path) -> None:
    after_a_run(Steps(), 4)
    assert told(events)[-1]["eventType"] == "COMPLETE"


def test_nothing_is_told_where_nothing_asks_for_it_or_the_command_only_looks(
    events: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Lineage({"command": "show", "training_set": "trips"}, Steps()).begin()
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    after_a_run(Steps())
    monkeypatch.delenv("OPENLINEAGE_DISABLED")
    monkeypatch.delenv("OPENLINEAGE__TRANSPORT")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    after_a_run(Steps())
    assert not events.exists()


def test_a_file_in_the_working_directory_asks_for_it(
    events: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OPENLINEAGE__TRANSPORT")
    monkeypatch.chdir(tmp_path)
    transport = {"type": "file", "log_file_path": str(events), "append": True}
    (tmp_path / "openlineage.yml").write_text(json.dumps({"transport": transport}))
    after_a_run(Steps())
    assert len(told(events)) == 2


def test_a_server_that_is_dead_is_one_line_and_the_run_goes_on(
    events: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = {"type": "http", "url": "http://127.0.0.1:9", "retry": {"total": 1, "backoff_factor": 0}}
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT", json.dumps(dead))
    after_a_run(Steps())
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("skewless: OpenLineage: the run is not told, and goes on: ConnectionError: ")


def test_a_configuration_that_the_client_refuses_is_one_line(
    events: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT", json.dumps({"type": "pigeon"}))
    after_a_run(Steps())
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_without_the_client_what_asks_for_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("skewless.lake.watched.lineage.find_spec", lambda _: None)
    monkeypatch.delenv("OPENLINEAGE_DISABLED", raising=False)
    monkeypatch.setenv("OPENLINEAGE_URL", "http://lineage:5000")
    with pytest.raises(InputError, match=r"by OPENLINEAGE_URL, .*pip install 'skewless\[openlineage\]'"):
        Lineage(BUILD, Steps()).begin()
    ran = Project(tmp_path).run("build", "trips")
    assert (ran.code, len(ran.problems)) == (2, 1)


def test_the_events_are_as_the_specification_has_them(events: Path) -> None:
    if SPEC is None:
        pytest.skip("OPENLINEAGE_SPEC names no folder of OpenLineage's JSON schemas")
    assert "pyspark" in sys.modules, "else its facet is not among those looked at"
    after_a_run(Steps())
    after_a_run(Steps(), 2, "a: wrong")
    for event in told(events):
        assert list(_broken(event, Path(SPEC))) == []


def _broken(event: dict[str, Any], spec: Path) -> Iterator[str]:
    """What a schema says against an event, and each against the facet that names it."""
    from jsonschema import Draft202012Validator, FormatChecker
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    schemas = {path.name: json.loads(path.read_text()) for path in spec.rglob("*.json")}
    resources = [
        (each["$id"], DRAFT202012.create_resource(each)) for each in schemas.values() if "$id" in each
    ]
    registry: Any = Registry().with_resources(resources)

    def said(document: Any, file: str, definition: str) -> Iterator[str]:
        reference = {"$ref": f"{schemas[file]['$id']}#/$defs/{definition}"}
        validator = Draft202012Validator(reference, registry=registry, format_checker=FormatChecker())
        yield from (f"{definition}: {error.message}" for error in validator.iter_errors(document))

    yield from said(event, "OpenLineage.json", "RunEvent")
    for facet in _facets(event):
        # Files are named for the definition that they end in.
        definition = facet["_schemaURL"].rpartition("/")[2]
        yield from said(facet, f"{definition}.json", definition)


def _facets(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        if "_schemaURL" in document:
            yield document
        for each in document.values():
            yield from _facets(each)
    elif isinstance(document, list):
        for each in document:
            yield from _facets(each)
