"""The audit's folder: removed with its run, and by the next one where that was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from skewless.parts.parity.folder import AuditFolder

KILLED = """
import os, signal
from skewless.parts.parity.folder import AuditFolder
folder = AuditFolder()
print(folder.name, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_the_folder_of_a_killed_run_is_removed_by_the_next_one(temporary: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    left = Path(killed.stdout.strip())
    assert left.parent == temporary
    assert left.is_dir()
    AuditFolder().cleanup()
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_living_run_stays(temporary: Path) -> None:
    first = AuditFolder()
    second = AuditFolder()
    assert {str(path) for path in temporary.iterdir()} == {first.name, second.name}
    first.cleanup()
    first.cleanup()
    assert [str(path) for path in temporary.iterdir()] == [second.name]
    second.cleanup()


def test_a_folder_without_a_lock_is_removed_once_it_is_old(temporary: Path) -> None:
    for name, at in (("skewless-audit-new", None), ("skewless-audit-old", (0, 0)), ("another", (0, 0))):
        (temporary / name).mkdir()
        os.utime(temporary / name, at)
    AuditFolder().cleanup()
    assert sorted(path.name for path in temporary.iterdir()) == ["another", "skewless-audit-new"]
