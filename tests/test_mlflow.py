"""A published training set in a run of MLflow, by a real store."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import skewless
from skewless import InputError
from skewless.mlflow import log_training_set
from tests.helpers.published import NAME, manifest_of, publish

CHECKSUM = "0123456789abcdef" * 4


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse" / NAME
    days = pa.array([date(2024, 3, 1), date(2024, 3, 2)])
    rows = pa.table({"id": [1, 2], "late": [0, 1], "weather__temp": [20.5, 31.0], "event_date": days})
    labels = {"event_timestamp": "event_date", "label_available_at": None, "timezone": None}
    manifest = {**manifest_of(rows.column_names, **labels), "checksum": CHECKSUM}
    manifest["serving_plan"]["fingerprint"] = "sha256:abc"
    publish(path, rows, manifest)
    return path


@pytest.fixture
def mlflow(tmp_path: Path) -> Any:
    reason = "needs what 'skewless[mlflow]' brings, and sqlalchemy and alembic for a store in SQLite"
    for name in ("sqlalchemy", "alembic"):
        pytest.importorskip(name, reason=reason)
    library = pytest.importorskip("mlflow", reason=reason)
    library.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    library.set_experiment(experiment_id=library.create_experiment("flights", str(tmp_path / "artifacts")))
    return library


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of MLflow and of what it imports
def test_a_run_holds_the_dataset_its_tags_and_the_manifest(mlflow: Any, published: Path) -> None:
    with mlflow.start_run() as run:
        logged = log_training_set(published)
        log_training_set(skewless.load(published, columns=["late"]))
    whole, cut = sorted(
        mlflow.get_run(run.info.run_id).inputs.dataset_inputs, key=lambda each: -len(each.dataset.schema)
    )
    assert whole.dataset == logged
    assert (logged.name, logged.digest) == (f"{NAME}@v0", f"{CHECKSUM[:16]}-2x4")
    assert json.loads(logged.source) == {"path": str(published), "delta_table_version": 0}
    assert [(each["name"], each["type"]) for each in json.loads(logged.schema or "")["mlflow_colspec"]] == [
        ("id", "int64"),
        ("late", "int64"),
        ("weather__temp", "double"),
        ("event_date", "date32[day]"),
    ]
    source = mlflow.data.get_source(whole.dataset)
    assert (source.path, source.delta_table_version) == (str(published), 0)
    assert json.loads(logged.profile or "") == {"num_rows": 2}
    tags = {"skewless.version": "0", "skewless.fingerprint": "sha256:abc"}
    assert {tag.key: tag.value for tag in whole.tags} == tags
    assert cut.dataset.digest == f"{CHECKSUM[:16]}-2x1"
    artifact = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/skewless/{NAME}@v0.json")
    assert artifact == skewless.load(published).manifest


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_call_outside_of_a_run_is_refused(mlflow: Any, published: Path) -> None:
    with pytest.raises(InputError, match="no active run"):
        log_training_set(published)


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(
        InputError, match=r"^log_training_set: mlflow is not installed; pip install 'skewless\[mlflow\]'$"
    ):
        log_training_set("flight_delay")
