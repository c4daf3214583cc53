"""The wheels, built once for all tests of what is installed and submitted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.environments import ROOT, build_wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def features_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("features_dist"), ROOT / "features")
