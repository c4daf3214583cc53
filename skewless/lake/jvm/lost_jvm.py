"""What became of Spark's JVM, where an error comes of talking to one that is no more."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkContext


def lost_jvm(error: BaseException, remedy: str) -> str | None:
    """What became of the JVM, and the remedy; None where the error does not come of its end."""
    chain = list(_chain(error))
    if not any(isinstance(each, (Py4JError, ConnectionError, EOFError)) for each in chain):
        return None
    if any(isinstance(each, Py4JJavaError) for each in chain):
        return None
    return f"Spark's JVM {_end_of_jvm()}; {remedy}; run again" if jvm_is_lost() else None


def keep_quiet_of_its_end(context: SparkContext) -> None:
    """Let pyspark's server of accumulators print no traceback where the JVM is gone: the run says so in a line."""
    server: Any = context._accumulatorServer
    server.handle_error = lambda request, address: None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def jvm_is_lost() -> bool:
    """Whether there was a JVM, and it does not answer."""
    if SparkContext._gateway is None:
        return False
    try:
        SparkContext._gateway.jvm.System.currentTimeMillis()
    except Exception:  # whatever Py4J and sockets raise
        return True
    return False


def _end_of_jvm() -> str:
    process = getattr(SparkContext._gateway, "proc", None)
    try:
        code = None if process is None else process.wait(timeout=5)  # its sockets close before it is gone
    except subprocess.TimeoutExpired:
        code = None
    if code is None:
        return "does not answer any more"
    if code < 0:
        return f"was killed ({signal.Signals(-code).name}), perhaps by the system for want of memory"
    return f"ended by itself (exit code {code})"
