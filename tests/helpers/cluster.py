"""A standalone master and its workers on loopback, gone with the test that asked for them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyspark

SPARK_HOME = Path(pyspark.__file__).parent
PATIENCE = 60  # seconds until a daemon has to have said that it runs


@dataclass(frozen=True)
class Cluster:
    """Where to submit to, and the folder under which its executors keep what they are sent."""

    master: str
    folder: Path

    def submit(self, arguments: list[str], cwd: Path, python: Path) -> subprocess.CompletedProcess[str]:
        """Run spark-submit in `cwd`, on one core of each worker, and give what it left."""
        settings = {
            "spark.pyspark.python": python,
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.executor.memory": "512m",
            "spark.executor.cores": 1,
            "spark.cores.max": 2,
            # Two executors, always: otherwise the first one may run every task.
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            # Compiling costs more than running such small data.
            "spark.sql.codegen.wholeStage": "false",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
            "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": 2,
            "spark.databricks.delta.snapshotPartitions": 1,
            "spark.log.level": "ERROR",
        }
        options = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
        command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", self.master, *options, *arguments]
        return subprocess.run(
            command,
            cwd=cwd,
            env=_environment(self.folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@contextmanager
def standalone_cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    """A master and so many workers of a core each, on ports that were free."""
    with ExitStack() as running:
        said = running.enter_context(
            _daemon(folder, "master", [], r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
        )
        for place in range(workers):
            options = [
                "--cores",
                "1",
                "--memory",
                "512m",
                "--work-dir",
                str(folder / "work" / str(place)),
                said,
            ]
            running.enter_context(
                _daemon(folder, "worker", options, "(Successfully) registered with master", place)
            )
        yield Cluster(said, folder)


@contextmanager
def _daemon(folder: Path, kind: str, options: list[str], ready: str, place: int = 0) -> Iterator[str]:
    log = folder / f"{kind}-{place}.log"
    name = f"org.apache.spark.deploy.{kind}.{kind.capitalize()}"
    ports = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
    command = [str(SPARK_HOME / "bin" / "spark-class"), name, *ports, *options]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=_environment(folder), stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield _awaited(process, log, ready)
    finally:
        _end(process)


def _awaited(process: subprocess.Popen[bytes], log: Path, ready: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if said := re.search(ready, log.read_text()):
            return said.group(1)
        time.sleep(0.1)
    raise RuntimeError(f"{log.stem} does not run: {log.read_text()[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the daemon and the executors that it started, which share its process group."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
    assert process.returncode is not None


def _environment(folder: Path) -> dict[str, str]:
    """This process's environment without what points Python or Spark elsewhere, and small daemons."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYSPARK", "SPARK_"))
    }
    own = {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "SPARK_HOME": str(SPARK_HOME),
    }
    return {**kept, **own}
