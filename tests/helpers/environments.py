"""Python environments of a test's own, made offline: nothing in them but what the test puts there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
SMALL = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m",
}
"""Settings for a handful of rows, as those of the tests' own session."""


def build_wheel(folder: Path, source: Path = ROOT) -> Path:
    """The wheel of a project that `make wheel` builds, with the build backend of this environment."""
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def empty_environment(folder: Path) -> Path:
    """The interpreter of a new environment that holds nothing, not even pip."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


def install(python: Path, *wheels: Path) -> None:
    """Install the wheels there and nothing else, with this environment's pip."""
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", "--no-compile"]
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", *options, *map(str, wheels)]
    subprocess.run(command, check=True)


def lend_libraries(python: Path) -> None:
    """Let the environment import this one's libraries, but not this checkout: nested .pth files are not read."""
    own = sysconfig.get_paths()["purelib"]
    (place,) = python.parents[1].glob("lib/python*/site-packages")
    (place / "libraries.pth").write_text(f"{own}\n")


def small_spark(folder: Path) -> dict[str, str]:
    """The environment of a process whose session takes as little to plan as the tests' own; `folder` is its to fill."""
    folder.mkdir()
    text = "".join(f"{name} {value}\n" for name, value in SMALL.items())
    (folder / "spark-defaults.conf").write_text(text)
    own = {"SPARK_CONF_DIR": str(folder), "SKEWLESS_MASTER": "local[2]", "SKEWLESS_DRIVER_MEMORY": "1g"}
    return {**os.environ, **own}


def output_of(python: Path, code: str, folder: Path) -> list[str]:
    """The lines that a program prints when run there, in `folder`, without this process's import path."""
    ran = subprocess.run(
        [str(python), "-I", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()
