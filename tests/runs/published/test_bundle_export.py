"""What `skewless export --to FILE.zip` refuses to write: a bundle that serving would refuse."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skewless import FeatureSet
from skewless.ground.errors import InputError
from skewless.runs.published.export import tried_bundle
from skewless.serving.plan.document.plan import label_events_part, plan_document

HALF = "def half(n: int) -> float:\n    return n / 2\n"
FROM_A_FILE = (
    "from pathlib import Path as _Path\n"
    "_RATE = float((_Path(__file__).parent / 'rate.txt').read_text())\n"
    "def rated(n: int) -> float:\n    return n * _RATE\n"
)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "exported_code.py"
    sys.modules.pop("exported_code", None)


def plan_of(source: str, module: Path) -> dict[str, Any]:
    module.write_text(source)
    labels = label_events_part(
        entity_keys=["n"], event_timestamp="t", columns={"n": "bigint", "t": "timestamp"}
    )
    return plan_document(
        training_set="shop",
        version=3,
        label_events=labels,
        feature_tables=[],
        features=FeatureSet.from_module("exported_code"),
        modules=["exported_code"],
    )


def test_code_that_has_changed_since_the_build_is_refused(module: Path) -> None:
    plan = plan_of(HALF, module)
    assert tried_bundle("shop", plan).startswith(b"PK")
    module.write_text(HALF.replace("/ 2", "/ 3.0"))
    del sys.modules["exported_code"]
    with pytest.raises(InputError) as caught:
        tried_bundle("shop", plan)
    assert caught.value.problems == (
        "training set 'shop': version 3: no bundle: feature 'half': its code is not what was recorded; deploy the same "
        "code, or build and export again",
    )


def test_code_that_reads_a_file_beside_its_module_is_refused(module: Path) -> None:
    (module.parent / "rate.txt").write_text("2")
    plan = plan_of(FROM_A_FILE, module)
    with pytest.raises(InputError) as caught:
        tried_bundle("shop", plan)
    assert len(caught.value.problems) == 1
    assert "feature module 'exported_code' does not import: " in caught.value.problems[0]
