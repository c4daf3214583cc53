"""A team's own `features.shop`: the same module for the build, its workers, the audit's process and a notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from skewless import InputError, build_frame
from tests.helpers.environments import small_spark
from tests.helpers.frames import collected
from tests.helpers.project import Project

ROOT = Path(__file__).parents[3]
# As the installed command runs: without the working directory, which -c puts first on the import path.
CODE = "import sys; sys.path.remove(''); from skewless.cli.entry import run; run()"
SET = """
    name: orders
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [k]
      event_timestamp: t
      label_columns: [y]
    features: features.shop
    output: ${WAREHOUSE}/orders
"""
SHOP = """
from features.limits import LIMIT

def is_large(amount: float) -> bool:
    print("asked for", amount)
    return amount > LIMIT
"""


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Project:
    """Orders, and the functions over them beside the configuration."""
    project = Project(tmp_path, spark).conf({"training_sets/orders.yml": SET})
    columns = "k STRING, t TIMESTAMP, amount DOUBLE, y INT"
    project.table(
        "labels", columns, "('a', '2024-03-01 00:00:00Z', 250, 1)", "('b', '2024-03-02 00:00:00Z', 50, 0)"
    )
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "shop.py").write_text(SHOP)
    (tmp_path / "features" / "limits.py").write_text("LIMIT = 100\n")
    (tmp_path / "elsewhere").mkdir()
    return project


@pytest.fixture
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test imports into this process, forgotten afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in ("features.shop", "features.limits"):
        sys.modules.pop(name, None)


@pytest.mark.slow
def test_a_package_beside_the_configuration_is_built_and_audited_and_prints_nothing_into_the_result(
    shop: Project,
) -> None:
    (shop.root / "features" / "__init__.py").touch()
    settings = ["--conf-dir", "../conf", "--set", f"WAREHOUSE={shop.warehouse}", "--json"]
    environment = {**small_spark(shop.root / "spark"), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", CODE, "build", "orders", *settings],
        cwd=shop.root / "elsewhere",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["parity"] == {"rows": 2, "mismatches": 0}
    assert {(row["k"], row["is_large"]) for row in shop.rows("orders")} == {("a", True), ("b", False)}
    assert "asked for 250.0" in ran.stderr


@pytest.mark.usefixtures("_forgotten")
def test_without_an_init_it_stands_beside_this_checkouts_features(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.root / "elsewhere")
    before = list(sys.path)
    assert shop.built("orders")["parity"] == {"rows": 2, "mismatches": 0}
    assert sys.path == before


@pytest.mark.usefixtures("_forgotten")
def test_a_notebook_finds_it_and_keeps_its_import_path(
    shop: Project, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.root / "elsewhere")
    before = list(sys.path)
    settings = {"WAREHOUSE": str(shop.warehouse)}
    frame = build_frame(spark, "orders", conf_dir="../conf", settings=settings)
    assert sys.path == before
    assert {(row["k"], row["is_large"]) for row in collected(frame)} == {("a", True), ("b", False)}


@pytest.mark.usefixtures("_forgotten")
def test_a_module_that_exits_does_not_end_the_notebook(shop: Project, spark: SparkSession) -> None:
    (shop.root / "features" / "shop.py").write_text(f"import sys\nsys.exit(0)\n{SHOP}")
    with pytest.raises(InputError, match=r"feature module 'features\.shop' exits while it is imported"):
        build_frame(
            spark, "orders", conf_dir=str(shop.root / "conf"), settings={"WAREHOUSE": str(shop.warehouse)}
        )
