"""Which folders a run puts behind the import path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from skewless.lake.feature_places import with_feature_places


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("conf_dir", "beside"),
    [
        ("/srv/team/conf", "/srv/team"),
        ("/srv/team/conf/", "/srv/team"),
        ("/srv/team/jobs/../conf", "/srv/team"),
        ("file:///srv/team/conf", "/srv/team"),
    ],
)
def test_the_working_directory_then_the_folder_around_the_configuration(
    here: Path, conf_dir: str, beside: str
) -> None:
    before = list(sys.path)
    with with_feature_places(conf_dir):
        assert sys.path == [*before, str(here), beside]
    assert sys.path == before


@pytest.mark.parametrize("conf_dir", ["hdfs://name/team/conf", "s3a://lake/conf", "conf"])
def test_a_configuration_elsewhere_or_right_here_adds_no_other_folder(here: Path, conf_dir: str) -> None:
    before = list(sys.path)
    with with_feature_places(conf_dir):
        assert sys.path == [*before, str(here)]


def test_of_a_linked_directory_the_folder_of_the_link_is_meant(here: Path) -> None:
    (here / "real").mkdir()
    (here / "team").mkdir()
    (here / "team" / "conf").symlink_to(here / "real")
    with with_feature_places("team/conf"):
        assert sys.path[-1] == str(here / "team")
