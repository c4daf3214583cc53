"""Real servers for tests, started for a session and ended with it; None where they are not installed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


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
        server.send_signal(signal.SIGINT)  # PostgreSQL waits at SIGTERM until its clients have gone
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


POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)
"""Where Debian puts the server, which is on no path."""


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server on loopback, and of nothing else afterwards."""
    with postgres_data() as data, postgres_on(data, free_port()) as url:
        yield url


@contextmanager
def postgres_data() -> Iterator[Path]:
    """What a server lies in: it may be stopped and started again."""
    data = Path(tempfile.mkdtemp(prefix="skewless-postgres-", dir="/tmp"))
    if (user := _postgres_user()) is not None:
        shutil.chown(data, user)
    try:
        subprocess.run(
            [f"{POSTGRES}/initdb", "-D", data, "-A", "trust", "-U", "me", "-N"], check=True, **_quiet(data)
        )
        yield data
    finally:
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def postgres_on(data: Path, port: int) -> Iterator[str]:
    """The URL of a server that runs on this data."""
    options = ["-p", str(port), "-k", str(data), "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"]
    with ended(subprocess.Popen([f"{POSTGRES}/postgres", "-D", data, *options], **_quiet(data))):
        wait_for(port)
        ready = [f"{POSTGRES}/pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "30"]
        while subprocess.run(ready, stdout=subprocess.DEVNULL, check=False).returncode:
            time.sleep(0.05)
        yield f"postgresql://me:se%3Acret@127.0.0.1:{port}/postgres"


def _postgres_user() -> str | None:
    """It refuses root, so that root starts it as `postgres`."""
    return "postgres" if os.geteuid() == 0 else None


def _quiet(data: Path) -> dict[str, Any]:
    nowhere = subprocess.DEVNULL
    return {"stdout": nowhere, "stderr": nowhere, "user": _postgres_user(), "cwd": data}


def empty(url: str) -> None:
    """Forget all that a server's store holds."""
    if url.startswith("redis"):
        import redis

        redis.Redis.from_url(url).flushall()
    else:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS skewless_1 CASCADE")
