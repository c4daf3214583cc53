"""What importing the serving side brings in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import features

_ROOT = Path(features.__file__).parents[1]


def _output(code: str) -> str:
    lines = ["import sys", f"sys.path.insert(0, {str(_ROOT)!r})", code]
    command = [sys.executable, "-I", "-S", "-c", "\n".join(lines)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def test_importing_features_alone_loads_none_of_its_parts() -> None:
    assert _output("import features; print([m for m in sys.modules if m.startswith('features.')])") == "[]"


def test_every_exported_name_loads_from_the_standard_library_alone() -> None:
    code = """
import features
for name in features.__all__: getattr(features, name)
print(sorted({m.split(".")[0] for m in sys.modules} - set(sys.stdlib_module_names) - {"__main__"}))
"""
    assert _output(code) == "['features']"


def test_heavy_standard_modules_are_not_needed() -> None:
    code = """
from features import FeatureSet, ServingPlan, windows
print([m for m in ("ast", "dataclasses", "inspect", "asyncio", "json", "difflib") if m in sys.modules])
"""
    assert _output(code) == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(features, "Nothing")
    assert "FeatureSet" in dir(features)
