"""The errors that wrap one another: Spark's, Delta's and Py4J's, down to the one that says something."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark import SparkContext
from pyspark.errors import PySparkException

from skewless.serving.errors import first_line

READ_ERRORS = (PySparkException, Py4JJavaError)
"""What reading a table may raise: where one of its files is gone, Py4J's own error, which pyspark does not convert."""

LONGEST = 300

MOST_CAUSES = 20

_CAUSE = re.compile(
    r"^(?:Caused by: |.*most recent failure: Lost task .*?\): )([\w.$]+)(?:: (.*))?$", re.MULTILINE
)

PLAIN = {
    "Exception",
    "RuntimeError",
    "RuntimeException",
    "IOException",
    "Error",
    "OSError",
    "UncheckedIOException",
    "SparkException",
}
"""Classes whose names add nothing to what they say."""


@dataclass(frozen=True)
class Cause:
    """One of the errors that are wrapped in one another: its class, the first line of what it says, all that it says,
    and the file that it is about, where Spark says so.
    """

    kind: str
    says: str
    message: str = ""
    path: str | None = None

    def __str__(self) -> str:
        if not self.says:
            return self.kind
        is_named = self.kind in PLAIN or self.says.startswith("[") or self.kind in self.says
        return self.says if is_named else f"{self.kind}: {self.says}"


def causes_of(error: BaseException) -> list[Cause]:
    """The errors that are wrapped in one another, outermost first, those of the JVM and those it only wrote down."""
    thrown = error.java_exception if isinstance(error, Py4JJavaError) else getattr(error, "_origin", None)
    if thrown is None:
        inner = getattr(error, "_cause", None)
        return [_python_cause(error), *(causes_of(inner) if inner is not None else [])]
    found: list[Cause] = []
    while thrown is not None and len(found) < MOST_CAUSES:
        found.append(_java_cause(thrown))
        thrown = thrown.getCause()
    # A task's error that cannot be sent to the driver is there as text alone.
    return [*found, *(_cause(kind, says) for kind, says in _CAUSE.findall(found[-1].message))]


def _java_cause(thrown: Any) -> Cause:
    cause = _cause(thrown.getClass().getName(), str(thrown.getMessage() or ""))
    jvm: Any = SparkContext._jvm
    is_sparks = jvm.java.lang.Class.forName("org.apache.spark.SparkThrowable").isInstance(thrown)
    path = thrown.getMessageParameters().get("path") if is_sparks else None
    return Cause(cause.kind, cause.says, cause.message, path and str(path))


def _cause(name: str, message: str) -> Cause:
    return Cause(re.split(r"[.$]", name)[-1], first_line(message).partition(" SQLSTATE:")[0], message)


def _python_cause(error: BaseException) -> Cause:
    if isinstance(error, OSError) and error.strerror:
        says = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        return Cause("OSError", says, says)
    desc = getattr(error, "_desc", None) or str(error)
    return Cause(type(error).__name__, first_line(desc).partition(" SQLSTATE:")[0], desc)


def root_cause(causes: list[Cause]) -> Cause:
    telling = [cause for cause in causes if cause.says and cause.says != "null"]
    return telling[-1] if telling else causes[-1]


def reason_of(error: BaseException) -> str:
    """Why, in one line without class names of wrappers, positions, contexts and stacks."""
    reason = str(root_cause(causes_of(error)))
    return reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}…"
