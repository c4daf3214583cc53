"""What can go wrong, by exit code: every refusal is a list of one-line problems, never a stack trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from skewless.ground.run.stops import undisturbed
from skewless.ground.standard_output import tell
from skewless.serving.errors import first_line


class SkewlessError(Exception):
    """A refusal with one line a problem, each once, and the exit code that the command ends with."""

    exit_code = 1

    def __init__(self, problems: str | Iterable[str], exit_code: int | None = None) -> None:
        lines = [problems] if isinstance(problems, str) else list(problems)
        self.problems: tuple[str, ...] = tuple(dict.fromkeys(" ".join(line.split()) for line in lines))
        self.exit_code = type(self).exit_code if exit_code is None else exit_code
        super().__init__("\n".join(self.problems))


class InputError(SkewlessError):
    """Bad configuration or bad input: nothing was run or nothing was published (exit code 2)."""

    exit_code = 2


class MachineError(SkewlessError):
    """A full disk, a lost JVM, no permission, no memory: the same run may succeed elsewhere (exit code 1)."""


class NoTableError(InputError):
    """There is no table where one is named; what is there but cannot be read is another error."""


class NotReadyError(SkewlessError):
    """An input has not landed yet: nothing was computed, the same run may succeed later (exit code 5)."""

    exit_code = 5


class PublishConflictError(SkewlessError):
    """Another run published the same rows meanwhile: nothing of this run is visible, try again (exit code 5)."""

    exit_code = 5


class LostRowsError(SkewlessError):
    """The result does not hold every label event exactly once: nothing is published (exit code 1)."""


@contextmanager
def afterwards(clean_up: Callable[[], object], leaves: str | None = None) -> Iterator[None]:
    """Run the block, then clean up, whatever became of the block; in place of `finally`, which lets a failing clean-up
    hide the failure before it.

    Cleaning up decides nothing: neither what failed before nor what was done, such as a commit, becomes another result
    by it. It is done whole also where the run is stopped meanwhile. `leaves` is what stays where it fails, and is said.
    """
    try:
        yield
    finally:
        try:
            with undisturbed():
                clean_up()
        except Exception as error:  # whatever it is, it is not what the run is about
            if leaves is not None:
                tell(f"{leaves} stays: it cannot be removed: {first_line(error) or type(error).__name__}")
