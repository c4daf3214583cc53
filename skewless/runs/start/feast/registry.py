"""A repository's folder, or what `feast registry-dump` prints → the definitions in JSON, as the registry has them."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from skewless.ground.errors import InputError
from skewless.runs.start.feast import dump_definitions

REPO_FILE = "feature_store.yaml"
_DUMP = "in the repository: feast registry-dump > registry.json; give that file"


def registry_of(given: str, python: str | None) -> tuple[dict[str, Any], Path]:
    """The registry, and the folder to which its paths are relative.

    Errors: InputError where there is no repository, no Feast, or definitions that do not run.
    """
    place = Path(given)
    if place.is_file():
        return _read(place), place.resolve().parent
    folder = next((each for each in (place, place / "feature_repo") if (each / REPO_FILE).is_file()), None)
    if folder is None:
        raise InputError(
            f"REPO '{given}': expected a folder with {REPO_FILE}, or the JSON that feast registry-dump prints; "
            f"found {'no such file' if place.is_dir() else 'nothing'}"
        )
    if python is None and find_spec("feast") is None:
        raise InputError(
            f"feast is not installed beside skewless; give --python of its environment, or {_DUMP}"
        )
    return _dumped(folder.resolve(), python or sys.executable), folder.resolve()


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"REPO '{file}': expected the JSON of feast registry-dump, found {_what(error)}; {_DUMP}"
        ) from error
    if not isinstance(document, dict) or not {"featureViews", "entities"} & set(document):
        raise InputError(f"REPO '{file}': JSON without featureViews; {_DUMP}")
    return document


def _what(error: Exception) -> str:
    return "a binary registry" if isinstance(error, UnicodeDecodeError) else str(error).partition("\n")[0]


def _dumped(folder: Path, python: str) -> dict[str, Any]:
    command = [python, "-W", "ignore", str(dump_definitions.__file__), str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise InputError(f"--python '{python}': cannot be run: {error.strerror}") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        if "No module named 'feast'" in reason:
            raise InputError(f"--python '{python}': has no feast; give that of its environment, or {_DUMP}")
        raise InputError(f"REPO '{folder}': its definitions do not run: {reason}; feast apply says the same")
    document: dict[str, Any] = json.loads(done.stdout)
    return document
