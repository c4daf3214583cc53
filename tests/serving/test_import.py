"""What importing the serving side brings in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import skewless

_ROOT = Path(skewless.__file__).parents[1]


def _output(code: str) -> str:
    lines = ["import sys", f"sys.path.insert(0, {str(_ROOT)!r})", code]
    command = [sys.executable, "-I", "-S", "-c", "\n".join(lines)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def test_importing_skewless_alone_loads_none_of_its_parts() -> None:
    assert _output("import skewless; print([m for m in sys.modules if m.startswith('skewless.')])") == "[]"


def test_every_exported_name_loads_from_the_standard_library_alone() -> None:
    code = """
import skewless
for name in set(skewless.__all__) - {"build_frame", "InputError"}: getattr(skewless, name)
print(sorted({m.split(".")[0] for m in sys.modules} - set(sys.stdlib_module_names) - {"__main__"}))
"""
    assert _output(code) == "['skewless']"


def test_heavy_standard_modules_are_not_needed() -> None:
    code = """
from skewless import FeatureSet, ServingPlan, windows
print([m for m in ("ast", "dataclasses", "inspect", "asyncio", "json", "difflib") if m in sys.modules])
"""
    assert _output(code) == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(skewless, "Nothing")
    assert "FeatureSet" in dir(skewless)
