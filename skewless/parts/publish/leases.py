"""Leases: a file that a run renews as long as it lives, so that another can tell what a dead run has left.

A run is dead once its process is gone, where that was on this machine, or once it has not renewed for `DEAD_AFTER`.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from skewless.ground.errors import afterwards
from skewless.ground.run.steps import doing
from skewless.lake.local_files import FileEntry
from skewless.lake.storage import Hadoop

RENEWED_EVERY = 60.0
"""Seconds. One small file a minute is no load on any store, and a pause of the JVM misses a few of them at most."""

DEAD_AFTER = 30 * 60 * 1000
"""Milliseconds: thirty renewals that all failed. Longer than a store is away or a machine is moved; and no night waits
for it, since what is dead is only in the way of another run of the same night."""


@contextmanager
def leased(files: Hadoop, path: str) -> Iterator[None]:
    """Hold a lease of one's own, and remove it in the end."""
    with doing(f"writing lease {path}"):
        files.write(path, _own())
    with afterwards(lambda: files.delete(path), f"lease {path}"), renewed(files, path):
        yield


@contextmanager
def renewed(files: Hadoop, path: str) -> Iterator[None]:
    """Renew a lease that was written, until the block is over."""
    ended = threading.Event()
    # A daemon, and no timer of the JVM: it has to end with this process, however that ends.
    thread = threading.Thread(target=_renew, args=(files, path, ended), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(RENEWED_EVERY)  # else it may write anew what is removed now


def _renew(files: Hadoop, path: str, ended: threading.Event) -> None:
    while not ended.wait(RENEWED_EVERY):
        try:
            files.write(path, _own())
        except Exception:
            continue


def claim(files: Hadoop, path: str) -> bool:
    """Write a lease that nobody holds; False where somebody was faster."""
    return files.create(path, _own())


def give_up(files: Hadoop, path: str) -> None:
    """Leave a lease as that of a dead run, for another to find at once."""
    files.write(path, json.dumps({"ended": True}))


def now_of(files: Hadoop, folder: str) -> int:
    """The file system's own time, in milliseconds: its clock and this machine's may differ by hours."""
    name = f".{uuid.uuid4().hex}.tmp"
    path = f"{folder}/{name}"
    with afterwards(lambda: files.delete(path)):
        files.write(path, "")
        return next(entry.modified for entry in files.entries(folder) if entry.name == name)


def is_dead(files: Hadoop, folder: str, lease: FileEntry, now: int) -> bool:
    """Whether who holds it is no more; `now` is the file system's own time, in milliseconds."""
    try:
        holder = json.loads(files.read(f"{folder}/{lease.name}"))
    except (OSError, ValueError):  # half written, or just removed
        holder = {}
    if not isinstance(holder, dict) or holder.get("ended"):
        return isinstance(holder, dict)
    if holder.get("machine") and holder["machine"] == _machine():
        return bool(_begun(holder.get("pid")) != holder.get("begun"))
    return now - lease.modified > DEAD_AFTER


def _own() -> str:
    return json.dumps({"machine": _machine(), "pid": os.getpid(), "begun": _begun(os.getpid())})


@cache
def _machine() -> str | None:
    """Where process ids mean the same: host, boot and, since containers may share both, the space of its ids. None
    where that cannot be told.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()} {boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None


def _begun(pid: Any) -> str | None:
    """When a process began, in ticks since the boot, since another gets its id in time; None where there is none."""
    try:
        # The name of the program comes before, in parentheses, and may hold anything.
        fields = Path(f"/proc/{int(pid)}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError, TypeError):
        return None
    return None if fields[0] in "ZX" else fields[19]
