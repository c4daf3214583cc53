"""The files of Spark properties: each line says why it is there, and none is set twice."""

from __future__ import annotations

from pathlib import Path

import pytest

CONF = Path(__file__).parent.parent.parent / "conf" / "spark"
FILES = sorted(path.name for path in CONF.glob("*.conf"))
BESIDE = {"cluster.conf", "k8s.conf", "yarn.conf"}


def settings(name: str) -> list[str]:
    lines = (CONF / name).read_text().splitlines()
    return [line.split(maxsplit=1)[0] for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", FILES)
def test_a_property_is_named_once_and_has_a_value(name: str) -> None:
    lines = [line for line in (CONF / name).read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if len(line.split(maxsplit=1)) != 2] == []
    assert len(set(settings(name))) == len(settings(name))


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_a_block_of_properties_begins_with_why(name: str) -> None:
    blocks = (CONF / name).read_text().split("\n\n")
    with_settings = [
        block for block in blocks if any(not line.startswith("#") for line in block.splitlines())
    ]
    assert [block for block in with_settings if not block.startswith("#")] == []


@pytest.mark.parametrize("name", sorted(BESIDE - {"cluster.conf"}))
def test_a_cluster_s_own_file_repeats_nothing_of_the_one_for_all(name: str) -> None:
    assert set(settings(name)) & set(settings("cluster.conf")) == set()
