"""A page in headless Chromium, without network: what it says of errors, and what a script finds in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--enable-logging=stderr",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=2000",
    "--dump-dom",
)


def opened(page: str, folder: Path) -> tuple[str, list[str]]:
    """The page after its scripts have run, and each line of its console: errors, refusals by its policy, warnings."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [_chromium(), *OPTIONS, f"--user-data-dir={folder / 'profile'}", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


def asked(page: str, question: str, folder: Path) -> Any:
    """What a function body returns in the page, as JSON would carry it."""
    probe = (
        '<script>const answer = document.createElement("pre"); answer.id = "answer";'
        f"answer.textContent = JSON.stringify((() => {{ {question} }})()); document.body.append(answer);</script>"
    )
    dom, console = opened(page.replace("</body>", f"{probe}</body>"), folder)
    assert console == []
    (answer,) = re.findall(r'<pre id="answer">(.*?)</pre>', dom, re.DOTALL)
    return json.loads(unescape(answer))


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing = "Chromium is not installed; apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
