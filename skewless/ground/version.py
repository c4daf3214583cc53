"""The version of skewless that runs, and the versions of Spark that it runs on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

SPARK = ("4.1", "4.2")
"""What a session may have; the extra `spark` installs the first, on which every test runs."""


def package_version() -> str:
    try:
        return version("skewless")
    except PackageNotFoundError:
        return "unknown"


def other_spark(found: str | None = None) -> str | None:
    """Why this version of Spark, else that of the installed pyspark, is not run on; None where it is, or none is there.

    >>> other_spark("3.5.7")
    'Spark 3.5.7 is not supported: skewless runs on 4.1 and 4.2; use one of these'
    """
    if found is None:
        try:
            import pyspark
        except ModuleNotFoundError:
            return None
        found = str(pyspark.__version__)
    if ".".join(found.split(".")[:2]) in SPARK:
        return None
    return f"Spark {found} is not supported: skewless runs on {' and '.join(SPARK)}; use one of these"
