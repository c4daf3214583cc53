"""A bundle: a plan with its feature code in one file, which serves beside whatever code a process has of its own."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skewless import FeatureError, FeatureSet, ServingPlan
from skewless.serving.plan.bundle.contents import Bundle, read, written
from skewless.serving.plan.bundle.packing import bundle_of
from skewless.serving.plan.document.plan import label_events_part, plan_document

ROOT = Path(__file__).parents[4]
SHOP = '''
from __future__ import annotations

import json as _json
from dataclasses import dataclass as _dataclass

from bundled.prices import BASE as _BASE
from bundled.deep import rates as _rates
from bundled.kept.most import ONE as _ONE


@_dataclass
class _Basket:
    """Text annotations are looked up in the module of its name."""

    size: int


def cost(n: int) -> float:
    return _Basket(n).size * _BASE * _rates.RATE * _ONE


def late_cost(n: int) -> float:
    from bundled import later

    return later.twice(n)
'''
FILES = {
    "bundled/__init__.py": "",
    "bundled/shop.py": SHOP,
    "bundled/prices.py": "BASE = 1.5\n",
    "bundled/deep/rates.py": "import yaml as _yaml\nRATE = 2.0\n",  # a folder without an __init__.py
    "bundled/kept/__init__.py": "",
    "bundled/kept/most.py": "ONE = 1.0\n",
    "bundled/later.py": "from .prices import BASE\n\n\ndef twice(n: int) -> float:\n    return n * 2.0 * BASE\n",
    "bundled/unused.py": "raise RuntimeError('nothing imports this')\n",
}
REQUEST: dict[str, Any] = {"n": 3}


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "bundled"]:
        del sys.modules[name]


def plan_of(*modules: str) -> dict[str, Any]:
    labels = label_events_part(
        entity_keys=["n"], event_timestamp="t", columns={"n": "bigint", "t": "timestamp"}
    )
    features = FeatureSet.from_modules(modules)
    return plan_document(
        training_set="shop",
        version=3,
        label_events=labels,
        feature_tables=[],
        features=features,
        modules=modules,
    )


@pytest.fixture
def bundle(team: Path) -> Path:
    target = team / "bundle.zip"
    target.write_bytes(written(bundle_of(plan_of("bundled.shop"))))
    return target


def test_it_holds_what_the_modules_import_of_their_own_package(bundle: Path) -> None:
    found = read(bundle.read_bytes(), "b")
    assert sorted(found.code) == [
        "bundled/__init__.py",
        "bundled/deep/rates.py",
        "bundled/kept/__init__.py",
        "bundled/kept/most.py",
        "bundled/later.py",
        "bundled/prices.py",
        "bundled/shop.py",
    ]
    assert list(found.needs) == ["yaml"]
    assert found.needs["yaml"].startswith("PyYAML==")


def test_it_serves_in_a_process_that_has_nothing_else_of_the_project(bundle: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); before = list(sys.path); from skewless import ServingPlan\n"
        "plan = ServingPlan.load(sys.argv[2])\n"
        "print(plan.compute({'n': 3}, at=None), [name for name in sys.modules if name.startswith('bundled')])\n"
        "print([entry for entry in sys.path if 'zip' in entry and 'bundle' in entry])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(ROOT), str(bundle)],
        capture_output=True,
        text=True,
        check=False,
        cwd=elsewhere,
    )
    assert ran.stdout == "{'cost': 9.0, 'late_cost': 9.0} []\n[]\n", ran.stderr


def test_it_serves_beside_other_modules_of_the_same_names(bundle: Path, team: Path) -> None:
    forget()
    (team / "bundled" / "prices.py").write_text("BASE = 100.0\n")
    (team / "bundled" / "later.py").write_text("def twice(n: int) -> float:\n    return -1.0\n")
    own = FeatureSet.from_module("bundled.shop")
    standing = {name: module for name, module in sys.modules.items() if name.startswith("bundled")}
    plan = ServingPlan.load(bundle)
    for _ in range(2):
        assert plan.compute(REQUEST, at=None) == {"cost": 9.0, "late_cost": 9.0}
        assert own.compute(REQUEST) == {"cost": 600.0, "late_cost": -1.0}
    assert {name: sys.modules.get(name) for name in standing} == standing


def test_it_is_read_from_an_open_file_too(bundle: Path) -> None:
    with bundle.open("rb") as file:
        assert ServingPlan.load(file).compute(REQUEST, at=None)["cost"] == 9.0
    assert ServingPlan.load(io.BytesIO(bundle.read_bytes())).compute(REQUEST, at=None)["cost"] == 9.0


def refusal(target: Path | io.BytesIO) -> str:
    with pytest.raises(FeatureError) as caught:
        ServingPlan.load(target)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def edited(bundle: Path, path: str, text: str) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files[path] = text.encode()
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return bundle


def test_code_that_was_edited_is_refused_before_it_runs(bundle: Path) -> None:
    edited(bundle, "code/bundled/prices.py", "raise SystemExit('it ran')")
    assert refusal(bundle) == (
        f"serving plan '{bundle}': is no bundle that skewless exported: code/bundled/prices.py is not what was "
        "exported; export it again, do not edit it"
    )


def test_code_that_was_added_is_refused(bundle: Path) -> None:
    edited(bundle, "code/sitecustomize.py", "")
    assert "code/sitecustomize.py is not what was exported" in refusal(bundle)


def test_code_that_is_not_its_plan_s_is_refused_in_one_line(bundle: Path) -> None:
    found = read(bundle.read_bytes(), "b")
    other = Bundle(found.plan, {**found.code, "bundled/prices.py": b"BASE = 2.5\n"}, found.needs)
    bundle.write_bytes(written(other))
    assert refusal(bundle) == (
        f"serving plan '{bundle}': feature 'cost': its code is not what was recorded; deploy the same code, or build "
        "and export again; feature 'late_cost': its code is not what was recorded; deploy the same code, or build and "
        "export again"
    )
    with pytest.warns(UserWarning, match="its code is not what was recorded"):
        assert ServingPlan.load(bundle, on_mismatch="warn").compute(REQUEST, at=None)["cost"] == 15.0


def test_a_package_that_is_missing_is_named_with_what_brings_it(bundle: Path) -> None:
    found = read(bundle.read_bytes(), "b")
    bundle.write_bytes(written(found._replace(needs={"nowhere_at_all": "nowhere-at-all==1.0"})))
    assert refusal(bundle) == (
        f"serving plan '{bundle}': its feature code needs nowhere_at_all, not installed here; "
        "pip install nowhere-at-all==1.0"
    )


def test_files_that_are_no_bundle_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "b.zip"
    target.write_bytes(b"PK\x03\x04 and no more")
    assert refusal(target).startswith(f"serving plan '{target}': is no bundle that skewless exported: ")
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("serving.json", "{}")
    assert refusal(target) == (
        f"serving plan '{target}': is no bundle that skewless exported: 'bundle.json' is missing"
    )
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("bundle.json", json.dumps({"format": 9}))
    assert "its format is 9, this version of skewless reads 1" in refusal(target)


def test_the_same_content_makes_the_same_file(bundle: Path) -> None:
    assert written(read(bundle.read_bytes(), "b")) == bundle.read_bytes()
