"""Configurations written in the test's body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from textwrap import dedent

import pytest

from skewless.config import Configuration, load


@dataclass(frozen=True)
class _FilesInMemory:
    texts: Mapping[str, str]
    root: str = "conf"

    def list(self, folder: str) -> list[str]:
        return [path.removeprefix(f"{folder}/") for path in self.texts if path.startswith(f"{folder}/")]

    def read(self, path: str) -> str:
        return self.texts[path]


@pytest.fixture
def configuration() -> Callable[..., Configuration]:
    """A configuration of files given by path, for example {"feature_tables/weather.yml": "name: weather"}."""

    def of(
        texts: Mapping[str, str],
        settings: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Configuration:
        files = _FilesInMemory({path: dedent(text).lstrip("\n") for path, text in texts.items()})
        return load(files, settings or {}, environ or {})

    return of


@pytest.fixture
def table_problems(configuration: Callable[..., Configuration]) -> Callable[..., list[str]]:
    """The problems of conf/feature_tables/weather.yml with the text given, without the file's name."""

    def of(text: str, **variables: Mapping[str, str]) -> list[str]:
        problems = configuration({"feature_tables/weather.yml": text}, **variables).problems
        return [problem.removeprefix("conf/feature_tables/weather.yml:") for problem in problems]

    return of


@pytest.fixture
def set_problems(configuration: Callable[..., Configuration]) -> Callable[..., list[str]]:
    """The problems of conf/training_sets/delay.yml with the text given, beside a table 'weather'."""

    def of(text: str) -> list[str]:
        weather = "{name: weather, source: a/b, entity_keys: [origin], event_timestamp: at, delay: 1h}"
        texts = {"feature_tables/weather.yml": weather, "training_sets/delay.yml": text}
        problems = configuration(texts).problems
        return [problem.removeprefix("conf/training_sets/delay.yml:") for problem in problems]

    return of
