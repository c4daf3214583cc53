"""What `make lock` writes: each dependency pinned within its range, for every Python, and nothing of a machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.helpers.environments import ROOT

DEVELOPMENT = ROOT / "locks" / "development.txt"
CLUSTER = ROOT / "locks" / "cluster.txt"
PYTHONS = ["3.10.13", "3.11.7", "3.12.1", "3.13.0"]
PIN = re.compile(r"[a-z0-9.-]+(\[[a-z,]+\])?==[\w.]+( ; [^/]+)?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(lock: Path) -> list[tuple[str, list[str]]]:
    """The pins as written, each with what stands on its continued lines."""
    whole = lock.read_text(encoding="utf-8").replace("\\\n", "\\")
    lines = [line for line in whole.splitlines() if not line.startswith("#")]
    return [(pin.strip(), [each.strip() for each in more]) for pin, *more in (x.split("\\") for x in lines)]


def pins(lock: Path, python: str) -> dict[str, str]:
    """The version of each package that a Python on Linux takes; two for one name would be no lock."""
    here = {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    here |= {"sys_platform": "linux", "platform_machine": "x86_64", "implementation_name": "cpython"}
    here |= {"platform_python_implementation": "CPython"}
    chosen: dict[str, str] = {}
    for requirement in (Requirement(pin) for pin, _ in entries(lock)):
        if requirement.marker is None or requirement.marker.evaluate(here):
            name = canonicalize_name(requirement.name)
            assert name not in chosen, f"{name} is pinned twice for Python {python}"
            chosen[name] = str(requirement.specifier).removeprefix("==")
    return chosen


def declared(extra: str) -> list[Requirement]:
    """What pyproject.toml asks for, with the extras that an extra is made of."""
    core = ProjectMetadata(str(ROOT), PluginManager()).core
    return [Requirement(each) for each in core.optional_dependencies[extra]]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("extra", "lock"), [("dev", DEVELOPMENT), ("cluster", CLUSTER)])
def test_each_dependency_is_pinned_within_its_range(extra: str, lock: Path, python: str) -> None:
    locked = pins(lock, python)
    asked = declared(extra)
    assert len(asked) > 10
    outside = [
        str(each)
        for each in asked
        if not each.specifier.contains(locked.get(canonicalize_name(each.name), "0"), prereleases=True)
    ]
    assert outside == [], "make lock renews the pins"


@pytest.mark.parametrize("python", PYTHONS)
def test_a_cluster_gets_the_versions_that_development_tests(python: str) -> None:
    assert pins(CLUSTER, python).items() <= pins(DEVELOPMENT, python).items()


def test_each_pin_of_the_development_lock_has_hashes() -> None:
    assert [
        pin for pin, hashes in entries(DEVELOPMENT) if not hashes or not all(map(HASH.fullmatch, hashes))
    ] == []


@pytest.mark.parametrize("lock", [DEVELOPMENT, CLUSTER])
def test_a_lock_holds_nothing_but_pins(lock: Path) -> None:
    """No index, link or path: those are of the machine that installs."""
    assert [pin for pin, _ in entries(lock) if not PIN.fullmatch(pin)] == []
