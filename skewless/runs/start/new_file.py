"""What is drafted → a file that was not there before, or standard output."""

from __future__ import annotations

from pathlib import Path

from skewless.ground.errors import InputError
from skewless.lake.storage import Hadoop, is_local, local_path
from skewless.runs.execution import Run, write_output

STANDARD_OUTPUT = ("-", "stdout")


def target_of(to: str | None) -> str | None:
    """The file that `--to` names, None for standard output."""
    return None if to in (None, *STANDARD_OUTPUT) else to


def refuse_taken(target: str | None, run: Run) -> None:
    """InputError where a file is there already: what somebody has answered in it would be lost."""
    if target is None:
        return
    if not target:
        raise InputError("--to is empty; give a file, or leave it out for standard output")
    is_taken = Path(local_path(target)).exists() if is_local(target) else Hadoop(run.spark()).is_file(target)
    if is_taken:
        raise InputError(f"--to {target}: is there already; give another file, or remove it")


def write_new(target: str, text: str, run: Run) -> None:
    """Write the file, unless it has come to be there meanwhile."""
    refuse_taken(target, run)
    write_output("--to", target, text, run)
