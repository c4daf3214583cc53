"""`skewless check`: the whole configuration and every feature module, without Spark."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers.project import Project

TABLE = (
    "{{name: {name}, source: '${{WAREHOUSE}}/{name}', entity_keys: [k], event_timestamp: at, delay: 1h, "
    "columns: [v]}}"
)
LABELS = (
    "labels: {source: a/b, entity_keys: [k], event_timestamp: t, label_columns: [y], label_available_at: z}"
)


def in_process_of_its_own(code: str, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "WAREHOUSE": "/data"}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_a_sound_configuration_is_said_to_be_so(project: Project) -> None:
    project.conf({"feature_tables/a.yml": TABLE.format(name="a")})
    project.conf({"training_sets/s.yml": f"{{name: s, {LABELS}, feature_tables: [a], output: o/s}}"})
    ran = project.run("check", "--json")
    assert ran.code == 0
    assert ran.document["feature_tables"] == ["a"]
    assert ran.document["training_sets"] == ["s"]


def test_warnings_do_not_fail(project: Project) -> None:
    project.conf({"feature_tables/a.yml": "{name: a, source: a/b, entity_keys: [k], event_timestamp: at}"})
    project.conf({"feature_tables/b.yml": "{name: b, source: a/b, entity_keys: [k], static: true}"})
    ran = project.run("check")
    assert ran.code == 0
    assert "late rows can leak" in ran.out
    assert "no history" in ran.out


def test_every_problem_of_every_file_and_module_is_reported_at_once(project: Project) -> None:
    project.conf(
        {
            "feature_tables/a.yml": TABLE.format(name="a").replace("delay", "dely"),
            "feature_tables/b.yml": "{name: b, source: '${NOWHERE}/b', entity_keys: [k], event_timestamp: at}",
            "training_sets/s.yml": f"{{name: s, {LABELS}, feature_tables: [c], output: o/s, features: own_missing}}",
            "training_sets/t.yml": f"{{name: u, {LABELS}, output: o/t, expectations: gate}}",
        }
    )
    ran = project.run("check", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "a.yml:1: dely: unknown key; did you mean 'delay'?" in ran.err
    assert "variable NOWHERE is not set" in ran.err
    assert "no feature table 'c'" in ran.err
    assert "'u' is not the file's name, 't'" in ran.err
    assert "gate.json" in ran.err
    assert "feature module 'own_missing' not found: looked in " in ran.err


def test_inputs_that_cannot_be_are_reported(project: Project, tmp_path: Path) -> None:
    (tmp_path / "own_wrong.py").write_text(
        "def f(a__w: float) -> float:\n    return a__w\n"
        "def g(y: int) -> int:\n    return y\n"
        "def h(z: object) -> int:\n    return 1\n"
        "def p(q: int) -> int:\n    return q\n"
        "def q(p: int) -> int:\n    return p\n"
    )
    project.conf({"feature_tables/a.yml": TABLE.format(name="a")})
    project.conf(
        {
            "training_sets/s.yml": f"{{name: s, {LABELS}, feature_tables: [a], output: o/s, features: own_wrong}}"
        }
    )
    code = "from skewless.cli.entry import run; run()"
    ran = in_process_of_its_own(code, tmp_path, "check", "--conf-dir", str(tmp_path / "conf"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "p -> q -> p" in ran.stderr or "q -> p -> q" in ran.stderr


AGGREGATED = """
    {name: a, source: w/a, entity_keys: [k], event_timestamp: at, delay: 0s, columns: [v],
     aggregations: [{name: n, function: count, window: 1h}]}
"""
OPEN_ENDED = "{name: open, source: w/open, entity_keys: [k], event_timestamp: at, delay: 0s}"


def test_names_to_take_from_a_log_are_checked_and_aggregations_known(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "own_counted.py").write_text("def f(a__n: int) -> int:\n    return a__n\n")
    project.conf({"feature_tables/a.yml": AGGREGATED, "feature_tables/open.yml": OPEN_ENDED})
    rest = "feature_tables: [a, open], output: o/s, features: own_counted"
    log = "log: {source: w/log, features: [A__N, a__v, f, open__any, a__w, other__v, g]}"
    project.conf({"training_sets/s.yml": f"{{name: s, {LABELS}, {rest}, {log}}}"})
    code = "from skewless.cli.entry import run; run()"
    ran = in_process_of_its_own(code, tmp_path, "check", "--conf-dir", str(tmp_path / "conf"))
    assert ran.returncode == 2
    assert ran.stderr.splitlines() == [
        "skewless: training set 's': log.features: 'a__w' is no result column; did you mean 'a__v'?",
        "skewless: training set 's': log.features: 'other__v' is no result column; it has a__n, a__v, f",
        "skewless: training set 's': log.features: 'g' is no result column; it has a__n, a__v, f",
    ]


def test_two_hundred_files_are_checked_without_spark(project: Project, tmp_path: Path) -> None:
    (tmp_path / "own_sound.py").write_text("def f(t0__v: float) -> float:\n    return t0__v\n")
    project.conf({f"feature_tables/t{n}.yml": TABLE.format(name=f"t{n}") for n in range(100)})
    rest = "features: own_sound"
    for n in range(99):
        tables = f"feature_tables: [t0, t{n + 1}]"
        project.conf(
            {f"training_sets/s{n}.yml": f"{{name: s{n}, {LABELS}, {tables}, output: o/s{n}, {rest}}}"}
        )
    code = """
import sys
from skewless.cli.app import main
code = main(sys.argv[1:])
assert not {"pyspark", "py4j", "delta", "great_expectations", "pandas", "pyarrow"} & set(sys.modules)
sys.exit(code)
"""
    ran = in_process_of_its_own(code, tmp_path, "check", "--conf-dir", str(tmp_path / "conf"))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "100 feature tables and 99 training sets" in ran.stdout


def test_a_build_without_pyspark_says_what_to_install(project: Project, tmp_path: Path) -> None:
    project.conf({"training_sets/s.yml": f"{{name: s, {LABELS}, output: o/s}}"})
    code = "import sys; sys.modules['pyspark'] = None; from skewless.cli.entry import run; run()"
    ran = in_process_of_its_own(code, tmp_path, "build", "s", "--conf-dir", str(tmp_path / "conf"))
    assert (ran.returncode, ran.stdout) == (2, "")
    [line] = ran.stderr.splitlines()
    assert "pyspark" in line
    assert "pip install 'skewless[spark]'" in line
