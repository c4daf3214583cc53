"""`skewless schema`: JSON Schemas in files, without Spark."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.project import Project

NAMES = ["feature_table", "training_set", "log", "monitoring"]


def test_a_file_for_each_kind_is_written_and_named(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "schemas"
    ran = project.run("schema", "--to", f"{folder}/", "--json", "--result", str(tmp_path / "r.json"))
    assert ran.code == 0
    assert ran.document == {"files": [f"{folder}/{name}.schema.json" for name in NAMES]}
    assert json.loads((tmp_path / "r.json").read_text()) == {**ran.document, "exit_code": 0}
    for file in ran.document["files"]:
        assert json.loads(Path(file).read_text())["additionalProperties"] is False


def test_the_summary_says_which_files_each_is_for(project: Project, tmp_path: Path) -> None:
    ran = project.run("schema", "--to", f"file://{tmp_path}/s")
    assert ran.code == 0
    assert "log.schema.json  for logs/*.yml" in ran.out
    assert (tmp_path / "s" / "log.schema.json").exists()


@pytest.mark.parametrize("folder", ["", "{taken}"])
def test_a_folder_that_cannot_be_is_refused_in_a_line(project: Project, tmp_path: Path, folder: str) -> None:
    (tmp_path / "taken").write_text("a file")
    ran = project.run("schema", "--to", folder.format(taken=tmp_path / "taken"))
    assert (ran.code, ran.out, len(ran.problems)) == (2, "", 1)
    assert "--to" in ran.err


def test_no_spark_is_needed(tmp_path: Path) -> None:
    code = (
        "import sys; from skewless.cli.app import main; code = main(sys.argv[1:]);"
        "assert not {'pyspark', 'py4j', 'delta', 'pyarrow', 'pandas'} & set(sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "schema", "--to", str(tmp_path / "s")]
    ran = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
