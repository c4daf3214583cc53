"""Any failure → its root cause in one line: what was being done, which table and file, why, and whose fault it is.

Spark, Delta and Py4J wrap a cause up to six times, each time in words of their own. The innermost one that says
something is told; the path of a file, which any of them may have, tells which opened input it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from pyspark.sql import SparkSession

from skewless.ground.errors import InputError, MachineError, SkewlessError
from skewless.ground.run.commits import RESTORED
from skewless.ground.run.steps import what_was_done
from skewless.lake.jvm.causes import Cause, causes_of, reason_of
from skewless.lake.jvm.log_files import broken_commit
from skewless.lake.jvm.lost_jvm import lost_jvm

_FILE = r"(?:/[^\n]*?\.(?:parquet|json|crc|jsonl|checkpoint|bin)\b|/[^\s'\",;)\]]+)"
_LOG_FILE = re.compile(r"(?:\w+:)?/[^\n]*?/_delta_log/[^\s'\",;:)]+")
_SPARKS_OWN = re.compile(r"\S*/(?:blockmgr|spark|temporary|executor)-[0-9a-f]{8}-[^\s(]*")

FULL = "free some space, or write somewhere else"
MEMORY = "give the driver more memory (SKEWLESS_DRIVER_MEMORY, spark.driver.memory), executors spark.executor.memory"
LOST = "see its log; run again"
MACHINE = {
    r"No space left on device|[Dd]isk quota exceeded|File too large": FULL,
    r"Read-only file system|Input/output error": "mend the disk, or write somewhere else",
    r"Too many open files": "raise the limit (ulimit -n)",
    r"^(?:Spark)?OutOfMemoryError|Cannot allocate memory|unable to create (?:new )?native thread": MEMORY,
    r"ExecutorLostFailure|Executor heartbeat timed out|Remote RPC client disassociated": LOST,
    r"stopped SparkContext|SparkContext was shut down|SparkContext has been shutdown|Job \d+ cancelled": "run again",
}
"""What a cause says where the machine is at fault, whatever was being read or written → the remedy."""
NO_ACCESS = re.compile(
    r"[Pp]ermission denied|AccessControlException|Access ?Denied|Forbidden|Mkdirs failed|Cannot create"
)
"""What it says where a place may not be read or written: of an input the input's fault, else the machine's."""

NO_JSON = re.compile(r"Json\w*Exception|JSON|MalformedInput|DELTA_STATE_RECOVER|DELTA_LOG_FILE")
"""What it says where the text of a Delta log is torn."""

UNREADABLE = {
    r"FileNotFoundException: .*does not exist|FILE_NOT_EXIST": "the file is gone",
    r"is not a Parquet file": "it is not a whole Parquet file, but torn, overwritten or empty",
    r"column: \[(.*?)(?:, .*)?\], physicalType: (\w+), logicalType: timestamp": (
        r"column '\1' is stored as \2 and not as a time in microseconds, as Spark reads times, but perhaps in "
        "nanoseconds; write it so"
    ),
}
"""What a cause says of a file of an input → that in plain words."""

_opened: dict[str, str] = {}


def remember_input(root: str, subject: str) -> None:
    """Keep what the configuration calls the table with this root directory, for failures that show up later.

    Of this process and not of a run, since a file that cannot be read shows up wherever its rows are first needed, in
    Spark's words. A root that is opened again has the newer name.
    """
    _opened[_plain(root).rstrip("/")] = subject


def raised_in_a_task(error: Exception, *kinds: type[Exception]) -> tuple[type[Exception], str] | None:
    """Which of these kinds of exception a Python worker raised, and what it said in a line; None where it was another.

    Spark hands on no more of it than its traceback, as text: this is the one place that reads it.
    """
    by_name = {kind.__name__: kind for kind in kinds}
    said = re.findall(rf"^(?:\S*\.)?({'|'.join(by_name)}): (.+)$", str(error), re.MULTILINE)
    return (by_name[said[-1][0]], said[-1][1]) if said else None


def plainly(error: Exception) -> SkewlessError | None:
    """The failure as it is told: InputError for a file of an input, MachineError for the machine; None for one that is
    neither, whose stack is of use.
    """
    if isinstance(error, SkewlessError):
        return error
    if machine := _of_the_machine(error):
        return machine
    reason = reason_of(error)
    if found := _input_of(causes_of(error)) or _torn_log(error):
        subject, path = found
        return InputError(f"{subject}: cannot read {path}: {_in_plain_words(reason, path)}; {RESTORED}")
    if isinstance(error, OSError) or NO_ACCESS.search(_text_of(error)):
        doing = what_was_done(error)
        return MachineError(f"{doing}: {reason}" if doing else reason)
    return None


def _in_plain_words(reason: str, path: str) -> str:
    for pattern, words in UNREADABLE.items():
        if match := re.search(pattern, reason):
            return match.expand(words)
    return _plain(reason).replace(path, "it")


def failed_file(error: Exception) -> str | None:
    """The file that a failure is about, where Spark says so, or it is one of a Delta table's log."""
    for cause in reversed(causes_of(error)):
        if cause.path:
            return _plain(cause.path)
        if match := _LOG_FILE.search(cause.message):
            return _plain(match[0])
    return None


def as_unreadable(error: Exception, subject: str, remedy: str = "") -> SkewlessError:
    """What reading a table raised, as the fault of the table, where it is not the machine's; `subject` says which."""
    machine = _of_the_machine(error)
    return machine or InputError(f"{subject}: {reason_of(error)}{remedy}")


def as_unwritable(error: Exception, subject: str) -> SkewlessError:
    """What writing to a place raised: the place's fault where it is none, else the machine's, which does not let it."""
    kind = MachineError if NO_ACCESS.search(_text_of(error)) else InputError
    return _of_the_machine(error) or kind(f"{subject}: {reason_of(error)}")


def refuse_at_the_machine(error: Exception) -> None:
    """MachineError where an error is the machine's, whatever was being read."""
    if machine := _of_the_machine(error):
        raise machine from error


def _of_the_machine(error: Exception) -> MachineError | None:
    doing = what_was_done(error)
    where = f"{doing}: " if doing else ""
    if lost := lost_jvm(error, MEMORY):
        return MachineError(f"{where}{lost}")
    if isinstance(error, MemoryError):
        return MachineError(f"{where}the driver's Python is out of memory; give it more, or a shorter range")
    text = _text_of(error)
    remedy = next((remedy for says, remedy in MACHINE.items() if re.search(says, text, re.MULTILINE)), None)
    return None if remedy is None else MachineError(f"{where}{_place(text)}{reason_of(error)}; {remedy}")


def _text_of(error: Exception) -> str:
    return "\n".join(f"{cause.kind}: {cause.message}" for cause in causes_of(error))


def _input_of(causes: list[Cause]) -> tuple[str, str] | None:
    """What the configuration calls the input that a file belongs to, and the file; the innermost that there is."""
    for cause in reversed(causes):
        for path in _paths(cause):
            roots = [root for root in _opened if path == root or path.startswith(f"{root}/")]
            if roots:
                return _opened[max(roots, key=len)], path
    return None


def _torn_log(error: Exception) -> tuple[str, str] | None:
    """Of the tables that were opened the one whose log is torn, and the file: an error in JSON names neither."""
    spark = SparkSession.getActiveSession() if NO_JSON.search(_text_of(error)) else None
    if spark is None:
        return None
    found = ((subject, broken_commit(spark, root)) for root, subject in _opened.items())
    return next(((subject, path) for subject, path in found if path is not None), None)


def _paths(cause: Cause) -> Iterator[str]:
    """The paths that it may speak of: Spark writes some of them as URIs, with escapes, and Hadoop as they are."""
    for escaped in (str, unquote):
        if cause.path:
            yield _plain(escaped(cause.path))
        text = _plain(escaped(cause.message))
        for root in _opened:
            for match in re.finditer(re.escape(root) + _FILE, text):
                yield match[0]


def _plain(path: str) -> str:
    """Text whose paths of this machine are without their scheme: /a for file:///a."""
    return re.sub(r"\bfile:/+", "/", path)


def _place(text: str) -> str:
    """Spark's own folder where that is what failed: nothing that a user has configured has its name."""
    found = _SPARKS_OWN.search(text)
    return f"Spark's own folder {_plain(found[0])} (spark.local.dir): " if found else ""
