"""Random functions over random rows give on Spark, bit for bit, what they give row by row, whatever the zones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pyspark import cloudpickle
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from skewless import FeatureSet
from skewless.parts.functions import Inputs, with_features, wrong_inputs
from tests.helpers.feature_strategies import Case, cases
from tests.helpers.frames import collected, frame
from tests.oracles.asof import Row, compare

ROOT = Path(__file__).parents[3]
MODULE = "random_features"


@contextmanager
def imported(source: str) -> Iterator[ModuleType]:
    """The source as a module, which workers get by value."""
    with TemporaryDirectory() as folder:
        Path(folder, f"{MODULE}.py").write_text(source)
        sys.path.insert(0, folder)
        module = import_module(MODULE)
        cloudpickle.register_pickle_by_value(module)
        try:
            yield module
        finally:
            cloudpickle.unregister_pickle_by_value(module)
            sys.path.remove(folder)
            del sys.modules[MODULE]


def computed(spark: SparkSession, case: Case, features: FeatureSet) -> list[Row]:
    rows = frame(spark, case.schema, case.rows).repartition(2)
    types: dict[str, DataType] = {field.name: field.dataType for field in rows.schema}
    inputs = Inputs({name: F.col(name) for name in types}, types, {})
    assert wrong_inputs(features, inputs) == []
    passed = with_features(rows, features, inputs, {"case_id": F.col("case_id")})
    return sorted(collected(passed.select("case_id", "features.*")), key=lambda row: row["case_id"])


# Without shrinking, which would run hundreds of jobs: the first differences say enough.
@settings(max_examples=6, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(case=cases(columns=12, rows=40))
def test_random_rows_give_on_spark_what_compute_gives(spark: SparkSession, case: Case) -> None:
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        with imported(case.source):
            features = FeatureSet.from_module(MODULE)
            found = computed(spark, case, features)
            wanted = [{"case_id": row["case_id"]} | features.compute(row) for row in case.rows]
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert len(found) == len(wanted)
    differences = [
        (name, row[name], expected[name])
        for row, expected in zip(found, wanted, strict=True)
        for name in expected
        if compare(row[name], expected[name]) != 0
    ]
    assert differences[:3] == []


@pytest.mark.slow
def test_random_rows_give_the_same_in_a_process_far_from_utc() -> None:
    program = (
        "import sys, time, pytest; assert time.timezone == -19_800, time.tzname\n"
        "sys.exit(pytest.main(['-q', '-k', 'on_spark_what_compute_gives', sys.argv[1]]))"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).relative_to(ROOT))]
    environment = {**os.environ, "TZ": "Asia/Kolkata", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert "1 passed" in ran.stdout
