"""The file that Prometheus' textfile collector takes a run's metrics from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from skewless.ground.run.steps import Steps
from skewless.ground.standard_output import tell
from skewless.lake.storage import Hadoop, is_local, local_path, write_whole

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def write_metrics(
    uri: str,
    about: Mapping[str, str],
    steps: Steps,
    exit_code: int,
    document: Mapping[str, Any],
    spark: Callable[[], SparkSession],
    *,
    is_success: bool,
) -> None:
    """Put a run's metrics in place of those of the run before, whole; the time of the last success stays in them.

    Where that fails it is told, and what the run did stands.
    """
    try:
        from skewless.ground.run.metrics import last_success_in, metrics_of

        last = time.time() if is_success else last_success_in(_earlier(uri, spark), about)
        write_whole(uri, metrics_of(about, steps, exit_code, document, last), spark)
    except Exception as error:  # whatever the file system raises
        from skewless.lake.jvm.causes import reason_of

        tell(f"--metrics {uri}: cannot be written: {reason_of(error)}")


def _earlier(uri: str, spark: Callable[[], SparkSession]) -> str:
    """What the run before has written, empty where there is nothing."""
    if is_local(uri):
        path = local_path(uri)
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    files = Hadoop(spark())
    return files.read(uri) if files.is_file(uri) else ""
