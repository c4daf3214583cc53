"""What a benchmark prints, and appends to a file where it is asked to: bench/RESULTS.md is made of such tables."""

from __future__ import annotations

import os
import platform
import sys
from datetime import datetime, timezone
from pathlib import Path


def title(subject: str, *versions: str) -> str:
    """What was measured, when, on how many cores and with which versions, and the command."""
    today = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    machine = ", ".join([today, f"{os.cpu_count()} cores", f"Python {platform.python_version()}", *versions])
    ran = Path(sys.argv[0])
    name = ran.parent.name if ran.stem == "__main__" else ran.stem
    command = ["python", "-m", f"bench.{name}", *sys.argv[1:]]
    return f"{subject}; {machine}\n\n    {' '.join(command)}"


def tell(text: str, file: Path | None) -> None:
    print(text)
    if file:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"\n{text}\n")
