"""The DAG of docs/scheduling, run by a real Airflow whose spark-submit writes the results that it is told to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
DAG = ROOT / "docs" / "scheduling" / "airflow_dag.py"
AIRFLOW = os.environ.get("AIRFLOW_PYTHON")
"""An interpreter with apache-airflow 3 and its provider apache-spark, in an environment of its own."""

# Takes the exit code of this try from the plan, writes it where `--result` says, and ends with it, as a job does.
SUBMIT = """#!{python}
import json, sys
from pathlib import Path
folder, arguments = Path({folder!r}), sys.argv[1:]
with (folder / "submits").open("a") as submits:
    submits.write(json.dumps(arguments) + "\\n")
codes = (folder / "plan").read_text().split(",")
code = codes[min(len((folder / "submits").read_text().splitlines()), len(codes)) - 1]
if code != "-":
    result = Path(arguments[arguments.index("--result") + 1])
    result.write_text(json.dumps({{"status": "published", "exit_code": int(code)}}))
sys.exit(int(code) if code != "-" else 137)
"""
STATES = {
    "0": ("success", 1),
    "4": ("success", 1),
    "2": ("failed", 1),
    "3": ("failed", 1),
    "5,5,0": ("success", 3),
    "5": ("failed", 4),
    "6,0": ("success", 2),
    "6": ("failed", 2),
    "5,6,0": ("success", 3),
    "-,0": ("success", 2),
}
"""The exit codes of the tries, the last of which repeats; the state of the task, and how often it was tried."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    if AIRFLOW is None:
        pytest.skip("AIRFLOW_PYTHON names no interpreter with Airflow 3 and its provider for Spark")
    folder = tmp_path_factory.mktemp("airflow")
    submit = folder / "bin" / "spark-submit"
    submit.parent.mkdir()
    submit.write_text(SUBMIT.format(python=sys.executable, folder=str(folder)))
    submit.chmod(0o755)
    environment = {
        "HOME": str(folder),
        "PATH": f"{submit.parent}:{Path(AIRFLOW).parent}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAG.parent),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local"}),
        "SKEWLESS_PROJECT": str(ROOT),
        "SKEWLESS_RESULTS": str(folder),
    }
    command = [AIRFLOW, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)
    script = ROOT / "tests" / "helpers" / "airflow_runs.py"
    ran = subprocess.run(
        [AIRFLOW, str(script), str(DAG), *STATES],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith('{"plan"')]
    return {line["plan"]: line for line in lines}


@pytest.mark.parametrize("plan", STATES)
def test_an_exit_code_becomes_a_state(runs: dict[str, dict[str, Any]], plan: str) -> None:
    assert (runs[plan]["state"], runs[plan]["tries"]) == STATES[plan]


def test_the_interval_of_a_run_is_its_range(runs: dict[str, dict[str, Any]]) -> None:
    arguments = runs["0"]["arguments"]
    given = dict(pairwise(arguments))
    # The last whole interval before the moment that the run is asked for.
    assert given["--start"] == "2026-02-28T00:00:00+00:00"
    assert given["--end"] == "2026-03-01T00:00:00+00:00"
    assert given["--result"].endswith("/flight_delay-20260228.json")
    assert given["--properties-file"] == f"{ROOT}/conf/spark/cluster.conf"
