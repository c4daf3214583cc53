"""Connections that ask a Redis server one command at a time, which a request's latency is made of.

redis-py's client takes longer to hand a command to a connection, and to look whether the connection still stands, than
the server takes to answer it. Its connections are used as they are here; whatever is not asked at every request goes
through the client.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import redis


class Lines:
    """The connections of one process to a client's server."""

    def __init__(self, client: Any) -> None:
        self._pool = client.connection_pool
        self._pid, self._free = os.getpid(), list[Any]()

    def ask(self, command: Sequence[bytes]) -> Any:
        """The answer to a command; whatever redis-py raises, where there is none.

        A connection that has answered before may have been closed meanwhile, by a server that was stopped and started:
        the next one is asked then, and at last a new one.
        """
        packed = b"*%d\r\n%b" % (
            len(command),
            b"".join([b"$%d\r\n%b\r\n" % (len(each), each) for each in command]),
        )
        while (line := self._taken()) is not None:
            try:
                return self._answer(line, packed)
            except redis.ConnectionError:
                continue
        return self._answer(self._pool.connection_class(**self._pool.connection_kwargs), packed)

    def _taken(self) -> Any:
        """A free connection, which belongs to the caller from here on: none of another process, None for none."""
        if self._pid != os.getpid():
            self._pid, self._free = os.getpid(), []
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _answer(self, line: Any, packed: bytes) -> Any:
        try:
            line.send_packed_command((packed,))
            answer = line.read_response()
        except BaseException:
            # Of a call that was broken off an answer may be on its way, which the next one would take for its own.
            line.disconnect()
            raise
        self._free.append(line)
        return answer
