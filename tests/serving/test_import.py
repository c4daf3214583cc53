"""What importing the serving side brings in."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

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
for name in set(skewless.__all__) - {"build", "build_frame", "reconcile"}: getattr(skewless, name)
print(sorted({m.split(".")[0] for m in sys.modules} - set(sys.stdlib_module_names) - {"__main__"}))
"""
    assert _output(code) == "['skewless']"


def test_importing_skewless_takes_less_than_30_milliseconds() -> None:
    code = "import time; begin = time.perf_counter(); import skewless; print(time.perf_counter() - begin)"
    assert min(float(_output(code)) for _ in range(5)) < 0.03  # the best, since other processes run too


@pytest.mark.parametrize("missing", ["pyspark", "pydantic"])
def test_what_needs_spark_says_in_a_line_what_to_install(missing: str) -> None:
    if missing != "pyspark":
        pytest.importorskip("pyspark")  # which is imported, and so missed, before all else
    code = f"""
sys.modules[{missing!r}] = None
sys.path.append({sysconfig.get_path("purelib")!r})
from skewless import InputError
try:
    from skewless import build_frame
except ModuleNotFoundError as error:
    print(error)
"""
    assert _output(code) == f"skewless.build_frame needs {missing}; pip install 'skewless[spark]'"


def test_heavy_standard_modules_are_not_needed() -> None:
    code = """
from skewless import FeatureSet, ServingPlan, windows
print([m for m in ("ast", "dataclasses", "inspect", "asyncio", "json", "difflib") if m in sys.modules])
"""
    assert _output(code) == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(skewless, "Nothing")
    assert "FeatureSet" in dir(skewless)
