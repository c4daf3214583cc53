"""When a connection is closed: as soon as nobody holds it, in cycles too, and never in a forked process."""

from __future__ import annotations

import gc
import os

from skewless.serving.store.own_connection import OwnConnection


class Line:
    """A connection that remembers how it went."""

    def __init__(self) -> None:
        self.ends: list[str] = []

    def close(self) -> None:
        self.ends.append("closed")

    def __del__(self) -> None:
        self.ends.append("gone")


def test_it_is_closed_before_it_goes_with_a_cycle_that_nobody_holds() -> None:
    line = Line()
    ends = line.ends
    held: list[object] = [OwnConnection(line), line]
    held.append(held)
    del held, line
    gc.collect()
    assert ends == ["closed", "gone"]


def test_a_forked_process_closes_nothing_of_its_parent() -> None:
    line = Line()
    own = OwnConnection(line)
    child = os.fork()
    if child == 0:
        is_parents = not own.is_of_this_process
        del own
        os._exit(0 if is_parents and line.ends == [] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert own.is_of_this_process
    del own
    assert line.ends == ["closed"]
