"""The version of skewless that runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def package_version() -> str:
    try:
        return version("skewless")
    except PackageNotFoundError:
        return "unknown"
