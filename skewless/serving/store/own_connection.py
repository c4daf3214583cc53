"""A connection of one thread in one process: closed when the thread or the store goes, never by a forked process."""

from __future__ import annotations

import os
import weakref
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    def close(self) -> None: ...


Connection = TypeVar("Connection", bound=Closable)


class OwnConnection(Generic[Connection]):
    """The connection, for as long as somebody holds this.

    By `weakref.finalize` and not by `__del__`: in a cycle that the garbage collector finds, such as that of a kept
    exception, the connection's own finalizer may come before ours, and warns that it was never closed.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection, self._pid = connection, os.getpid()
        weakref.finalize(self, _let_go, connection, self._pid)

    @property
    def is_of_this_process(self) -> bool:
        return self._pid == os.getpid()


_inherited: list[Closable] = []
"""Connections of a process that forked this one: to close one here would end the parent's session, or its locks."""


def _let_go(connection: Closable, pid: int) -> None:
    if pid == os.getpid():
        connection.close()
    else:
        _inherited.append(connection)
