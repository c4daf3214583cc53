"""Real servers for tests, started for a session and ended with it; None where they are not installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def redis_server(folder: Path, port: int = 0) -> Iterator[str]:
    """The URL of a Redis server on loopback, its password in it; it saves nothing."""
    port = port or free_port()
    command = [
        "redis-server",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--requirepass",
        "se:cret",
        "--save",
        "",
    ]
    with ended(subprocess.Popen([*command, "--dir", str(folder)], stdout=subprocess.DEVNULL)):
        wait_for(port)
        yield f"redis://:se%3Acret@127.0.0.1:{port}/0"


@contextmanager
def ended(server: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


def wait_for(port: int) -> None:
    """Until somebody listens there."""
    for _ in range(200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")


def has(program: str) -> bool:
    return shutil.which(program) is not None
