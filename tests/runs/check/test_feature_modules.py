"""Feature modules as a new user has them: `check` finds them by any name and refuses those that do more than define."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.project import Project

ROOT = Path(__file__).parents[3]
SET = """
    name: s
    labels: {source: a/b, entity_keys: [k], event_timestamp: t, label_columns: [y]}
    output: o/s
    features: features.shop
"""
SHOP = "def is_large(amount: float) -> bool:\n    return amount > 100\n"
# As the installed command runs: without the working directory, which -c puts first on the import path.
CODE = "import sys; sys.path.remove(''); from skewless.cli.entry import run; run()"


def shop(root: Path, source: str = SHOP, *, with_init: bool = False) -> None:
    """Write `features/shop.py` in a folder."""
    (root / "features").mkdir(parents=True)
    (root / "features" / "shop.py").write_text(source)
    if with_init:
        (root / "features" / "__init__.py").touch()


def checked(
    project: Project, cwd: Path, *, python_path: str = "", argv: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """`skewless check` in a process of its own, where this checkout's `features` is on the import path."""
    project.conf({"training_sets/s.yml": SET})
    cwd.mkdir(exist_ok=True)
    places = os.pathsep.join([*filter(None, [python_path]), str(ROOT)])
    command = [sys.executable, "-c", CODE, "check", "--conf-dir", str(project.root / "conf"), *argv]
    environment = {**os.environ, "PYTHONPATH": places}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("with_init", [False, True])
def test_features_shop_is_found_beside_the_configuration(project: Project, with_init: bool) -> None:
    shop(project.root, with_init=with_init)
    ran = checked(project, project.root / "elsewhere")
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("with_init", [False, True])
def test_features_shop_is_found_in_the_working_directory(project: Project, with_init: bool) -> None:
    shop(project.root / "here", with_init=with_init)
    ran = checked(project, project.root / "here")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_relative_configuration_directory_has_a_folder_around_it_too(project: Project) -> None:
    shop(project.root)
    ran = checked(project, project.root / "elsewhere", argv=("--conf-dir", "../conf"))
    assert (ran.returncode, ran.stderr) == (0, "")


def test_one_that_is_not_there_says_where_it_was_looked_for(project: Project) -> None:
    cwd = project.root / "elsewhere"
    ran = checked(project, cwd)
    assert (ran.returncode, ran.stdout) == (2, "")
    [line] = ran.stderr.splitlines()
    assert line.startswith(f"skewless: feature module 'features.shop' not found: looked in {ROOT}, ")
    assert f", {cwd}, {project.root}; 'features' is {ROOT / 'features'}" in line


def test_a_package_features_installed_elsewhere_is_said_to_hide_it(project: Project, tmp_path: Path) -> None:
    shop(project.root)
    installed = tmp_path / "installed" / "features"
    installed.mkdir(parents=True)
    (installed / "__init__.py").touch()
    ran = checked(project, project.root, python_path=str(installed.parent))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"'features' is {installed}, whose __init__.py makes it hide any other 'features'" in ran.stderr


@pytest.mark.parametrize(
    ("source", "act"),
    [
        ("import sys\nsys.exit(0)\n", "exits"),
        ("print('loading the shop')\n", "prints"),
        ("import argparse\nargparse.ArgumentParser().parse_args()\n", "reads the command line and exits"),
    ],
)
def test_a_module_that_does_more_than_define_is_refused_by_name(
    project: Project, source: str, act: str
) -> None:
    shop(project.root, source + SHOP)
    ran = checked(project, project.root, argv=("--json",))
    assert (ran.returncode, ran.stdout) == (2, "")
    refusal = ran.stderr.splitlines()[-1]
    assert refusal.startswith(f"skewless: feature module 'features.shop' {act} while it is imported; ")


def test_what_a_module_prints_never_reaches_standard_output(project: Project) -> None:
    noise = "import atexit, os\nos.write(1, b'raw\\n')\natexit.register(print, 'bye')\n"
    shop(project.root, noise + SHOP)
    ran = checked(project, project.root, argv=("--json",))
    assert ran.returncode == 0
    assert ran.stdout.startswith('{"feature_tables"')
    assert len(ran.stdout.splitlines()) == 1
    assert ran.stderr.split() == ["raw", "bye"]
