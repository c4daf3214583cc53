"""`skewless rebuild`: the rows of a version again, after its inputs, its configuration and its code have changed."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Project, Ran

FACTS = """
    name: facts
    source: ${WAREHOUSE}/facts
    entity_keys: [k]
    event_timestamp: at
    available_at: seen
    max_age: ${AGE:-2h}
    columns: [v, tags, m]
    aggregations:
      - {name: total, function: sum, column: v, window: 1d}
"""
SET = """
    name: s
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [k]
      event_timestamp: t
      label_columns: [y]
      label_available_at: known
      where: ${WHERE:-y >= 0}
    feature_tables: [facts]
    features: tests.helpers.rebuild_features
    output: ${WAREHOUSE}/s
    parity_sample: 0
"""
OTHER_SET = """
    name: s
    labels:
      source: ${NEVER_SET}/labels
      entity_keys: [k]
      event_timestamp: tt
      label_columns: [y]
    feature_tables: [facts, strangers]
    expectations: nowhere
    output: ${WAREHOUSE}/s
"""
LABELS = "k INT, t TIMESTAMP, y INT, known TIMESTAMP"
COLUMNS = "k INT, at TIMESTAMP, seen TIMESTAMP, v DOUBLE, tags ARRAY<STRING>, m MAP<STRING,DOUBLE>"
ROWS = (
    "(1, '2024-03-01 11:00:00Z', '2024-03-01 11:00:00Z', double('NaN'), array('a', NULL), map('x', -0.0D))",
    "(2, '2024-03-01 11:00:00Z', '2024-03-01 11:00:00Z', -0.0D, array(), map('x', 1.0D, 'y', NULL))",
    "(2, '2024-03-01 11:30:00Z', '2024-03-01 12:30:00Z', 7.0, NULL, NULL)",  # late
    "(3, '2024-03-02 11:00:00Z', '2024-03-02 11:00:00Z', 0.5, array('c'), map())",
)


def labels(project: Project, *rows: str) -> Project:
    return project.table("labels", LABELS, *rows)


@dataclass(frozen=True)
class History:
    """Versions of `s` as they stood when they were published: the rows of each slice, and the run that wrote it."""

    project: Project
    slices: list[list[str]]
    runs: list[str]


def texts(rows: list[dict[str, Any]]) -> list[str]:
    """Rows as texts, in which NaN equals itself and -0.0 is not 0.0."""
    return sorted(map(repr, rows))


@pytest.fixture(scope="module")
def history(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> History:
    """A whole build, a day, and a day without label events; then everything is another."""
    project = Project(tmp_path_factory.mktemp("rebuilt"), spark)
    project.conf({"feature_tables/facts.yml": FACTS, "training_sets/s.yml": SET})
    project.table("facts", COLUMNS, *ROWS)
    first = (
        "(1, '2024-03-01 12:00:00Z', 0, '2024-03-01 18:00:00Z')",
        "(2, '2024-03-01 12:00:00Z', 1, '2024-03-01 18:00:00Z')",
        "(2, '2024-03-01 12:00:00Z', 1, '2024-03-01 18:00:00Z')",  # twice
        "(3, '2024-03-02 12:00:00Z', 1, '2024-03-02 18:00:00Z')",
        "(4, '2024-03-03 12:00:00Z', 1, '2024-03-03 18:00:00Z')",
        "(NULL, '2024-03-01 12:00:00Z', 0, '2024-03-01 18:00:00Z')",
        "(1, NULL, 0, '2024-03-01 18:00:00Z')",
        "(5, '2024-03-01 12:00:00Z', 0, '2099-01-01 00:00:00Z')",  # immature
        "(6, '2024-03-01 12:00:00Z', -1, '2024-03-01 00:00:00Z')",  # not wanted
    )
    runs = [labels(project, *first).built("s")["run_id"]]
    slices = [texts(project.rows("s"))]
    for day, rows in (
        ("2024-03-02", ["(3, '2024-03-02 12:00:00Z', 5, '2024-03-02 18:00:00Z')"]),
        ("2024-03-03", ["(3, '2024-03-02 12:00:00Z', 6, '2024-03-02 18:00:00Z')"]),
    ):
        runs.append(labels(project, *rows).built("s", "--date", day, "--allow-empty")["run_id"])
        slices.append(texts([row for row in project.rows("s") if row["event_date"] == day]))
    assert [len(each) for each in slices] == [7, 1, 0]
    change_everything(project)
    return History(project, slices, runs)


def change_everything(project: Project) -> None:
    """Inputs with other values and other columns, and a configuration that names what is not there."""
    project.table("facts", COLUMNS, "(1, '2024-03-01 11:59:00Z', '2024-03-01 11:59:00Z', 99.0, NULL, NULL)")
    project.table("facts", "k STRING, at DATE", "('1', '2024-03-01')")
    project.table("labels", "kk INT, tt TIMESTAMP", "(1, '2024-03-01 12:00:00Z')")
    (project.root / "conf" / "feature_tables" / "facts.yml").unlink()
    project.conf({"training_sets/s.yml": OTHER_SET})


def files_in(project: Project) -> set[Path]:
    return {path for path in project.warehouse.rglob("*") if path.is_file()}


def refused(ran: Ran) -> list[str]:
    """The lines of a refusal, each without its `skewless: `."""
    assert (ran.code, ran.out) == (2, ""), ran.err
    return [line.removeprefix("skewless: ") for line in ran.problems]


def test_a_version_is_verified_and_nothing_is_written(history: History) -> None:
    before = files_in(history.project)
    ran = history.project.run("rebuild", "s", "--version", "0", "--json")
    assert ran.code == 0, ran.err
    document = ran.document
    assert document.pop("run_id") not in history.runs
    assert document == {
        "training_set": "s",
        "version": 0,
        "rows": 7,
        "identical": True,
        "only_published": 0,
        "only_rebuilt": 0,
        "columns": [],
        "compared_with": "rows",
        "output": None,
        "rejected_path": None,
    }
    assert files_in(history.project) == before


@pytest.mark.parametrize("version", [0, 2], ids=["whole", "no rows"])
def test_identical_rows_are_published_where_that_is_asked_for(history: History, version: int) -> None:
    place = f"again_{version}"
    target = str(history.project.warehouse / place)
    ran = history.project.run("rebuild", "s", "--version", str(version), "--output", target, "--json")
    assert ran.code == 0, ran.err
    assert (ran.document["identical"], ran.document["output"]) == (True, target)
    assert texts(history.project.rows(place)) == history.slices[version]
    [commit] = history.project.commits(place)
    manifest = json.loads(commit["commitInfo"]["userMetadata"])
    assert manifest["rebuild_of"] == {
        "location": str(history.project.warehouse / "s"),
        "version": version,
        "run_id": history.runs[version],
    }
    assert manifest["run_id"] == ran.document["run_id"]
    assert commit["metaData"]["configuration"]["delta.enableDeletionVectors"] == "false"
    assert commit["metaData"]["configuration"]["skewless.training_set"] == "s"
    assert commit["protocol"] == {"minReaderVersion": 1, "minWriterVersion": 2}
    beside = target + "/_skewless/manifests/00000000000000000000.json"
    assert json.loads(Path(beside).read_text()) == manifest


def test_a_catalog_table_may_be_the_output_and_the_summary_names_the_run_and_the_inputs(
    history: History, spark: SparkSession, tmp_path: Path
) -> None:
    spark.sql("CREATE DATABASE IF NOT EXISTS rebuilt")
    result = tmp_path / "result.json"
    try:
        ran = history.project.run(
            "rebuild", "s", "--version", "1", "--output", "rebuilt.s1", "--result", str(result)
        )
        assert (ran.code, json.loads(result.read_text())["output"]) == (0, "rebuilt.s1")
        [row] = spark.table("rebuilt.s1").collect()
        assert (row["k"], row["y"], str(row["event_date"])) == (3, 5, "2024-03-02")
        [line] = refused(history.project.run("rebuild", "s", "--version", "1", "--output", "rebuilt.s1"))
        assert "holds something already" in line
    finally:
        spark.sql("DROP DATABASE rebuilt CASCADE")
    first, *rest = ran.out.splitlines()
    assert first == "s: version 1 rebuilt: identical, 1 rows, every value the same"
    text = "\n".join(rest)
    assert history.runs[1] in text
    assert "T in [2024-03-02T00:00:00+00:00, 2024-03-03T00:00:00+00:00)" in text
    assert f"facts: version 0 of {history.project.warehouse}/facts" in text
    assert f"labels: version 1 of {history.project.warehouse}/labels" in text


@pytest.mark.parametrize("place", ["s", "s/inside", "facts", "hidden", "file"])
def test_an_output_that_holds_anything_is_refused(history: History, place: str) -> None:
    (history.project.warehouse / "hidden" / "_skewless").mkdir(parents=True, exist_ok=True)
    (history.project.warehouse / "file").write_text("")
    before = files_in(history.project)
    target = str(history.project.warehouse / place)
    [line] = refused(history.project.run("rebuild", "s", "--version", "0", "--output", target))
    assert line == (
        f"--output '{target}' holds something already, or lies inside a table; give a place that is empty"
    )
    assert files_in(history.project) == before


@pytest.mark.parametrize("place", ["my table", "no_such_database.s", "nowhere://host/s"])
def test_an_output_that_is_no_place_is_refused(history: History, place: str) -> None:
    [line] = refused(history.project.run("rebuild", "s", "--version", "0", "--output", place))
    assert line.startswith(f"--output '{place}'")


def test_a_version_that_is_not_there_is_refused(history: History) -> None:
    [line] = refused(history.project.run("rebuild", "s", "--version", "3"))
    assert line == "training set 's': no version 3 of skewless; there are 0, 1, 2"
    [line] = refused(history.project.run("rebuild", "ss", "--version", "0"))
    assert "no training set 'ss'; did you mean 's'?" in line
    [line] = refused(history.project.run("rebuild", "s"))
    assert "--version" in line


# A table that is dropped and made anew has the same version with other rows.

SMALL = """
    name: small
    labels:
      source: ${WAREHOUSE}/events
      entity_keys: [k]
      event_timestamp: t
      label_columns: [y]
    feature_tables: [prices]
    output: ${WAREHOUSE}/small
    parity_sample: 0
"""
PRICES = """
    {name: prices, source: '${WAREHOUSE}/prices', entity_keys: [k], event_timestamp: at, delay: 0s,
     columns: [price, stock]}
"""
EVENTS = (
    "(1, '2024-03-01 12:00:00Z', 0)",
    "(2, '2024-03-01 12:00:00Z', 1)",
    "(3, '2024-03-01 12:00:00Z', 1)",
)


def prices(project: Project, *values: float) -> Project:
    rows = [f"({key}, '2024-03-01 11:00:00Z', {value}, {key})" for key, value in enumerate(values, 1)]
    return project.table("prices", "k INT, at TIMESTAMP, price DOUBLE, stock INT", *rows)


def events(project: Project, *rows: str) -> Project:
    return project.table("events", "k INT, t TIMESTAMP, y INT", *rows)


@pytest.fixture(scope="module")
def built_small(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """`small`, built once from three label events, and a copy of all that is then there."""
    project = Project(tmp_path_factory.mktemp("small"), spark)
    project.conf({"feature_tables/prices.yml": PRICES, "training_sets/small.yml": SMALL})
    events(prices(project, 1.0, 2.0, 3.0), *EVENTS).built("small")
    shutil.copytree(project.warehouse, project.root / "copy")
    return project


@pytest.fixture
def small(built_small: Project) -> Project:
    """The tables as they stood after the build, whatever another test has made of them."""
    made_anew(built_small, "")
    shutil.copytree(built_small.root / "copy", built_small.warehouse)
    built_small.forget_snapshots()
    return built_small


def made_anew(project: Project, name: str) -> Project:
    """Without that table, so that the next one begins with version 0."""
    shutil.rmtree(project.warehouse / name)
    project.forget_snapshots()
    return project


def rebuilt(project: Project, *more: str) -> Ran:
    return project.run("rebuild", "small", "--version", "0", "--json", *more)


def test_values_that_changed_places_are_exit_code_3_with_their_number_and_columns(small: Project) -> None:
    prices(made_anew(small, "prices"), 2.0, 1.0, 3.0)
    before = files_in(small)
    ran = rebuilt(small)
    assert ran.code == 3, ran.err
    told = {name: ran.document[name] for name in ("rows", "identical", "only_published", "only_rebuilt")}
    assert told == {"rows": 3, "identical": False, "only_published": 2, "only_rebuilt": 2}
    assert ran.document["columns"] == ["prices__price"]
    assert (ran.document["output"], ran.document["rejected_path"]) == (None, None)
    assert files_in(small) == before


def test_other_label_events_are_told_by_the_columns_that_say_so(small: Project) -> None:
    events(made_anew(small, "events"), *EVENTS[:2], "(3, '2024-03-01 12:00:00Z', 0)")
    document = rebuilt(small).document
    assert (document["only_published"], document["only_rebuilt"], document["columns"]) == (1, 1, ["y"])


def test_rows_that_differ_are_not_published_but_kept_aside(small: Project) -> None:
    prices(made_anew(small, "prices"), 1.0, 2.5, 3.0)
    again, result = str(small.warehouse / "again"), small.root / "result.json"
    ran = small.run("rebuild", "small", "--version", "0", "--output", again, "--result", str(result))
    assert ran.code == 3, ran.err
    assert json.loads(result.read_text())["columns"] == ["prices__price"]
    assert "DIFFERS when rebuilt: of 3 rows 1 are only published, 1 are only rebuilt" in ran.out
    assert not (small.warehouse / "again").exists()
    [kept] = (small.warehouse / "again_rejected").glob("2*")
    assert str(kept) in ran.out
    assert [row["prices__price"] for row in small.rows(f"again_rejected/{kept.name}")] == [1.0, 2.5, 3.0]
    [refusal] = (small.warehouse / "again_rejected" / "_skewless").glob("*.json")
    assert json.loads(refusal.read_text())["failures"][0]["text"] == "not the rows of version 0"


def lose_files(project: Project, name: str) -> None:
    """As VACUUM does once a version has been replaced for long enough."""
    for file in (project.warehouse / name).rglob("*.parquet"):
        file.unlink()


def test_an_input_whose_files_are_gone_is_named(small: Project) -> None:
    lose_files(small, "prices")
    prices(small, 9.0)
    [line] = refused(rebuilt(small))
    place = f"version 0 of {small.warehouse}/prices"
    assert line.startswith(f"input 'feature_tables.prices': {place} can no longer be read: file ")
    assert not list((small.warehouse / "small_staging").glob("*"))


def test_inputs_that_are_gone_whole_are_named_all(small: Project) -> None:
    made_anew(made_anew(small, "prices"), "events")
    lines = refused(rebuilt(small))
    assert [line.split(" can no longer")[0] for line in lines] == [
        f"input 'feature_tables.prices': version 0 of {small.warehouse}/prices",
        f"input 'labels': version 0 of {small.warehouse}/events",
    ]


def test_a_version_whose_files_are_gone_is_held_against_its_checksum(small: Project) -> None:
    lose_files(small, "small")
    ran = rebuilt(small, "--output", str(small.warehouse / "again"))
    assert ran.code == 0, ran.err
    assert (ran.document["identical"], ran.document["compared_with"]) == (True, "checksum")
    assert [row["prices__price"] for row in small.rows("again")] == [1.0, 2.0, 3.0]
    prices(made_anew(small, "prices"), 1.0, 2.0, 3.5)
    ran = rebuilt(small)
    told = {name: ran.document[name] for name in ("identical", "only_published", "only_rebuilt", "columns")}
    assert ran.code == 3
    assert told == {"identical": False, "only_published": None, "only_rebuilt": None, "columns": []}


def test_without_files_and_checksum_nothing_is_left_to_compare_with(
    small: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skewless.parts.publish import read_manifests

    def before_checksums(*of: Any) -> Any:
        versions, refused_runs = read_manifests(*of)
        for item in versions:
            item.manifest.pop("checksum")
        return versions, refused_runs

    monkeypatch.setattr("skewless.runs.rebuild.command.read_manifests", before_checksums)
    assert rebuilt(small).code == 0
    lose_files(small, "small")
    [line] = refused(rebuilt(small))
    assert line.startswith("training set 'small': version 0 can no longer be read: ")
    assert "keeps no checksum, so there is nothing to compare with" in line


def test_an_output_that_is_taken_meanwhile_is_left_alone(
    small: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skewless.parts.publish import stage

    place = small.warehouse / "again"

    def stage_slowly(*of: Any) -> Any:
        place.mkdir()
        (place / "somebody's").write_text("")
        return stage(*of)

    monkeypatch.setattr("skewless.runs.rebuild.rebuild.stage", stage_slowly)
    [line] = refused(rebuilt(small, "--output", str(place)))
    assert "holds something already" in line
    assert [path.name for path in place.iterdir()] == ["somebody's"]


def test_the_versions_of_another_training_set_are_not_taken_for_its_own(small: Project) -> None:
    small.conf({"training_sets/other.yml": SMALL.replace("name: small", "name: other")})
    [line] = refused(small.run("rebuild", "other", "--version", "0"))
    assert "holds training set 'small', not 'other'" in line


# The code of feature functions.

CODE = """
def doubled(prices__price: float) -> float:
    return prices__price * 2


def stocked(prices__stock: int) -> bool:
    return prices__stock > FEWEST


FEWEST = 1
"""


@pytest.fixture(scope="module")
def built_by_code(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Version 0 of `small` without functions, version 1 with those of a module that lies in the project."""
    project = Project(tmp_path_factory.mktemp("coded"), spark)
    project.conf({"feature_tables/prices.yml": PRICES, "training_sets/small.yml": SMALL})
    (project.root / "own_rebuilt.py").write_text(CODE)
    events(prices(project, 1.0, 2.0, 3.0), *EVENTS).built("small")
    project.conf({"training_sets/small.yml": dedent(SMALL) + "features: own_rebuilt\n"})
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(project.root))
        assert project.built("small")["version"] == 1
        yield project
    sys.modules.pop("own_rebuilt", None)


@pytest.fixture
def coded(built_by_code: Project) -> tuple[Project, Path]:
    """That project and the module's file, which a test may write anew."""
    file = built_by_code.root / "own_rebuilt.py"
    rewrite(file, CODE)
    return built_by_code, file


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("FEWEST = 1", "FEWEST = 20", ["feature 'stocked': its code is not what version 1 was built by"]),
        (
            "def doubled",
            "def twice",
            [
                "feature 'doubled': in version 1, but not in the code of own_rebuilt",
                "feature 'twice': in the code, but not in version 1",
            ],
        ),
        (
            CODE,
            "FEWEST = 1\n\n\ndef stocked(prices__stock: int) -> bool:\n    return prices__stock > FEWEST\n"
            + CODE.partition("\n\n\n")[0],
            ["features: version 1 has them in the order doubled, stocked, the code in another one"],
        ),
    ],
    ids=["changed", "renamed", "reordered"],
)
def test_other_code_is_refused_by_feature(
    coded: tuple[Project, Path], written: str, instead: str, said: list[str]
) -> None:
    project, file = coded
    source = file.read_text()
    assert source.count(written) == 1
    rewrite(file, source.replace(written, instead))
    run_id = project.run("show", "small", "--version", "1", "--json").document["run_id"]
    lines = refused(project.run("rebuild", "small", "--version", "1"))
    assert lines == [f"{each}; check out the code of that run, {run_id}" for each in said]


def test_the_code_as_it_was_rebuilds_and_a_comment_is_no_other_code(coded: tuple[Project, Path]) -> None:
    project, file = coded
    rewrite(file, f"# A comment.\n{CODE}")
    assert project.run("rebuild", "small", "--version", "1").code == 0
    assert project.run("rebuild", "small", "--version", "0").code == 0  # which had no functions


def test_a_module_that_is_gone_is_refused(coded: tuple[Project, Path]) -> None:
    project, file = coded
    rewrite(file, None)
    [line] = refused(project.run("rebuild", "small", "--version", "1"))
    assert line.startswith("feature module 'own_rebuilt' not found: looked in ")
    assert "where version 1 had other code, check out the code of that run" in line


def rewrite(file: Path, source: str | None) -> None:
    """Another source, or none, as a process that starts later finds it."""
    sys.modules.pop(file.stem, None)
    if source is None:
        file.unlink()
    else:
        file.write_text(source)
    shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)
    importlib.invalidate_caches()


# Other kinds of input.


def test_a_query_a_sample_and_an_as_of_are_those_of_the_version(spark: SparkSession, tmp_path: Path) -> None:
    project = Project(tmp_path, spark).conf(
        {
            "training_sets/asked.yml": """
                name: asked
                labels:
                  query: SELECT a.k, a.t, b.y, b.known FROM asked a JOIN answers b ON a.k = b.k
                  sources: {asked: '${WAREHOUSE}/asked', answers: '${WAREHOUSE}/answers'}
                  entity_keys: [k]
                  event_timestamp: t
                  label_columns: [y]
                  label_available_at: known
                sample: {fraction: 0.5}
                parity_sample: 0
                output: ${WAREHOUSE}/out
            """
        }
    )
    project.table("asked", "k INT, t TIMESTAMP", *(f"({n}, '2024-03-01 12:00:00Z')" for n in range(40)))
    answers = [f"({n}, {n}, '2024-03-0{1 + n % 2} 13:00:00Z')" for n in range(40)]
    project.table("answers", "k INT, y INT, known TIMESTAMP", *answers)
    built = project.built("asked", "--as-of", "2024-03-02T00:00:00Z")
    assert 0 < built["rows"] < 20
    project.table("answers", "k INT, y INT, known TIMESTAMP", "(1, 7, '2024-03-01 13:00:00Z')")
    project.table("asked", "k INT, t TIMESTAMP", "(1, '2024-03-01 12:00:00Z')")
    ran = project.run("rebuild", "asked", "--version", "0", "--json")
    assert (ran.code, ran.document["rows"]) == (0, built["rows"]), ran.err


def test_a_log_is_read_as_it_was(served: Project) -> None:
    from skewless import FeatureLog
    from tests.helpers.served import training_set, write

    files = training_set("logged_again", "${WAREHOUSE}/log_again")
    served.conf({path: dedent(text) + "parity_sample: 0\n" for path, text in files.items()})
    log = ("--to", str(served.warehouse / "log_again"))
    assert served.run("ingest-log", str(served.root / "files"), *log).code == 0
    assert served.built("logged_again")["log"]["by_keys"] == 1
    with FeatureLog(str(served.root / "later")) as more:
        write(more, "b", 1, {"prices__price": 55.5})
    assert served.run("ingest-log", str(served.root / "later"), *log).code == 0
    ran = served.run("rebuild", "logged_again", "--version", "0", "--json")
    assert ran.code == 0, ran.err
    assert served.built("logged_again")["log"]["by_keys"] == 2


def test_duplicates_are_counted(history: History) -> None:
    """The fixture's first version has a row twice, so that sets of rows would not do."""
    assert max(Counter(history.slices[0]).values()) == 2
