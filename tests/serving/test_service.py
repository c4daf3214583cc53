"""The service of docs/serving.md, run by uvicorn as it stands there."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from skewless import read_record
from tests.helpers.plans import document_of

ROOT = Path(__file__).parents[2]


def posted(port: int, request: dict[str, Any], process: subprocess.Popen[bytes]) -> Any:
    body = json.dumps(request).encode()
    call = urllib.request.Request(
        f"http://127.0.0.1:{port}/predict", body, {"Content-Type": "application/json"}
    )
    for _ in range(300):
        assert process.poll() is None
        try:
            with urllib.request.urlopen(call, timeout=10) as answer:
                return json.load(answer)
        except ConnectionRefusedError:
            pass
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
        time.sleep(0.1)
    raise AssertionError("the service does not answer")


@pytest.mark.slow
def test_the_log_holds_the_exact_values_that_were_served(tmp_path: Path) -> None:
    for name in ("fastapi", "uvicorn"):
        pytest.importorskip(name, reason="the service of docs/serving.md is one of FastAPI, run by uvicorn")
    page = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "service.py").write_text(code, encoding="utf-8")
    document = document_of(modules=["tests.helpers.service_features"])
    (tmp_path / "serving.json").write_text(json.dumps(document), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "service:app", "--port", str(port)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            "PLAN": "serving.json",
            "FEATURE_LOG": "log",
        },
    )
    try:
        served = posted(port, {"user": 1, "amount": 0.3}, process)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
    assert served == {"tenth": 0.3 / 10, "is_large": False}
    (file,) = (tmp_path / "log").glob("[!.]*.jsonl")
    (record,) = map(read_record, file.read_bytes().splitlines())
    assert (record.features, record.entity, record.model_version) == (served, {"user": 1}, "7")
