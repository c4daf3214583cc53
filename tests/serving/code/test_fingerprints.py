"""What changes the fingerprint of a feature function, and what does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from pkgutil import walk_packages
from textwrap import dedent
from typing import Any

import pytest

import skewless
from skewless import FeatureError, FeatureSet
from skewless.serving.code.modules import is_library
from skewless.serving.code.reach import Sources, reach

ROOT = Path(skewless.__file__).parents[1]
GOLDEN = ROOT / "tests" / "helpers" / "every_syntax.py"

SOURCE = """
from math import sin as sine
import math
import datetime as dt
from enum import Enum
from skewless import feature

LIMIT = 30.0
ZONES = {"a": (1, 2), "b": (3,)}
UNUSED = 1

class Kind(Enum):
    HOT = 1
    COLD = 2

def _ratio(a: float, b: float = 2.0) -> float:
    return a / b

@feature(on_error="null")
def heat(temp: float, place: str) -> float | None:
    rest = dt.timedelta(hours=1)
    if temp > LIMIT and place in ZONES:
        return sine(_ratio(temp)) + Kind.HOT.value + rest.seconds
    return None

def other(temp: float) -> float:
    return temp + 1
"""


@pytest.fixture
def fingerprint(write_module: Any) -> Callable[..., str]:
    """The fingerprint of `heat` in the source above, with some text in it replaced."""

    def of(*replaced: tuple[str, str], feature: str = "heat") -> str:
        source = SOURCE
        for old, new in replaced:
            assert old in source, old
            source = source.replace(old, new)
        sys.modules.pop("heats", None)
        name = write_module("heats", source)
        return FeatureSet.from_module(name).fingerprints[feature]

    return of


@pytest.fixture(autouse=True)
def no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules are rewritten here faster than the clock of a file system ticks."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 30.0", "LIMIT   =  30.0  # degrees"),
        ("    rest = dt", '    """A docstring."""\n    # a comment\n    rest = dt'),
        ("    rest = dt", '    """Another."""\n    rest = dt'),
        ("UNUSED = 1", "UNUSED = 2"),
        ("UNUSED = 1\n", "UNUSED = 1\n\n\n\n"),
        ('"a": (1, 2)', "'a': (1,\n    2)"),
        ("temp + 1", "temp + 2"),
        ("class Kind(Enum):", 'class Kind(Enum):\n    """Kinds."""'),
        ('on_error="null"', 'description="Heat", on_error="null"'),
        ('on_error="null"', 'on_error="null", allow=("clock",)'),
        ("def _ratio", "def _unused(x): return x\n\ndef _ratio"),
        ("import math\n", "import math\nimport os\n"),
        ("return None", "return (None)"),
        ('ZONES = {"a": (1, 2), "b": (3,)}', 'ZONES = {"a": (1, 2), "b": (3,)}\n"""What zones there are."""'),
    ],
)
def test_what_means_the_same_has_the_same_fingerprint(
    fingerprint: Callable[..., str], old: str, new: str
) -> None:
    assert fingerprint((old, new)) == fingerprint()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 30.0", "LIMIT = 30.5"),
        ("LIMIT = 30.0", "LIMIT = 30"),
        ("temp > LIMIT", "temp >= LIMIT"),
        ("temp > LIMIT and", "temp > LIMIT or"),
        ('"b": (3,)', '"b": (4,)'),
        ("return a / b", "return a // b"),
        ("b: float = 2.0", "b: float = 3.0"),
        ("a: float, b", "a: int, b"),
        ("place: str)", "place: str | None)"),
        ("-> float | None:", "-> float:"),
        ("HOT = 1", "HOT = 3"),
        ('@feature(on_error="null")', "@feature"),
        ("from math import sin as sine", "from math import cos as sine"),
        ("hours=1", "hours=2"),
        ("UNUSED = 1", "UNUSED = 1\nZONES['c'] = (5,)"),
        ("UNUSED = 1", "UNUSED = 1\nLIMIT *= 2"),
        ("return sine", "return -sine"),
    ],
)
def test_what_means_something_else_has_another_fingerprint(
    fingerprint: Callable[..., str], old: str, new: str
) -> None:
    """S3."""
    assert fingerprint((old, new)) != fingerprint()


def test_a_change_is_told_of_the_function_that_reaches_it_alone(fingerprint: Callable[..., str]) -> None:
    before = fingerprint(feature="other")
    assert fingerprint(("LIMIT = 30.0", "LIMIT = 1.0"), feature="other") == before


def write_package(folder: Path, files: dict[str, str]) -> None:
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")


PACKAGE = {
    "shop/__init__.py": "from .money import cents",
    "shop/money.py": "RATE = 3\ndef cents(x): return x * RATE * _more()\ndef _more(): return 1",
    "shop/deep/__init__.py": "",
    "shop/deep/tools.py": "def late(x): return x + 1\ndef unused(x): return x",
    "shop/features.py": """
        from shop import cents
        from . import money as m
        from .deep import tools
        import shop.deep.tools
        def spent(amount: float) -> float: return cents(amount)
        def owed(amount: float) -> float: return m.RATE * amount
        def age(days: int) -> int: return tools.late(days)
        def older(days: int) -> int: return shop.deep.tools.late(days)
        def lazily(days: int) -> int:
            from shop.deep.tools import late
            import shop.deep.tools as own
            return late(days) + own.late(days)
    """,
}


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("shop/money.py", "RATE = 3", "RATE = 4", {"spent", "owed"}),
        ("shop/money.py", "return 1", "return 2", {"spent"}),
        ("shop/deep/tools.py", "x + 1", "x + 2", {"age", "older", "lazily"}),
        ("shop/deep/tools.py", "(x): return x\n", "(x): return 0\n", set()),
    ],
)
def test_helpers_are_followed_through_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, changed: set[str]
) -> None:
    found = []
    for place, source in enumerate((PACKAGE[file], (PACKAGE[file] + "\n").replace(old, new))):
        write_package(tmp_path / str(place), {**PACKAGE, file: source})
        with monkeypatch.context() as patched:
            patched.syspath_prepend(str(tmp_path / str(place)))
            found.append(dict(FeatureSet.from_module("shop.features").fingerprints))
            for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
                del sys.modules[name]
    before, after = found
    assert {name for name in before if before[name] != after[name]} == changed


def test_modules_that_import_each_other_are_followed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "round/__init__.py": "from . import one",
        "round/one.py": "import round\nfrom round import two\nLIMIT = 1\ndef limit(): return LIMIT, round, two",
        "round/two.py": "import round.one as one\ndef other(): return one",
        "round/features.py": "from round.one import limit\ndef a(x: int) -> int: return limit()[0] + x",
    }
    write_package(tmp_path, files)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert FeatureSet.from_module("round.features").fingerprint.startswith("sha256:")


def test_a_table_read_from_a_file_counts_by_its_values(write_module: Any, tmp_path: Path) -> None:
    source = """
    import json
    from pathlib import Path
    RATES = json.loads((Path(__file__).parent / "rates.json").read_text())
    def rate(place: str) -> float: return RATES[place]
    """
    found = []
    for rates in ('{"a": 1.5}', '{"a": 1.5 }', '{"a": 2.5}'):
        (tmp_path / "rates.json").write_text(rates)
        sys.modules.pop("rates", None)
        found.append(FeatureSet.from_module(write_module("rates", source)).fingerprint)
    assert found[0] == found[1] != found[2]


def test_a_function_of_a_closure_counts_what_it_encloses() -> None:
    def make(factor: float) -> Any:
        def scaled(x: float) -> float:
            return x * factor

        return scaled

    one, same, other = (FeatureSet.from_functions([make(factor)]).fingerprint for factor in (2.0, 2.0, 3.0))
    assert one == same != other


def test_a_function_without_source_is_an_error_only_where_the_fingerprint_is_asked_for() -> None:
    namespace: dict[str, Any] = {"__name__": "nowhere"}
    exec("def twice(x: int) -> int: return x * 2", namespace)
    found = FeatureSet.from_functions([namespace["twice"]])
    assert found.compute({"x": 2}) == {"twice": 4}
    with pytest.raises(
        FeatureError, match=r"^feature 'twice': no source of nowhere\.twice, so no fingerprint"
    ):
        _ = found.fingerprint


def test_a_module_that_changed_on_disk_since_it_was_imported_has_no_fingerprint(write_module: Any) -> None:
    source = "def a(x: int) -> int:\n    return _b(x)\ndef _b(x):\n    'One.'\n    return x + 1"
    found = FeatureSet.from_module(write_module("moved", source))
    write_module("moved", source.replace("+ 1", "+ 2"))
    with pytest.raises(
        FeatureError, match=r"^feature 'a': the source of moved\._b is not what this process runs"
    ):
        _ = found.fingerprint
    write_module("moved", source.replace("One.", "Another."))
    assert found.fingerprint == FeatureSet.from_module("moved").fingerprint


def test_the_order_of_functions_counts_in_the_fingerprint_of_the_set() -> None:
    def a(x: int) -> int:
        return x

    def b(x: int) -> int:
        return x

    assert FeatureSet.from_functions([a, b]).fingerprint != FeatureSet.from_functions([b, a]).fingerprint
    assert FeatureSet.from_functions([a, b]).fingerprints == FeatureSet.from_functions([b, a]).fingerprints


def test_check_names_what_differs_is_missing_and_is_new() -> None:
    def a(x: int) -> int:
        return x

    def b(x: int) -> int:
        return x

    def c(x: int) -> int:
        return x

    found = FeatureSet.from_functions([a, b])
    recorded = {"a": "sha256:0", "c": FeatureSet.from_functions([c]).fingerprints["c"]}
    functions = [{"name": name, "fingerprint": written} for name, written in recorded.items()]
    for manifest in ({"feature_fingerprints": recorded}, {"features": {"functions": functions}}):
        with pytest.raises(FeatureError) as caught:
            found.check(manifest)
        assert caught.value.problems == (
            "feature 'a': its code is not what was recorded; deploy the same code, or build and export again",
            "feature 'c': recorded, but not in this process's code; deploy the same code",
            "feature 'b': new in this process's code, not recorded",
        )
    found.check({"feature_fingerprints": dict(found.fingerprints)})
    with pytest.raises(FeatureError, match="no fingerprints of feature functions; it has rows"):
        found.check({"rows": 3})


def test_the_library_is_every_module_of_this_package_and_nothing_else() -> None:
    found = {each.name for each in walk_packages(skewless.__path__, "skewless.")}
    assert all(is_library(name) for name in found)
    assert is_library("skewless")
    assert not is_library("features.flights")
    assert not is_library("skewless_of_ours")


def test_the_decorator_drags_no_library_code_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = """
        import skewless
        from skewless import feature, windows
        from shop_features.extra_units import half
        @feature(on_error="null")
        def a(x: float) -> float:
            return half(x) + len(windows.__all__) + len(skewless.__all__)
    """
    write_package(
        tmp_path / "shop_features", {"extra.py": source, "extra_units.py": "def half(x): return x / 2"}
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    (definition,) = FeatureSet.from_module("shop_features.extra").features
    function: Any = definition.function
    reached = reach(function, Sources())
    assert reached is not None
    assert {(piece.code.name, piece.name) for piece in reached.pieces} == {
        ("shop_features.extra", "a"),
        ("shop_features.extra_units", "half"),
    }
    for name in ("shop_features.extra", "shop_features.extra_units"):
        del sys.modules[name]


def _of(python: str, module: str) -> str:
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(GOLDEN.parent)!r}]\n"
        f"from skewless import FeatureSet; print(FeatureSet.from_module({module!r}).fingerprint)"
    )
    run = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def _other_pythons() -> list[str]:
    installed = Path(sys.base_prefix).parent.glob("3.1[0-9]*/bin/python3")
    return [str(path) for path in sorted(installed) if not path.is_relative_to(sys.base_prefix)]


def test_every_python_gives_the_fingerprint_written_here() -> None:
    written = "sha256:e929f65955d4bb3ef016140c21128ae3820e344d1a0632160ed6d469b89e2f66"
    assert _of(sys.executable, "every_syntax") == written


@pytest.mark.parametrize(
    "python", _other_pythons() or [sys.executable], ids=lambda path: Path(path).parts[-3]
)
def test_other_versions_of_python_give_the_same(python: str) -> None:
    for module in ("every_syntax", "features.flights"):
        assert _of(python, module) == _of(sys.executable, module)
